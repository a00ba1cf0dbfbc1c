"""The maps of a model and the positions of a sample in them: cached by name, so that a click is a look-up.

A map is named `umap` (shipped with the model), `pca` (made at once) or `fit_…` (made here with custom settings,
`mmlab.analysis.embedding.custom_maps`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
import torch

from mmlab.analysis.embedding import custom_maps, map_quality
from mmlab.analysis.embedding.map_file import read_map
from mmlab.analysis.embedding.maps import Map, Places, known_places, new_places, of_pca
from mmlab.analysis.embedding.point_attributes import Property, properties
from mmlab.analysis.embedding.projection import embed, valid
from mmlab.core.errors import CheckpointError
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.ui.session import cache, uploads
from mmlab.ui.session.cache import Corruptions

UMAP, PCA = "umap", "pca"
ASKED = 1500  # points that ask for their neighbours, for the figures about a map


@st.cache_resource(show_spinner=False, max_entries=24)
def picture(reference: Reference, name: str, solid: bool = False) -> Map:
    """A map of a model's test samples, in three dimensions where `solid`: read only. Raises CheckpointError."""
    found = cache.sweep(reference)
    if name == PCA:
        return of_pca(found, 3 if solid else 2)
    if name == UMAP:
        made = read_map(Path(reference.path), found.digest, _command(reference))
    else:
        made = custom_maps.read(found.digest, custom_maps.settings_of(name))
    if made.projection.points.shape[:2] != found.mean.shape[:2]:
        raise CheckpointError(
            say("The map does not fit the model's sweep."),
            say("Make it again: `{command}`.", command=_command(reference)),
        )
    if not solid:
        return made
    if made.solid is None:
        raise CheckpointError(
            say("This map has two dimensions only."),
            say("Make it again: `{command}`.", command=_command(reference)),
        )
    return made.solid


def _command(reference: Reference) -> str:
    """What makes the map of a model."""
    return f"python -m mmlab map --task {reference.task} --method {reference.method} --tag {reference.tag}"


@st.cache_resource(show_spinner=False, max_entries=16)
def attributes(reference: Reference) -> dict[str, Property]:
    """The attributes that points can be coloured by: read only."""
    return properties(cache.sweep(reference), cache.task(reference.task).info.output)


@st.cache_resource(show_spinner=False, max_entries=64)
def trust(reference: Reference, name: str, solid: bool = False) -> tuple[float, float, int]:
    """Trustworthiness and continuity of a map, and of how many neighbours."""
    found, made = cache.sweep(reference), picture(reference, name, solid)
    there = valid(found) & np.isfinite(made.projection.points).all(2)
    known, points = found.mean[there], made.projection.points[there]
    count = min(map_quality.NEIGHBOURS, max(1, (len(known) - 1) // 2))
    pair = (known, points, count, ASKED)
    return map_quality.trustworthiness(*pair), map_quality.continuity(*pair), count


def places(reference: Reference, name: str, sample: str, corruptions: Corruptions = (), solid: bool = False) -> Places:
    """One sample in a map under each of its combinations: looked up where it is a test sample, placed otherwise."""
    if uploads.is_own(sample):
        return _own_places(reference, name, sample, corruptions, solid, cache.own_version(reference.task))
    return _shipped_places(reference, name, sample, corruptions, solid, cache.version(reference.task, sample))


def embedding(reference: Reference, sample: str, corruptions: Corruptions = ()) -> tuple[tuple[str, ...], np.ndarray]:
    """The embedding of a sample under each of its combinations: keys, and `[K, D]`."""
    return _embedding(reference, sample, corruptions)[:2]


def _embedding(
    reference: Reference, sample: str, corruptions: Corruptions
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray | None]:
    if uploads.is_own(sample):
        return _own_embedding(reference, sample, corruptions, cache.own_version(reference.task))
    return _shipped_embedding(reference, sample, corruptions, cache.version(reference.task, sample))


def _make_embedding(
    reference: Reference, sample: str, corruptions: Corruptions, version: object
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray | None]:
    found = cache.sweep(reference)
    if sample in found.ids and not corruptions:
        row = found.ids.index(sample)
        kept = valid(found)[:, row]
        keys = tuple(key for key, there in zip(found.combinations, kept, strict=True) if there)
        return keys, found.mean[kept, row], None if found.variance is None else found.variance[kept, row]
    seen = cache.model_inputs(reference.task, sample, corruptions)
    with cache.pool().lend(reference) as model:
        tensors = {name: torch.from_numpy(array) for name, array in seen.arrays.items()}
        combinations = model.combinations(tensors)
        mean, variance = embed(model.method, tensors, combinations)
    return tuple(combination.key for combination in combinations), mean, variance


def _make_places(
    reference: Reference, name: str, sample: str, corruptions: Corruptions, solid: bool, version: object
) -> Places:
    found, made = cache.sweep(reference), picture(reference, name, solid)
    if sample in found.ids and not corruptions:
        return known_places(found, made, found.ids.index(sample))
    keys, mean, variance = _embedding(reference, sample, corruptions)
    return new_places(found, made, keys, mean, None if solid and name != PCA else variance)


_shipped_embedding = st.cache_data(show_spinner=False, max_entries=512)(_make_embedding)
_own_embedding = st.cache_data(show_spinner=False, max_entries=16, scope="session")(_make_embedding)
_shipped_places = st.cache_data(show_spinner=False, max_entries=512)(_make_places)
_own_places = st.cache_data(show_spinner=False, max_entries=32, scope="session")(_make_places)
