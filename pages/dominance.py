"""Dominance, opened by its own address. What it shows is in `mmlab/ui/pages/dominance/`."""

from mmlab.ui.components import page_frame

page_frame.run()
