"""Sandboxes: what it shows is in `mmlab/ui/pages/sandbox/`."""

from mmlab.ui.components import page_frame

page_frame.show("sandbox")
