"""When to trust: a section of Robustness that stands by itself in the line of Compare."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "trust",
    title="When to trust",
    group="Compare",
    about="How sure each model is, how often that is right, and when it should not answer.",
    order=54,
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.robustness import page

    page.open_on("certainty")
