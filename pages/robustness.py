"""Robustness: what it shows is in `mmlab/ui/pages/robustness/`."""

from mmlab.ui.components import page_frame

page_frame.show("robustness")
