"""Explain: where a model looks in each input, how much each input counts, with and without the others."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "explain",
    title="Explain",
    group="Bench",
    about="Attribution: where each model looks, and how much each input contributes.",
    order=20,
    tab="Where it looks",
    fields=("target", "without", "explainer", "chosen"),
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.components import model_picker, pickers
    from mmlab.ui.inputs import sample_picker
    from mmlab.ui.pages.explain import page

    task = pickers.task_picker()
    sample = sample_picker.sample_picker(task)
    references = model_picker.method_picker(task)
    if sample is not None and references:
        page.show(task.name, sample, references)
