"""Writes pickles, for miniatures of data sets that are distributed as such. Nothing here reads one."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np


def pickled(value: Any) -> bytes:
    """A pickle as data sets ship it."""
    return pickle.dumps(value, protocol=4)


def saved_by_torch(value: tuple[Any, ...]) -> bytes:
    """A file that torch saved, with the arrays of a tuple as tensors."""
    import torch

    target = io.BytesIO()
    torch.save(tuple(torch.from_numpy(each) if isinstance(each, np.ndarray) else each for each in value), target)
    return target.getvalue()
