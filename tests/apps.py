"""What a page of the app shows, read from Streamlit's `AppTest`."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mmlab.testing.page_contract import app_at, turn

__all__ = ["address", "app_at", "captions", "healthy", "html", "sentences", "show_library", "turn"]


def show_library(patch: pytest.MonkeyPatch, root: Path) -> None:
    """Let pages show the models in `root` only, and nothing that was kept from the test before."""
    patch.setenv("MMLAB_CHECKPOINTS", str(root))
    st.cache_data.clear()
    st.cache_resource.clear()


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
