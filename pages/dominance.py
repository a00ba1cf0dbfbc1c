"""Dominance: whether a model uses all of its inputs, for a data set, for a sample, and while it learned."""

from mmlab.ui.components.page_frame import page

with page("pages/dominance.py"):
    from mmlab.ui.components import pickers
    from mmlab.ui.pages.dominance import page as view

    view.show(pickers.task_picker())
