"""Train: what it shows is in `mmlab/ui/pages/train/`."""

from mmlab.ui.components import page_frame

page_frame.show("train")
