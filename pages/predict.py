"""Predict: a sample, its inputs with their switches, what each method says, and all combinations beside it."""

from mmlab.ui.components.page_frame import page

with page("pages/predict.py"):
    from mmlab.ui.components import pickers
    from mmlab.ui.inputs import sample_picker
    from mmlab.ui.pages.predict import page as board

    task = pickers.task_picker()
    sample = sample_picker.sample_picker(task)
    references = pickers.method_picker(task)
    if sample is not None:
        board.show(task.name, sample, references)
        entropy = ("entropy",) if getattr(task.info.output, "classes", ()) else ()
        pickers.numbers_help(*board.answer_terms(task), *entropy, "lattice", "damage", "seen")
