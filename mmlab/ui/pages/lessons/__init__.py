"""Lessons: a few minutes each, and the user's own lessons."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "lessons",
    title="Lessons",
    group="Lessons",
    about="Five to seven minutes each: guess what a model does, then see it happen.",
    order=35,
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.lessons import page

    page.show()
