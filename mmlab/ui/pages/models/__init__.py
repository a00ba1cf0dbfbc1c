"""Models: a card per method with its runs, each one click away from the Bench."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "models",
    title="Models",
    group="Models",
    about="The trained models of a task. Take one to the Bench.",
    order=65,
    tab="Runs",
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.bar import bar
    from mmlab.ui.pages.models import page

    at = bar.show(are_used=False)
    page.show(at.task)
    bar.finish(at)
