"""Robustness: all combinations of the test set, missing rates, flips, two models compared; and in the line of Compare,
each under a name of its own, what stands in for a missing input, when to trust an answer, and the report."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "robustness",
    title="Robustness",
    group="Compare",
    about="Scores when inputs fail, missing rates, and which predictions flip.",
    order=50,
    tab="If sensors fail",
    fields=(
        "section",
        "measure",
        "rule",
        "blank",
        "fail",
        "along",
        "to",
        "doubt",
        "label",
        "slices",
        "slice",
        "versus",
        "chosen",
    ),
)
def show() -> None:
    """The whole page under its title: the section that the address chooses."""
    _open("")


@app_page(
    "imputation",
    title="Imputation",
    group="Compare",
    about="What stands in for a missing input, side by side, and inputs that are corrupted instead.",
    order=51,
)
def show_imputation() -> None:
    """The section on its own."""
    _open("missing")


@app_page(
    "trust",
    title="When to trust",
    group="Compare",
    about="How sure each model is, how often that is right, and when it should not answer.",
    order=52,
)
def show_trust() -> None:
    """The section on its own."""
    _open("certainty")


@app_page(
    "report",
    title="Report",
    group="Compare",
    about="Every chart of these views with its numbers, in one file.",
    order=53,
)
def show_report() -> None:
    """The section on its own."""
    _open("report")


def _open(section: str) -> None:
    from mmlab.ui.pages.robustness import page

    page.open_on(section)
