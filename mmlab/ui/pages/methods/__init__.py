"""Methods: what each one does, drawn and in words, and what its trained model shows of the paper's own evidence."""

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
    from mmlab.ui.components import pickers
    from mmlab.ui.pages.methods import page

    page.show(pickers.task_picker())
