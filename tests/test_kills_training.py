"""A training that was killed between any two writes goes on to the files of one that was not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from mmlab.core.task import TASKS
from mmlab.experiments.recorders.attribution_maps import SNAPSHOTS
from mmlab.experiments.recorders.embedding_maps import EPOCH_MAPS
from mmlab.experiments.train_job import TrainJob, run_train
from mmlab.storage import leftovers, packed_arrays
from mmlab.storage.checkpoints import MODEL, PROGRESS, REPORT, SWEEP
from mmlab.testing.toy_task import ToyTask

JOB = TrainJob("toy", "dropout", {}, {"epochs": 2, "batch_size": 64, "source": "built-in"})


class Killed(BaseException):
    """What ends a process, as far as it can be told from inside."""


class ShownToy(ToyTask):
    """The toy with samples in its gallery, of which snapshots are taken."""

    def gallery(self) -> tuple[str, ...]:
        return tuple(self.samples("valid").ids[:2])

    def example(self, sample: str) -> Any:
        samples = self.samples("valid")
        row = samples.ids.index(sample)
        raw = {name: values[row] for name, values in samples.inputs.items()}
        return SimpleNamespace(raw=raw, target=int(samples.target[row]))

    def prepare(self, modality: str, raw: Any) -> Any:
        return SimpleNamespace(tensor=raw)


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    TASKS.discover()
    monkeypatch.setitem(TASKS._items, "toy", ShownToy)


@contextmanager
def killed_at(moment: int) -> Iterator[list[str]]:
    """Raise Killed before the `moment`-th write reaches the disk or gets its name; gives those that came before.

    The line of a log that is killed then is half there.
    """
    did: list[str] = []
    fsync, replace = os.fsync, os.replace

    def note(what: str) -> None:
        if len(did) == moment:
            raise Killed
        did.append(what)

    def watched_fsync(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
        try:
            note(f"fsync {name}")
        except Killed:
            if name == PROGRESS:
                os.ftruncate(descriptor, os.fstat(descriptor).st_size - 20)
            raise
        fsync(descriptor)

    def watched_replace(source: Any, target: Any) -> None:
        note(f"replace {Path(target).name}")
        replace(source, target)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("os.fsync", watched_fsync)
        patched.setattr("os.replace", watched_replace)
        yield did


def steady(value: Any) -> Any:
    """What of a file does not tell when and how long."""
    if isinstance(value, dict):
        return {
            name: steady(each)
            for name, each in value.items()
            if name not in ("seconds", "training_seconds", "made", "digest")
        }
    return value


def contents(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {file.name: None for file in folder.iterdir()}
    lines = (folder / PROGRESS).read_text().splitlines()
    found[PROGRESS] = [steady(json.loads(line)) for line in lines]
    found[REPORT] = steady(json.loads((folder / REPORT).read_text()))
    for name in (SWEEP, EPOCH_MAPS, SNAPSHOTS):
        if (folder / name).is_file():
            found[name] = packed_arrays.read(folder / name)
            found[name].pop("digest", None)
    return found


def assert_same(one: Path, other: Path) -> None:
    there, expected = contents(one), contents(other)
    assert there.keys() == expected.keys()
    assert there[PROGRESS] == expected[PROGRESS]
    assert there[REPORT] == expected[REPORT]
    for name in {SWEEP, EPOCH_MAPS, SNAPSHOTS} & there.keys():
        assert there[name].keys() == expected[name].keys()
        for key, values in expected[name].items():
            np.testing.assert_array_equal(there[name][key], values, err_msg=f"{name} {key}")
    weights = [safetensors.torch.load_file(folder / MODEL) for folder in (one, other)]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only here a descriptor tells its file")
def test_a_training_killed_at_any_write_goes_on_to_the_same_files(tmp_path: Path) -> None:
    with killed_at(-1) as writes:
        straight = Path(run_train(JOB, str(tmp_path / "straight")))
    assert {f"replace {name}" for name in (SNAPSHOTS, EPOCH_MAPS, SWEEP, MODEL, REPORT)} <= set(writes)
    assert writes.index(f"replace {EPOCH_MAPS}") < writes.index("replace resume.safetensors")
    changes = [at for at, what in enumerate(writes) if what.startswith("replace") or what == f"fsync {PROGRESS}"]
    for moment in (*changes, len(writes) - 1):  # between two of these nothing on the disk changes
        root = tmp_path / str(moment)
        with pytest.raises(Killed), killed_at(moment):
            run_train(JOB, str(root))
        assert_same(Path(run_train(JOB, str(root))), straight)
        leftovers.sweep(root, age=-1)
        assert not [file for file in root.rglob(".*") if file.is_file()]
