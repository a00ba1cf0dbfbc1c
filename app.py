"""The app: the page that the address names, among those in `mmlab/ui/pages/` and in plug-ins."""

from mmlab.ui.components import page_frame

page_frame.run()
