"""Library: the trained models with their cards and scores; take one along, bring one in, delete one."""

from mmlab.ui.components.page_frame import page

with page("pages/library.py"):
    from mmlab.ui.components import pickers
    from mmlab.ui.pages import library

    library.show(pickers.task_picker())
