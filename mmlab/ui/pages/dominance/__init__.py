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
    from mmlab.ui.components import pickers
    from mmlab.ui.pages.dominance import page

    page.show(pickers.task_picker())
