"""The samples and the provenance of a sweep, as arrays: the part that all sweep files share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.results import Sweep
from mmlab.storage import packed_arrays

Arrays = Mapping[str, NDArray[Any]]


def arrays_of(found: Sweep, version: int) -> dict[str, NDArray[Any]]:
    """Version, digest, combinations, right answers, what is present, ids and groups."""
    return {
        "version": np.array(version),
        "digest": np.array(found.digest),
        "combinations": np.array(found.combinations),
        "target": found.target,
        "present": found.present,
        "ids": np.array(found.ids),
        "groups": np.array(found.groups),
    }


def is_of(arrays: Arrays, digest: str, versions: tuple[int, ...]) -> bool:
    """Whether they were written by one of these versions, for the checkpoint of this digest.

    Raises KeyError, and DamagedFile for a version that is no number.
    """
    return packed_arrays.whole(arrays["version"]) in versions and str(arrays["digest"]) == digest


def fields_of(arrays: Arrays) -> dict[str, Any]:
    """The fields of a `Sweep` that `arrays_of` wrote. Raises KeyError."""
    return {
        "combinations": tuple(arrays["combinations"].tolist()),
        "target": arrays["target"],
        "present": arrays["present"],
        "ids": tuple(arrays["ids"].tolist()),
        "groups": tuple(arrays["groups"].tolist()),
        "digest": str(arrays["digest"]),
    }
