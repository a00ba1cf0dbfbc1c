"""`app`: the app in the browser."""

from __future__ import annotations

from mmlab.cli.common_options import Checkpoints, Data, Device, settle
from mmlab.cli.console import say
from mmlab.cli.streamlit_process import Port, check_app, serve_app


def command(port: Port = 8501, data: Data = None, device: Device = "", checkpoints: Checkpoints = None) -> int:
    """Open the app."""
    settle(data, device, checkpoints)
    check_app()
    say(f"http://127.0.0.1:{port}")
    return serve_app(port)
