"""An address as a QR code, generated locally: no other host is contacted."""

from __future__ import annotations

import streamlit as st

from mmlab.core.phrases import say


def picture(address: str) -> str:
    """The QR code as an HTML image."""
    return f'<img class="mm-qr" src="{source(address)}" alt="{say("QR code of the address")}">'


@st.cache_data(show_spinner=False, max_entries=256)
def source(address: str) -> str:
    """The code as a data URI; dark on white in both themes, since many readers take no other."""
    import segno  # when somebody shares: the start of the app does without

    return str(segno.make(address, error="m").svg_data_uri(scale=4, border=3, dark="#000", light="#fff"))
