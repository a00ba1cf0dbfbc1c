"""Lessons: what can be learned here in a few minutes each, and lessons of one's own."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "lessons",
    title="Lessons",
    group="Lessons",
    about="Five minutes each: guess what a model does, then see it happen.",
    order=35,
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.lessons import page

    page.show()
