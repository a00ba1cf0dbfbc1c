"""Compare: methods and combinations side by side, differences to one of them, and what is taken for what."""

from mmlab.ui.components.page_frame import page

with page("pages/compare.py"):
    from mmlab.ui.components import pickers
    from mmlab.ui.pages.compare import page as compare

    compare.show(pickers.task_picker().name)
