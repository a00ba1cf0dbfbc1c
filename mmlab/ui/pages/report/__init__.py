"""Report: a section of Robustness that stands by itself in the line of Compare."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "report",
    title="Report",
    group="Compare",
    about="Every chart of these views with its numbers, in one file.",
    order=56,
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.pages.robustness import page

    page.open_on("report")
