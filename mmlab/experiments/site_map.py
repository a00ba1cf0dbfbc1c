"""The embedding of a model's test set for static pages: points under every combination, and their colours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.embedding import map_file, maps
from mmlab.analysis.embedding.point_attributes import MAIN, Labels, Numbers, properties
from mmlab.analysis.embedding.projection import valid
from mmlab.core.errors import CheckpointError
from mmlab.core.outputs import Output
from mmlab.core.results import Sweep
from mmlab.viz.base.theme import SEQUENTIAL
from mmlab.viz.embed.point_colours import of_categories
from mmlab.viz.site.content import NO_COLOUR, Colouring, EmbeddingMap

MOST_POINTS = 60_000
SHOWN = (*MAIN, "answer", "group")  # what points are coloured by, where there is such a thing


def site_map(folder: Path, found: Sweep, output: Output) -> EmbeddingMap:
    """The UMAP of the checkpoint in `folder`, or where it has none, the PCA of its embeddings."""
    try:
        made = map_file.read_map(folder, found.digest)
    except CheckpointError:
        made = maps.of_pca(found)
    count = len(found.ids)
    kept = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS // len(found.combinations))).astype(int))
    points = np.where(valid(found)[..., None], made.projection.points, np.nan)[:, kept]
    some = "" if len(kept) == count else f" {len(kept):,} of {count:,} test samples are drawn."
    about = (
        f"{made.projection.kind.upper()} of the embeddings of the test set under every combination, in one picture: a "
        f"point never moves because another combination is shown. The axes have no unit.{some}"
    )
    return EmbeddingMap(about, [found.ids[row] for row in kept], points, list(_colourings(found, output, kept)))


def _colourings(found: Sweep, output: Output, kept: NDArray[np.int64]) -> Iterator[Colouring]:
    there = properties(found, output)
    for name in (name for name in SHOWN if name in there):
        kind = there[name]
        if isinstance(kind, Labels):
            colours = of_categories(kind.names, kind.codes, kind.judged)
            codes = np.minimum(colours.codes[:, kept], NO_COLOUR).astype(np.uint8)
            yield Colouring(name, colours.names, colours.colours, codes)
        else:
            yield _shaded(kind, kept)


def _shaded(kind: Numbers, kept: NDArray[np.int64]) -> Colouring:
    """A colour for each of a few ranges; the outer 2 % share the end colours."""
    values = kind.values[:, kept]
    low, high = np.nanquantile(values, (0.02, 0.98)) if np.isfinite(values).any() else (0.0, 1.0)
    edges = np.linspace(low, high, len(SEQUENTIAL) + 1)
    codes = np.digitize(values, edges[1:-1])
    names = [f"{first:.2f} to {last:.2f}" for first, last in pairwise(edges)]
    shown = np.where(np.isfinite(values), codes, NO_COLOUR).astype(np.uint8)
    return Colouring(kind.unit, names, [colour for _, colour in SEQUENTIAL], shown)
