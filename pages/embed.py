"""Embed: what it shows is in `mmlab/ui/pages/embed/`."""

from mmlab.ui.components import page_frame

page_frame.show("embed")
