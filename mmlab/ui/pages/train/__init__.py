"""Train: a method with its settings, started in a separate process and monitored during training."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "train",
    title="Train",
    group="Models",
    about="Train a model and follow its progress.",
    order=80,
    fields=("run",),
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.bar import bar
    from mmlab.ui.pages.train import page

    at = bar.show(are_used=False)
    page.show(at.task.name, at.models.asked)
    bar.finish(at)
