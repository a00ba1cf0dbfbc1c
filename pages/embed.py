"""Embed: one map of all samples under all combinations, and the path of one sample through it."""

from mmlab.ui.components.page_frame import page

with page("pages/embed.py"):
    from mmlab.ui.components import pickers
    from mmlab.ui.inputs import sample_picker
    from mmlab.ui.pages.embed import page as embed

    task = pickers.task_picker()
    sample = sample_picker.sample_picker(task)
    references = pickers.method_picker(task)
    if sample is not None and references:
        embed.show(task.name, sample, references)
