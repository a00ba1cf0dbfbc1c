"""Home: what this is, three ways in, tasks and models with their scores."""

from mmlab.ui.session.page_registry import HOME, app_page


@app_page(
    HOME,
    title="Home",
    group="",
    about="See what a model does when some of its inputs are missing.",
    order=0,
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.home import page

    page.show()
