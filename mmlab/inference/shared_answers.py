"""Predictions from a server that several app processes share (`MMLAB_SERVER`), or from this process's own pool."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from functools import lru_cache
from pathlib import Path

from mmlab.core.errors import DataError
from mmlab.core.outputs import Prediction
from mmlab.core.reference import Reference
from mmlab.core.task import TASKS
from mmlab.inference.answer_exchange import LARGEST, packed, unpacked
from mmlab.inference.model_pool import ModelPool, Sample
from mmlab.storage.checkpoints import MODEL

VARIABLE = "MMLAB_SERVER"
PATIENCE = 10.0  # seconds for an answer
PAUSE = 30.0  # seconds until a server that failed is asked again
OWN = "This app answers with its own models meanwhile."


class SharedAnswers:
    """Asks the server at `address`, or the pool where there is none, it fails, or it has another model.

    problem: a sentence about why the server is not asked now; empty where it is, or none is named.
    """

    def __init__(self, pool: ModelPool, address: str = "") -> None:
        self._pool, self._address = pool, address.rstrip("/")
        self._lock = threading.Lock()
        self._rests_until = 0.0
        self.problem = ""
        if address and urllib.parse.urlsplit(address).scheme not in ("http", "https"):
            self._address, self.problem = "", f"{VARIABLE} is no address of the form http://host:port. {OWN}"

    def answer(self, reference: Reference, tensors: Sample) -> dict[str, Prediction]:
        """The answer of every combination of the tensors. Raises what `ModelPool.answer` raises."""
        if self._address and time.monotonic() >= self._rests_until and (digest := _digest(reference)):
            try:
                found = self._asked(reference, digest, tensors)
                self._note("")
                return found
            except urllib.error.HTTPError as error:
                with error:
                    self._note(f"The server at {self._address} refused {reference.name} ({error.code}). {OWN}")
            except (OSError, ValueError, DataError) as error:
                self._note(f"The server at {self._address} does not answer ({type(error).__name__}). {OWN}", PAUSE)
        return self._pool.answer(reference, tensors)

    def _asked(self, reference: Reference, digest: str, tensors: Sample) -> dict[str, Prediction]:
        names = {"task": reference.task, "method": reference.method, "tag": reference.tag, "digest": digest}
        address = f"{self._address}/?{urllib.parse.urlencode(names)}"
        request = urllib.request.Request(address, packed(tensors), {"Content-Type": "application/octet-stream"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            logits = unpacked(reply.read(LARGEST + 1))
        info = TASKS[reference.task]().info
        keys = [each.key for each in info.modalities.subsets() if set(each.names) <= set(tensors)]
        if set(keys) != set(logits):
            raise DataError("The server answered for other combinations.", "Run the same mmlab on both sides.")
        return {key: info.output.read(logits[key]) for key in keys}

    def _note(self, problem: str, pause: float = 0.0) -> None:
        with self._lock:
            self.problem = problem
            self._rests_until = time.monotonic() + pause


def from_environment(pool: ModelPool) -> SharedAnswers:
    """The shared answers of the server that `MMLAB_SERVER` names, if any."""
    return SharedAnswers(pool, os.environ.get(VARIABLE, ""))


@lru_cache(maxsize=256)
def _digest(reference: Reference) -> str:
    """The digest of a model's file, by which a server knows it; empty for a model that is none."""
    try:
        return hashlib.sha256((Path(reference.path) / MODEL).read_bytes()).hexdigest()
    except OSError:
        return ""
