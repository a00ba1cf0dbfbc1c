"""Sandboxes: small synthetic examples with known answers, for lessons and to experiment with."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "sandbox",
    title="Sandboxes",
    group="Lessons",
    about="Small worlds in which the right finding is known.",
    order=36,
    fields=("play", "ground", "arrows"),
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.sandbox import page

    page.show()
