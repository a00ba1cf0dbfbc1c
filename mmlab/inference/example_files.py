"""A shipped sample as the files that a user would upload: to try an upload with, and to copy their format.

>>> examples(task, "test-0003")                               # {"image": {"png": b"..."}, "pen": {"csv": b"...", ...}}
>>> together(task, "p01-left", ["accelerometer", "gyroscope"])   # one file for several inputs: {"csv": b"..."}

Only files are offered that the task itself reads back to nearly the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from mmlab.core.errors import MmlabError
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.task import GallerySample, Task, takes_files, upload_kind

NEAR = 1.0  # of the length of an input, what has nothing to do with it is farther: a volume gives a slice near by


def examples(task: Task, sample: str) -> dict[str, Mapping[str, bytes]]:
    """By input the files of a sample of the gallery, by ending; nothing for an input that has none."""
    shipped = task.example(sample)
    among = [task.example(each).raw for each in shipped.stack]
    found = {}
    for modality in task.info.modalities:
        name, kind = modality.name, upload_kind(task, modality)
        if name in shipped.raw and kind == modality.kind and takes_files(task, name):
            slices = [raw[name] for raw in among if name in raw]
            files = modality_kind(kind).written(shipped.raw[name], slices)
            found[name] = _read_back(task, shipped, [name], files)
    return {name: files for name, files in found.items() if files}


def together(task: Task, sample: str, names: Sequence[str]) -> dict[str, bytes]:
    """One file of several inputs of a kind, by ending."""
    shipped = task.example(sample)
    kind = modality_kind(task.info.modalities[names[0]].kind)
    if any(name not in shipped.raw for name in names):
        return {}
    return _read_back(task, shipped, names, kind.written_together({name: shipped.raw[name] for name in names}))


def _read_back(
    task: Task, shipped: GallerySample, names: Sequence[str], files: Mapping[str, bytes]
) -> dict[str, bytes]:
    return {ending: content for ending, content in files.items() if _alike(task, shipped, names, ending, content)}


def _alike(task: Task, shipped: GallerySample, names: Sequence[str], ending: str, content: bytes) -> bool:
    """Whether the task makes of the file about what it makes of the sample."""
    for name in names:
        try:
            there = task.prepare(name, shipped.raw[name]).tensor.float()
            back = task.prepare(name, task.read(name, content, f"example.{ending}")).tensor.float()
        except MmlabError:
            return False
        if back.shape != there.shape or float(torch.norm(back - there)) > NEAR * float(torch.norm(there)):
            return False
    return True
