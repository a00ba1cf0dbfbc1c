"""Compare: methods and combinations side by side, differences to one of them, and what is taken for what."""

from mmlab.ui.frame import page

with page("pages/compare.py"):
    from mmlab.ui import compare, widgets  # behind the painted title: this loads torch

    compare.show(widgets.task_picker().name)
