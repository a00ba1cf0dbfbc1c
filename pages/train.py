"""Train: a method with its settings, started in a process of its own and followed while it learns."""

from mmlab.ui.frame import page

with page("pages/train.py"):
    from mmlab.ui import train, widgets  # behind the painted title: this loads torch

    train.show(widgets.task_picker().name)
