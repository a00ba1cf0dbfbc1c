"""Explain: where a model looks in each input, how much each input counts, with and without the others."""

from mmlab.ui.frame import page

with page("pages/explain.py"):
    from mmlab.ui import explaining, widgets  # behind the painted title: this loads torch

    task = widgets.task_picker()
    sample = widgets.sample_picker(task)
    references = widgets.method_picker(task)
    if sample is not None and references:
        explaining.show(task.name, sample, references)
