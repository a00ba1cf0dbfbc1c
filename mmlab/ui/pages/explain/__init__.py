"""Explain: where the model looks in each input, how much each input contributes, with and without the others."""

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
    from mmlab.ui.bar import bar
    from mmlab.ui.pages.explain import page

    at = bar.show(has_sample=True, is_one_shown=True)
    if at.sample is not None and at.models.shown is not None:
        page.show(at.task.name, at.sample, at.models.shown)
    bar.finish(at)
