"""All tasks: the subject of each, and the scores of its models."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "overview",
    title="All tasks",
    group="Compare",
    about="What each task is about, and the scores of its models.",
    order=55,
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.overview import page

    page.show()
