"""What a page of the app shows, read from Streamlit's `AppTest`."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

ROOT = Path(__file__).resolve().parent.parent


def app_at(page: str, timeout: float = 90, **address: str) -> AppTest:
    """The app as a link straight to a page opens it; it has not run yet."""
    return turn(AppTest.from_file(str(ROOT / "app.py"), default_timeout=timeout), page, **address)


def turn(app: AppTest, page: str, **address: str) -> AppTest:
    """The same visitor at another page. `AppTest.switch_page` knows pages that are files only."""
    app._page_hash = calc_hash(page)
    for name, value in address.items():
        app.query_params[name] = value
    return app


def healthy(app: AppTest) -> None:
    assert not app.exception
    assert not app.error, [element.value for element in app.error]


def sentences(app: AppTest) -> str:
    """All warnings and remarks on the page."""
    return " ".join(element.value for element in (*app.warning, *app.info, *app.error))


def captions(app: AppTest) -> str:
    return " ".join(element.value for element in app.caption)


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def address(app: AppTest, name: str) -> str:
    """A field of the address; empty where it is not there."""
    found = app.query_params.get(name, "")
    return found if isinstance(found, str) else found[0]
