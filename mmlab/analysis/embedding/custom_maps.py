"""Maps with custom settings: computed in the background and cached in the user's cache folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from mmlab.analysis.embedding.map_file import MAP, read_map
from mmlab.analysis.embedding.maps import Map, MapSettings
from mmlab.analysis.embedding.umap_worker import build_map
from mmlab.core import permissions
from mmlab.core.errors import CheckpointError, MmlabError
from mmlab.core.options import as_dict, build
from mmlab.core.permissions import Action
from mmlab.storage.atomic_files import remove_folder
from mmlab.storage.cache_folder import cache_folder
from mmlab.storage.disk_cache import cache_key

VERSION = 2  # of what a fit gives and of its file; raise it when either changes
PREFIX = "fit"
TICK = 0.2  # seconds between looks whether it is one's turn
MOST_KEPT = 200
_turn = threading.Lock()
NAMED = ("neighbours", "minimum_distance", "metric", "seed")


def name_of(settings: MapSettings) -> str:
    """A short name that can stand in an address: `fit_15_0.1_euclidean_0`."""
    return "_".join((PREFIX, *(str(getattr(settings, field)) for field in NAMED)))


def settings_of(name: str) -> MapSettings:
    """The settings that a name stands for. Raises CheckpointError for a name that stands for none."""
    prefix, *values = name.split("_")
    try:
        if prefix != PREFIX or len(values) != len(NAMED):
            raise CheckpointError(f"There is no map '{name}'.", "Choose one on the page.")
        return build(MapSettings, dict(zip(NAMED, values, strict=True)))
    except MmlabError as error:
        raise CheckpointError(f"There is no map '{name}'.", "Choose one on the page.") from error


def folder_of(digest: str, settings: MapSettings) -> Path:
    """Where the map of the checkpoint with this digest is kept."""
    return cache_folder() / "maps" / cache_key(VERSION, digest, sorted(as_dict(settings).items()))


def made(digest: str, settings: MapSettings) -> bool:
    """Whether there is such a map."""
    return (folder_of(digest, settings) / MAP).is_file()


def read(digest: str, settings: MapSettings) -> Map:
    """A map that was made. Raises CheckpointError."""
    try:
        return read_map(folder_of(digest, settings), digest)
    except CheckpointError as error:
        raise CheckpointError(
            "A map with these settings has not been fitted yet.", "Fit it under Custom UMAP."
        ) from error


def make(checkpoint: Path, digest: str, settings: MapSettings, on_progress: Callable[[float], None]) -> Path:
    """Make it, in a process of its own; what `on_progress` raises stops it. Raises CheckpointError, NotAllowed.

    One at a time, whoever asks: a fit takes a core and some hundred MB. Others wait for their turn.
    """
    permissions.require(Action.MAP)
    while not _turn.acquire(timeout=TICK):
        on_progress(0.0)
    try:
        made_in = build_map(checkpoint, settings, on_progress, into=folder_of(digest, settings))
    finally:
        _turn.release()
    _forget_oldest(made_in)
    return made_in


def _forget_oldest(kept: Path) -> None:
    """Remove the maps that were made longest ago where there are many."""
    there = sorted(kept.parent.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in there[MOST_KEPT:]:
        if folder != kept:
            remove_folder(folder)
