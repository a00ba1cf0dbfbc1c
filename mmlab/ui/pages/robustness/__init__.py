"""Robustness: all combinations of the test set, missing rates, calibration, flips, two models compared."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "robustness",
    title="Robustness",
    group="Compare",
    about="Scores, missing rates, calibration and prediction flips.",
    order=50,
    tab="If sensors fail",
    fields=("section", "measure", "rule", "fail", "along", "to", "doubt", "slices", "slice", "versus", "chosen"),
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.robustness import page

    page.open_on()
