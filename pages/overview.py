"""Overview: what it shows is in `mmlab/ui/pages/overview/`."""

from mmlab.ui.components import page_frame

page_frame.show("overview")
