"""The model pool in replicas of Ray Serve, for app processes that share it (`MMLAB_SERVER`)."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmlab.core.errors import DataError, MissingExtra, first_line
from mmlab.experiments import ray_engine
from mmlab.experiments.ray_engine import Share

if TYPE_CHECKING:
    from mmlab.inference.answer_exchange import AnswerReply, AnswerRequest

NAME = "mmlab"
TOO_LARGE = 413


@contextmanager
def served(library: Path, host: str, port: int, replicas: int, share: Share, wait: float, most: int) -> Iterator[str]:
    """Serve the models of a library while the block runs; gives the address.

    Each replica has a pool of its own and its `share` of a machine, waits `wait` seconds for others and answers up to
    `most` questions in one pass. Raises MissingExtra, and DataError where Ray cannot be joined or has too little.
    """
    _check_port(host, port)
    with ray_engine.joined(share, replicas + 1):  # one core for who takes the questions
        try:
            from ray import serve
        except ImportError as error:
            raise MissingExtra("Serving needs Ray Serve.", 'Run: pip install "mmlab[ray]"') from error
        logging.getLogger("ray.serve").setLevel(logging.ERROR)
        settings = (ray_engine.settings(), str(library.absolute()))
        try:
            serve.start(http_options={"host": host, "port": port}, logging_config={"log_level": "ERROR"})
            deployment = serve.deployment(
                num_replicas=replicas,
                max_ongoing_requests=2 * most,
                ray_actor_options={"num_cpus": share.cpus, "num_gpus": share.gpus},
            )(_replica(serve, wait, most))
            serve.run(deployment.bind(*settings), name=NAME, route_prefix="/", logging_config={"log_level": "ERROR"})
            yield f"http://{host}:{port}"
        except RuntimeError as error:
            raise DataError(f"It cannot be served: {first_line(error)}", "Try another port.") from error
        finally:
            serve.shutdown()


def _check_port(host: str, port: int) -> None:
    """Raise DataError where nobody can listen, before Ray takes its seconds to start."""
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise DataError(f"{host}:{port} cannot be listened on: {error.strerror}.", "Name another --port.") from error


def _replica(serve: Any, wait: float, most: int) -> type:
    """The class of a replica. Made here, since its decorator is of Ray."""

    class Replica:
        """A pool of models that answers over HTTP, questions that come together in one pass."""

        def __init__(self, environment: dict[str, str], library: str) -> None:
            os.environ.update(environment)
            from mmlab.inference.device import one_thread
            from mmlab.inference.model_pool import ModelPool
            from mmlab.storage.library import Library

            one_thread()
            self.pool, self.library = ModelPool(), Library(Path(library))

        @serve.batch(max_batch_size=most, batch_wait_timeout_s=wait)
        async def answered(self, questions: list[AnswerRequest]) -> list[AnswerReply]:
            import asyncio

            from mmlab.inference.answer_exchange import replies

            return await asyncio.to_thread(replies, self.pool, self.library, questions)

        async def __call__(self, request: Any) -> Any:
            from starlette.responses import Response

            from mmlab.inference.answer_exchange import LARGEST, NAMES, AnswerRequest

            if int(request.headers.get("content-length") or LARGEST + 1) > LARGEST:
                return Response(status_code=TOO_LARGE)
            names = {name: request.query_params.get(name, "")[:200] for name in NAMES}
            reply = await self.answered(AnswerRequest(**names, content=await request.body()))
            return Response(reply.content, reply.status, media_type="application/octet-stream")

    return Replica
