"""Join: where the students of a class vote, each on their own screen."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "join",
    title="Join a class",
    group="Lessons",
    about="Enter the code on the teacher’s screen, then vote.",
    order=36,
    fields=("code",),
    compact=True,
    listed=False,
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.join import page

    page.show()
