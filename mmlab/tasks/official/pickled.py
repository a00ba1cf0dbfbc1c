"""Writes pickles, for miniatures of data sets that are passed around as such. Nothing here reads one."""

from __future__ import annotations

import pickle
from typing import Any


def pickled(value: Any) -> bytes:
    """A pickle as data sets ship it."""
    return pickle.dumps(value, protocol=4)
