"""Robustness: all combinations of the test set, failures by chance, certainty, flips, and two models compared."""

from mmlab.ui.frame import page

with page("pages/robustness.py"):
    from mmlab.ui import widgets  # behind the painted title: this loads torch
    from mmlab.ui.robustness import page as robustness

    task = widgets.task_picker()
    references = widgets.method_picker(task)
    if references:
        robustness.show(task.name, references)
