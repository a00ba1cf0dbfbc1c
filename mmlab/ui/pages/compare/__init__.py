"""Compare: methods and combinations side by side, differences to a baseline, and confusion matrices."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "compare",
    title="Compare",
    group="Compare",
    about="Methods and combinations, side by side.",
    order=40,
    tab="Scores",
    fields=("source", "metric", "baseline", "by", "values", "ladder", "cell"),
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.bar import bar
    from mmlab.ui.pages.compare import page

    at = bar.show(are_used=False)
    page.show(at.task.name, at.models)
    bar.finish(at)
