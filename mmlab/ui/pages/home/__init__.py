"""Home: the Bench, and below it an introduction and three ways in."""

from mmlab.ui.session.page_registry import HOME, PAGES, app_page


@app_page(
    HOME,
    title="What if one of the inputs is missing?",
    group="Bench",
    about="Switch inputs off and see what each model makes of the rest.",
    order=0,
    compact=True,
    listed=False,
    hides=True,
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.home import ways

    PAGES["predict"].show()
    ways.show()
