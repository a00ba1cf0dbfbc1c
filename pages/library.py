"""Library: the trained models with their cards and scores; take one along, bring one in, delete one."""

from mmlab.ui.frame import page

with page("pages/library.py"):
    from mmlab.ui import shelf, widgets  # behind the painted title: this loads torch

    shelf.show(widgets.task_picker())
