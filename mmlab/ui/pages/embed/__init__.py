"""Embed: one map of all samples under all combinations, and the path of one sample through it."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "embed",
    title="Embed",
    group="Bench",
    about="See how a sample moves in the embedding space when an input is missing.",
    order=30,
    tab="Embedding map",
    fields=("part", "picture", "axes", "colour", "label", "shown", "point", "many", "beside", "chosen"),
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.components import model_picker, pickers
    from mmlab.ui.inputs import sample_picker
    from mmlab.ui.pages.embed import page

    task = pickers.task_picker()
    sample = sample_picker.sample_picker(task)
    references = model_picker.method_picker(task)
    if sample is not None and references:
        page.show(task.name, sample, references)
