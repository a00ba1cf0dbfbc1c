"""Whether a download can start at all. If not, only the cache is used, without retries."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import urlsplit
from urllib.request import getproxies

PATIENCE = 3.0  # seconds for the Hub to take a call
REMEMBERED = 60.0  # seconds until it is called again


@contextmanager
def cache_only_without_network() -> Iterator[None]:
    """While the block runs, what loads from the Hub takes it from the cache where the Hub does not answer."""
    try:
        from huggingface_hub import constants
    except ImportError:
        yield
        return
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not answers(constants.ENDPOINT)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def answers(address: str) -> bool:
    """Whether somebody takes calls at an address; True behind a proxy, which is asked otherwise."""
    return bool(getproxies()) or _takes_calls(address, int(time.monotonic() / REMEMBERED))


@lru_cache(maxsize=4)
def _takes_calls(address: str, now: int) -> bool:
    place = urlsplit(address)
    port = place.port or (80 if place.scheme == "http" else 443)
    try:
        socket.create_connection((place.hostname or "", port), PATIENCE).close()
    except OSError:
        return False
    return True
