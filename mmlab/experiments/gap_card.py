"""How a card describes the missing inputs of a training: the rule, the digest of a table, and whom they affect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmlab.storage import checkpoints
from mmlab.storage.atomic_files import remove_folder
from mmlab.training.missing_tables import digest_of, is_table


def gaps_of(missing: str, teachers: Sequence[str]) -> dict[str, Any]:
    """The entry of the card; nothing for complete data.

    reach: the samples that the gaps are in. Teachers are trained on the same samples with the same gaps, and what a
    method learns in stages it learns from its training samples.
    """
    if not missing:
        return {}
    table = {"table": digest_of(missing)} if is_table(missing) else {}
    reach = ["training", "validation", *(f"teacher {name}" for name in teachers)]
    return {"gaps": {"rule": missing, **table, "reach": reach}}


def of_other_gaps(card: Mapping[str, Any], missing: str) -> bool:
    """Whether the card of a model names another content of the missing table than there is now."""
    if not is_table(missing):
        return False
    known = card.get("gaps")
    return not isinstance(known, Mapping) or known.get("table") != digest_of(missing)


def has_other_gaps(folder: Path, missing: str) -> bool:
    """Whether a model is there that learned from another content of the missing table than there is now."""
    is_here = is_table(missing) and (folder / checkpoints.MODEL).is_file()
    return is_here and of_other_gaps(checkpoints.read_card(folder), missing)


def set_aside_other_gaps(folder: Path, missing: str) -> None:
    """Give a model that learned from another content of the missing table a name of its own, if there is one."""
    if not has_other_gaps(folder, missing):
        return
    known = checkpoints.read_card(folder).get("gaps", {})
    kept = folder.with_name(f"gaps-{str(known.get('table', 'none'))[:8]}-{folder.name}")
    remove_folder(kept)
    folder.rename(kept)


def is_there(folder: Path, missing: str) -> bool:
    """Whether a model is there, trained on these gaps."""
    return (folder / checkpoints.MODEL).is_file() and not has_other_gaps(folder, missing)
