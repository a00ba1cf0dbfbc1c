"""`map.npz` beside a checkpoint: an embedding map in compact form, since every shipped model has one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.embedding.maps import Map
from mmlab.analysis.embedding.projection import Points
from mmlab.core.errors import CheckpointError
from mmlab.core.results import Projection
from mmlab.storage import packed_arrays, strict_json
from mmlab.storage.file_schemas import Options

MAP = "map.npz"
VERSION = 2
FLAT, SOLID = 2047, 100  # steps of a coordinate in two and in three dimensions: less than a dot is wide
SPREAD = 255  # steps of a logarithm of a variance, and of a correlation
LEAST = 1e-6  # variance
MOST = 2**24  # numbers in a file

Arrays = Mapping[str, NDArray[Any]]


def write_map(folder: Path, made: Map) -> None:
    """Write `map.npz` beside the checkpoint in `folder`."""
    picture = made.projection
    arrays: dict[str, Any] = {
        "version": np.array(VERSION),
        "digest": np.array(picture.digest),
        "settings": np.array(json.dumps(dict(picture.settings))),
        "distances": made.distances.astype(np.float32),
        "error": np.array(made.error, np.float32),
        **_packed("points", picture.points, FLAT),
    }
    if picture.spread is not None:
        arrays |= _packed_spread(picture.spread)
    if made.overlap is not None:
        arrays["overlap"] = np.array(made.overlap, np.float32)
    if made.solid is not None:
        arrays["solid_error"] = np.array(made.solid.error, np.float32)
        arrays |= _packed("solid", made.solid.projection.points, SOLID)
    packed_arrays.write(folder / MAP, arrays)


def read_map(folder: Path, digest: str, command: str = "python -m mmlab map") -> Map:
    """The map of the checkpoint in `folder`, which must have this digest. command: what makes it.

    Raises CheckpointError.
    """
    again = f"Run `{command}` to make it."
    try:
        arrays: Arrays = packed_arrays.read(folder / MAP, packed_arrays.at_most(MOST))
        if packed_arrays.whole(arrays["version"]) != VERSION:
            raise CheckpointError("The map of this model was made by another version of mmlab.", again)
        packed_arrays.check_kinds(arrays, {"points": "u", "distances": "f", "error": "f"})
        if str(arrays["digest"]) != digest:
            raise CheckpointError("The map belongs to another checkpoint.", again)
        text = str(arrays["settings"]).encode()
        settings = strict_json.checked(text, Options, "The settings of this map", again, refuse=CheckpointError)
        points, spread = _unpacked("points", arrays), _unpacked_spread(arrays) if "spread" in arrays else None
        distances = arrays["distances"].astype(np.float32)
        if points.ndim != 3 or distances.ndim != 1 or not np.isfinite([*distances, arrays["error"]]).all():
            raise ValueError("not a map")
        overlap = float(arrays["overlap"]) if "overlap" in arrays else None
        solid = None
        if "solid" in arrays:
            deep = Projection(_unpacked("solid", arrays), None, "umap", settings, digest)
            solid = Map(deep, distances, float(arrays["solid_error"]))
        flat = Projection(points, spread, "umap", settings, digest)
        return Map(flat, distances, float(arrays["error"]), overlap, solid)
    except FileNotFoundError as error:
        raise CheckpointError("This model has no map yet.", again) from error
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise CheckpointError("The map of this model is damaged.", again) from error


def _packed(name: str, points: Points, levels: int) -> dict[str, NDArray[Any]]:
    """`[..., d]` in `levels` steps between the extremes of each coordinate; 0 stands for no place.

    The lower and the upper bytes lie apart, since only the upper ones can be made smaller.
    """
    steps, low, scale = packed_arrays.in_steps(points, levels)
    codes = np.where(np.isfinite(points), np.round(steps) + 1, 0).astype(np.uint16)
    planes = [codes & 255] if levels < 256 else [codes & 255, codes >> 8]
    stored = np.stack(planes).astype(np.uint8)
    return {name: stored, f"{name}_low": low.astype(np.float32), f"{name}_scale": scale.astype(np.float32)}


def _unpacked(name: str, arrays: Arrays) -> Points:
    stored = arrays[name].astype(np.uint16)
    codes = stored[0] if len(stored) == 1 else stored[0] + 256 * stored[1]
    places = (codes.astype(np.float32) - 1) * arrays[f"{name}_scale"] + arrays[f"{name}_low"]
    return np.where(codes > 0, places, np.nan).astype(np.float32)


def _packed_spread(spread: Points) -> dict[str, NDArray[Any]]:
    """Covariances `[K, N, 2, 2]` as the logarithms of both variances, and the correlation."""
    across, up = (np.maximum(spread[..., i, i], LEAST) for i in range(2))
    correlation = np.clip(spread[..., 0, 1] / np.sqrt(across * up), -1, 1)
    return _packed("spread", np.stack([np.log(across), np.log(up), correlation], -1), SPREAD)


def _unpacked_spread(arrays: Arrays) -> Points:
    parts = _unpacked("spread", arrays)
    across, up = np.exp(parts[..., 0]), np.exp(parts[..., 1])
    both = parts[..., 2] * np.sqrt(across * up)
    rows = np.stack([np.stack([across, both], -1), np.stack([both, up], -1)], -1)
    return np.nan_to_num(rows).astype(np.float32)
