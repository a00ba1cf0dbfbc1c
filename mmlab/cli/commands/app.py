"""`app`: the app in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Data, Device, settle
from mmlab.cli.console import emit, say
from mmlab.cli.streamlit_process import Port, check_app, serve_app
from mmlab.storage.shipped_files import APP


def command(
    port: Port = 8501,
    json: Annotated[bool, typer.Option("--json", help="Print what would be opened, as JSON; start nothing.")] = False,
    data: Data = None,
    device: Device = "",
    checkpoints: Checkpoints = None,
) -> int:
    """Open the app."""
    library = settle(data, device, checkpoints)
    check_app()
    if json:
        emit({"app": str(APP), "address": f"http://127.0.0.1:{port}", "library": str(library.root)})
        return 0
    say(f"http://127.0.0.1:{port}")
    return serve_app(port)
