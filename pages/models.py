"""Models: what it shows is in `mmlab/ui/pages/models/`."""

from mmlab.ui.components import page_frame

page_frame.show("models")
