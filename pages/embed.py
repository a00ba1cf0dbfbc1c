"""Embed: one map of all samples under all combinations, and the path of one sample through it."""

from mmlab.ui.frame import page

with page("pages/embed.py"):
    from mmlab.ui import widgets  # behind the painted title: this loads torch
    from mmlab.ui.embed import page as embed

    task = widgets.task_picker()
    sample = widgets.sample_picker(task)
    references = widgets.method_picker(task)
    if sample is not None and references:
        embed.show(task.name, sample, references)
