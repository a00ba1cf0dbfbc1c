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
    from mmlab.ui.bar import bar
    from mmlab.ui.pages.embed import page

    at = bar.show(has_sample=True, is_one_shown=True)
    if at.sample is not None and at.models.shown is not None:
        page.show(at.task.name, at.sample, at.references, at.models.shown)
    bar.finish(at)
