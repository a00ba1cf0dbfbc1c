"""Bench: a sample's inputs with their switches, each model's prediction, and all combinations, on one screen.

Its name in the address is `predict`, as it was when the page was called Predict.
"""

from collections.abc import Callable

from mmlab.ui.session.page_registry import app_page


@app_page(
    "predict",
    title="Bench",
    group="Bench",
    about="Switch inputs off and see what each model makes of the rest.",
    order=10,
    fields=("chosen", "view", "explainer"),
    compact=True,
    hides=True,
)
def show() -> None:
    """The whole page under its title."""
    from mmlab.ui.bar import bar
    from mmlab.ui.pages.predict import page

    at = bar.show(has_sample=True)
    if at.sample is not None:
        page.show(at.task.name, at.sample, at.references)
    page.terms(at.task)
    bar.finish(at)


def ahead() -> Callable[[], None]:
    """Import what the page needs; returns what then makes the first look at it. For the start of the server.

    Registries come first: whoever discovers imports, and must not meet an import that waits to register something.
    """
    from mmlab.ui.components import page_frame

    page_frame.PAGES.discover()  # light: the title of a page that is asked for by now is there at once
    from mmlab.core.method import METHODS
    from mmlab.core.task import TASKS

    TASKS.discover()
    METHODS.discover()
    from mmlab.ui.pages.predict import first_look

    return first_look.make
