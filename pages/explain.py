"""Explain: where a model looks in each input, how much each input counts, with and without the others."""

from mmlab.ui.components.page_frame import page

with page("pages/explain.py"):
    from mmlab.ui.components import pickers
    from mmlab.ui.inputs import sample_picker
    from mmlab.ui.pages.explain import page as explaining

    task = pickers.task_picker()
    sample = sample_picker.sample_picker(task)
    references = pickers.method_picker(task)
    if sample is not None and references:
        explaining.show(task.name, sample, references)
