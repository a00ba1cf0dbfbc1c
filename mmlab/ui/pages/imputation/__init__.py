"""Imputation: a section of Robustness that stands by itself in the line of Compare."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "imputation",
    title="Imputation",
    group="Compare",
    about="What stands in for a missing input, side by side, and inputs that are corrupted instead.",
    order=52,
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.robustness import page

    page.open_on("missing")
