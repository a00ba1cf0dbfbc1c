"""The app in a separate process, wherever mmlab is installed: a checkout or an installed package."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from mmlab.core.errors import DataError
from mmlab.storage.shipped_files import APP

Port = Annotated[int, typer.Option(min=1, max=65535, help="The port on 127.0.0.1.")]


def check_app() -> None:
    """Raises DataError where the app does not ship with the package."""
    if not APP.is_file():
        raise DataError(f"The app is not beside the package: {APP.name} is missing.", "Install mmlab again.")


def serve_app(port: int) -> int:
    """Serve the app until it is stopped; returns its exit code. Its settings lie beside `app.py`."""
    return subprocess.call([sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(port)])
