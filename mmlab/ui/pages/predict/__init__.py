"""Predict: a sample, its inputs with their switches, what each method says, and all combinations beside it."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "predict",
    title="Predict",
    group="One sample",
    about="Remove inputs and see how the prediction changes.",
    order=10,
    fields=("chosen",),
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.components import pickers
    from mmlab.ui.inputs import sample_picker
    from mmlab.ui.pages.predict import page

    task = pickers.task_picker()
    sample = sample_picker.sample_picker(task)
    references = pickers.method_picker(task)
    if sample is not None:
        page.show(task.name, sample, references)
        entropy = ("entropy",) if getattr(task.info.output, "classes", ()) else ()
        pickers.numbers_help(*task.info.output.terms, *entropy, "lattice", "damage", "seen")
