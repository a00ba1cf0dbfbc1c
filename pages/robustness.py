"""Robustness: all combinations of the test set, failures by chance, certainty, flips, and two models compared."""

from mmlab.ui.components.page_frame import page

with page("pages/robustness.py"):
    from mmlab.ui.components import pickers
    from mmlab.ui.pages.robustness import page as robustness

    task = pickers.task_picker()
    references = pickers.method_picker(task)
    if references:
        robustness.show(task.name, references)
