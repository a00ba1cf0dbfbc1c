"""Dominance: whether a model uses all of its inputs, for a data set, for a sample, and during training."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "dominance",
    title="Dominance",
    group="Dominance",
    about="Modality dominance: which input decides.",
    order=60,
    fields=(
        *("aspect", "number", "worth", "kind", "absent", "clash"),
        *("epoch", "node", "arrows", "ground", "known", "explainer", "point", "chosen"),
    ),
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.bar import bar
    from mmlab.ui.pages.dominance import page

    at = bar.show(is_one_shown=True)
    page.show(at.task, at.models.shown)
    bar.finish(at)
