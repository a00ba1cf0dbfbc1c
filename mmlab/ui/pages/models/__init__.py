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
    from mmlab.ui.components import pickers
    from mmlab.ui.pages.models import page

    page.show(pickers.task_picker())
