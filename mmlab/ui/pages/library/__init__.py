"""Library: the trained models with their cards and scores; export, import and delete."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "library",
    title="Library",
    group="Models",
    about="The trained models and their measurements.",
    order=90,
    fields=("run",),
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.bar import bar
    from mmlab.ui.pages.library import page

    at = bar.show(are_used=False)
    page.show(at.task, at.models.asked)
    bar.finish(at)
