"""Explain: what it shows is in `mmlab/ui/pages/explain/`."""

from mmlab.ui.components import page_frame

page_frame.show("explain")
