"""`serve`: a model server with replicas, shared by several app processes."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Cpus, Device, Gpus, Json, settle
from mmlab.cli.console import bar, emit, say


def command(
    host: Annotated[str, typer.Option(help="Address to listen on; by default the loopback address.")] = ("127.0.0.1"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8600,
    replicas: Annotated[
        int, typer.Option(min=1, max=256, help="Processes that serve models, each with its own pool.")
    ] = 1,
    wait: Annotated[float, typer.Option(min=0.0, max=1000.0, help="Milliseconds to wait for further requests.")] = 5.0,
    most: Annotated[int, typer.Option(min=1, max=256, help="Requests answered in one batch.")] = 32,
    cpus: Cpus = 1.0,
    gpus: Gpus = 0.0,
    device: Device = "",
    json: Json = False,
    checkpoints: Checkpoints = None,
) -> None:
    """Serve trained models with Ray Serve until Ctrl-C. Apps use them with MMLAB_SERVER=http://HOST:PORT."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service is ended by it
    library = settle(device=device, checkpoints=checkpoints)
    from mmlab.experiments.ray_engine import Share
    from mmlab.experiments.ray_serving import served

    with (
        bar("Starting", None) as shown,
        served(library.root, host, port, replicas, Share(cpus, gpus), wait / 1000, most) as address,
    ):
        shown.start("Serving", None)
        if json:
            emit({"address": address, "replicas": replicas})
            sys.stdout.flush()  # it is read while this goes on
        else:
            say(f"{address} ({replicas} replica{'s' * (replicas != 1)}). Apps: MMLAB_SERVER={address}")
        threading.Event().wait()
