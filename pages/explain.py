"""Explain, opened by its own address. What it shows is in `mmlab/ui/pages/explain/`."""

from mmlab.ui.components import page_frame

page_frame.run()
