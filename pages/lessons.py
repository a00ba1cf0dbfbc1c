"""Lessons: what it shows is in `mmlab/ui/pages/lessons/`."""

from mmlab.ui.components import page_frame

page_frame.show("lessons")
