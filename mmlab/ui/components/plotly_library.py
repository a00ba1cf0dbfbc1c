"""plotly.js where Streamlit can serve it: the small build comes packed, and is unpacked once into the cache folder."""

from __future__ import annotations

import lzma
import tempfile
import zlib
from functools import cache
from pathlib import Path

import plotly
import streamlit as st

from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.cache_folder import cache_folder

SMALL = "plotly-gl2d.min.js"
PACKED = Path(__file__).with_name("plotly") / f"{SMALL}.xz"
WHOLE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def address(solid: bool = False) -> str:
    """The address of plotly.js relative to the page: the small build that comes with the app, which a browser reads in
    a third of the time; the whole one of the Python package for three dimensions."""
    file = WHOLE if solid else _unpacked()
    return f"component/{_served(file.parent)}/{file.name}"


@cache
def _served(folder: Path) -> str:
    """Streamlit serves the folders of declared components, with leave to keep what is in them."""
    return str(st.components.v1.declare_component(f"mmlab_plotly_{folder.name}", path=str(folder)).name)


@cache
def _unpacked() -> Path:
    """The small build, unpacked: in the cache folder, or for this process alone where that cannot be written."""
    packed = PACKED.read_bytes()
    content = lzma.decompress(packed)
    kept = cache_folder() / f"plotly_{zlib.crc32(packed):08x}"
    try:
        return _put(kept / SMALL, content)
    except OSError:
        return _put(Path(tempfile.mkdtemp(prefix="mmlab_")) / SMALL, content)


def _put(file: Path, content: bytes) -> Path:
    if not file.is_file() or file.read_bytes() != content:
        write_atomically(file, content)
    return file
