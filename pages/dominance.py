"""Dominance: what it shows is in `mmlab/ui/pages/dominance/`."""

from mmlab.ui.components import page_frame

page_frame.show("dominance")
