"""Methods: what it shows is in `mmlab/ui/pages/methods/`."""

from mmlab.ui.components import page_frame

page_frame.show("methods")
