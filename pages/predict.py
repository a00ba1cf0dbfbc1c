"""Predict: a sample, its inputs with their switches, what each method says, and all combinations beside it."""

from mmlab.ui.frame import page

with page("pages/predict.py"):
    from mmlab.ui import board, widgets  # behind the painted title: this loads torch

    task = widgets.task_picker()
    sample = widgets.sample_picker(task)
    references = widgets.method_picker(task)
    if sample is not None:
        board.show(task.name, sample, references)
        entropy = ("entropy",) if getattr(task.info.output, "classes", ()) else ()
        widgets.numbers_help(*board.answer_terms(task), *entropy, "lattice", "damage", "seen")
