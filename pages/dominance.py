"""Dominance: whether a model uses all of its inputs, for a data set, for a sample, and while it learned."""

from mmlab.ui.frame import page

with page("pages/dominance.py"):
    from mmlab.ui import widgets  # behind the painted title: this loads torch
    from mmlab.ui.dominance import view

    view.show(widgets.task_picker())
