"""What holds for every page of the app. Raises AssertionError."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmlab.ui.session.page_registry import PAGES, navigation

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

APP = "from mmlab.ui.components import page_frame\npage_frame.run()"


def check_page(name: str, **address: str) -> None:
    """The page opens at this address without an error, under its title, with a link to it, and keeps its own fields."""
    page = PAGES[name]
    fields = {**dict.fromkeys(page.fields, "x"), **address}
    app = turn(app_at(name), name, **fields).run()
    assert not app.exception, [each.value for each in app.exception]
    assert not app.error, [each.value for each in app.error]
    links = [link.proto.label for link in app.sidebar.get("page_link")]
    assert links == ["mmlab", *(group.title for group in navigation())], f"the navigation lacks an entry: {links}"
    behind = [each for group in navigation() for each in group.pages]
    assert page in behind or not page.listed, "nothing leads to the page"
    lost = [field for field in address if field not in app.query_params]
    assert not lost, f"the page lost {lost} of its address"


def app_at(page: str, timeout: float = 240, **address: str) -> AppTest:
    """The app as a link straight to a page opens it; it has not run yet."""
    from streamlit.testing.v1 import AppTest

    return turn(AppTest.from_string(APP, default_timeout=timeout), page, **address)


def turn(app: AppTest, page: str, **address: str) -> AppTest:
    """The same visitor at another page; UnknownName for one that does not exist, where the app would show Home.

    `AppTest.switch_page` knows pages that are files only.
    """
    from streamlit.util import calc_hash

    app._page_hash = calc_hash(PAGES[page].name)
    for name, value in address.items():
        app.query_params[name] = value
    return app
