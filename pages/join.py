"""Join: what it shows is in `mmlab/ui/pages/join/`."""

from mmlab.ui.components import page_frame

page_frame.show("join")
