"""Methods: how each one works, as a diagram and in words, and the paper's own evidence from its trained model."""

from mmlab.ui.session.page_registry import app_page


@app_page(
    "methods",
    title="Methods",
    group="Models",
    about="What each method does, and where it comes from.",
    order=70,
    fields=("method",),
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.bar import bar
    from mmlab.ui.pages.methods import page

    at = bar.show(are_used=False)
    page.show(at)
    bar.finish(at)
