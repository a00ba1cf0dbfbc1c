"""A part of Compare: what it shows is in `mmlab/ui/pages/compare/`."""

from mmlab.ui.components import page_frame

page_frame.show("trust")
