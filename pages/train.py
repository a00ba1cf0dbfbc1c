"""Train: a method with its settings, started in a process of its own and followed while it learns."""

from mmlab.ui.components.page_frame import page

with page("pages/train.py"):
    from mmlab.ui.components import pickers
    from mmlab.ui.pages.train import page as train

    train.show(pickers.task_picker().name)
