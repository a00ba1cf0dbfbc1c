"""The kinds of modality available in a data folder, by their names in task.json."""

from __future__ import annotations

from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, modality_kind


def kinds() -> dict[str, type[FolderInput]]:
    """Every kind of input by name."""
    found = {name: made for kind in MODALITY_KINDS for name, made in modality_kind(kind).folder_inputs().items()}
    return dict(sorted(found.items()))
