"""Library: what it shows is in `mmlab/ui/pages/library/`."""

from mmlab.ui.components import page_frame

page_frame.show("library")
