"""Splits that are kept on disk: the same numbers as in memory, whoever reads them, and memory that does not grow."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError, MmlabError, StorageError
from mmlab.core.method import METHODS
from mmlab.core.stored_rows import StoredRows, in_parts, mean_of, rows_at, spread_of, zeroed
from mmlab.core.training_plan import Plan
from mmlab.inference.sweep import sweep
from mmlab.storage.row_file import BITS, HALF, RowFile, RowWriter
from mmlab.tasks import cached_splits
from mmlab.tasks.custom import stored_split
from mmlab.tasks.custom_folder import task_class
from mmlab.training.batches import workers
from mmlab.training.loop import Trainer
from mmlab.training.missing_data import with_gaps
from tests.folders import PAIR, lesions, png, written

ROOT = Path(__file__).resolve().parent.parent
PICTURES = {f"{n}.png": png(np.random.default_rng(n).integers(0, 256, (8, 8), np.uint8)) for n in range(12)}
ROWS = [
    "id,split,target,photo,numbers",
    *(
        f"s{n},{'train' if n < 8 else 'valid' if n < 10 else 'test'},{'low' if n % 2 else 'high'},"
        f"{'' if n == 3 else f'{n}.png'},{'' if n == 5 else f'{n} {n * n}'}"
        for n in range(12)
    ),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    cached_splits.forget()
    return written(tmp_path / "pair", PAIR, ROWS, PICTURES)


def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_split, "HELD", 100)
    cached_splits.forget()


def rows_of(path: Path, values: np.ndarray, kind: str = HALF) -> StoredRows:
    writer = RowWriter(path, values.shape[1:], kind)
    for value in values:
        writer.add(value)
    return StoredRows(RowFile.of(path, writer.done()))


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and torch.equal(one, other)


NUMBERS = np.random.default_rng(0).normal(size=(150, 2, 3)).astype(np.float16)
GREYS = (np.random.default_rng(1).integers(0, 256, (150, 1, 5)) / 255).astype(np.float32).astype(np.float16)
TRUTHS = np.random.default_rng(2).random((150, 3, 7)) > 0.5


@pytest.mark.parametrize(
    ("values", "kind", "bytes_of_a_row"), [(NUMBERS, HALF, 12), (GREYS, HALF, 5), (TRUTHS, BITS, 3)]
)
def test_rows_on_disk_are_a_tensor(tmp_path: Path, values: np.ndarray, kind: str, bytes_of_a_row: int) -> None:
    stored, plain = rows_of(tmp_path / "a.rows", values, kind), torch.from_numpy(values)
    assert (tmp_path / "a.rows").stat().st_size == 150 * bytes_of_a_row
    looks: list[Callable[[torch.Tensor], torch.Tensor]] = [
        lambda x: x[torch.tensor([7, 3, 3])],
        lambda x: x[torch.arange(150) % 3 == 0],
        lambda x: x[20:90][5:7],
        lambda x: x[-4],
        lambda x: x[[1, 2]],
        lambda x: x[:, 0],
        lambda x: x.float() * 2,
        lambda x: torch.cat([x, x]),
        lambda x: torch.cat(list(in_parts(x))),
        lambda x: rows_at(x, torch.tensor([4, 1]))[1:],
        lambda x: zeroed(x, torch.arange(150) > 3)[2:6],
        lambda x: pickle.loads(pickle.dumps(x)),
    ]
    for look in looks:
        assert same(look(stored).clone(), look(plain))
    assert isinstance(stored[3:5], StoredRows)
    assert not isinstance(stored[torch.tensor([1])], StoredRows)
    assert (stored.numpy() == values).all()
    assert "150" in repr(stored)
    if kind == HALF:
        assert torch.allclose(mean_of(stored), plain.float().mean(0), atol=1e-6)
        assert torch.allclose(spread_of(stored), plain.float().std(0), atol=1e-6)


def test_a_row_that_bytes_cannot_hold_widens_the_file(tmp_path: Path) -> None:
    values = np.concatenate([GREYS, np.full((1, 1, 5), np.nan, np.float16), np.full((1, 1, 5), -0.0, np.float16)])
    stored = rows_of(tmp_path / "a.rows", values)
    assert (stored.numpy().view(np.uint16) == values.view(np.uint16)).all()
    assert [each.name for each in tmp_path.iterdir()] == ["a.rows"]


def test_a_changed_file_is_no_data(tmp_path: Path) -> None:
    stored = rows_of(tmp_path / "a.rows", NUMBERS)
    with (tmp_path / "a.rows").open("r+b") as opened:
        opened.seek(12 * 7)
        opened.write(b"\xff")
    assert same(stored[6], torch.from_numpy(NUMBERS[6]))
    with pytest.raises(DataError, match=r"a\.rows in the cache is damaged"):
        stored[7]


def assert_same(one: Samples, other: Samples) -> None:
    assert (one.ids, one.groups) == (other.ids, other.groups)
    assert same(one.present, other.present)
    assert same(one.target.clone(), other.target)
    first, second = one.batch(range(len(one))), other.batch(range(len(other)))
    for name in other.inputs:
        assert same(first.inputs[name], second.inputs[name])
        assert same(one.inputs[name].clone(), other.inputs[name])


def test_a_split_on_disk_holds_what_it_holds_in_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = {split: task_class(folder)().samples(split) for split in ("train", "valid", "test")}
    assert not any(isinstance(value, StoredRows) for each in held.values() for value in each.inputs.values())
    on_disk(monkeypatch)
    for split, expected in held.items():
        found = task_class(folder)().samples(split)  # type: ignore[arg-type]
        assert isinstance(found.inputs["photo"], StoredRows)
        assert not isinstance(found.inputs["numbers"], StoredRows)  # what fits stays in memory
        assert_same(found, expected)
        assert_same(found.take(2), expected.take(2))
        assert_same(found.at([1, 0]), expected.at([1, 0]))


def test_a_copied_folder_is_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk(monkeypatch)
    expected = task_class(folder)().samples("train")
    copy = Path(shutil.copytree(folder, folder.with_name("copy")))
    os.utime(copy / "1.png", (0, 0))
    cached_splits.forget()
    monkeypatch.setattr(stored_split, "_built", lambda *given: pytest.fail("it was read again"))
    assert_same(task_class(copy)().samples("train"), expected)


def test_files_that_were_lost_or_cut_are_made_again_and_old_ones_go(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk(monkeypatch)
    cache = folder.parent / "cache"
    task_class(folder)().samples("train")
    for damage in (Path.unlink, lambda path: os.truncate(path, 3)):
        for path in cache.glob("*.rows"):
            damage(path)
        cached_splits.forget()
        assert len(task_class(folder)().samples("train").batch([0])) == 1
    for shade in range(4):
        (folder / "0.png").write_bytes(png(np.full((8, 8), shade, np.uint8)))
        cached_splits.forget()
        task_class(folder)().samples("train")
    assert len(list(cache.glob("pair-train-*.rows"))) == 2
    assert not list(cache.glob("*.part"))


def trained(
    folder: Path, run: Path | None, epochs: int, most: int | None = None
) -> tuple[list[dict[str, float]], bytes]:
    """The losses of the epochs and the weights at their end, of a training that may stop after `most` epochs."""
    task = task_class(folder)()
    torch.manual_seed(0)
    method = METHODS["mmanet"](task.info, METHODS["mmanet"].Config())
    teacher = METHODS["joint"](task.info, METHODS["joint"].Config())
    splits = (task.samples(split) for split in ("train", "valid"))
    modalities = task.info.modalities
    gaps = [with_gaps(each, modalities, dict.fromkeys(modalities.names, 0.3), 0) for each in splits]
    plan, place = Plan(epochs=epochs, batch_size=8), torch.device("cpu")
    trainer = Trainer(task, method, plan, 0, run, place, {"joint": teacher}, *gaps)
    losses = [dict(progress.losses) for progress in islice(trainer.epochs(), most)]
    found = sweep(method, gaps[1])
    weights = b"".join(value.numpy().tobytes() for value in method.state_dict().values())
    return losses, weights + found.logits.tobytes() + found.target.tobytes()


def test_a_training_from_disk_is_that_from_memory_with_any_workers_and_resumes_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    cached_splits.forget()
    folder = lesions(tmp_path / "lesions")
    expected = trained(folder, None, 2)
    on_disk(monkeypatch)
    assert isinstance(task_class(folder)().samples("train").target, StoredRows)
    assert trained(folder, None, 2) == expected
    monkeypatch.setenv("MMLAB_WORKERS", "2")
    assert trained(folder, None, 2) == expected
    first, _ = trained(folder, tmp_path / "run", 2, most=1)
    monkeypatch.setenv("MMLAB_WORKERS", "1")
    rest, end = trained(folder, tmp_path / "run", 2)
    assert (first + rest, end) == expected


def test_a_number_of_workers_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_WORKERS", "many")
    with pytest.raises(MmlabError, match="MMLAB_WORKERS is 'many'"):
        workers()


def test_a_full_disk_is_said_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk(monkeypatch)

    def full(writer: RowWriter, values: np.ndarray) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(writer.path))

    monkeypatch.setattr(RowWriter, "add", full)
    with pytest.raises(StorageError, match="There is no room left on the disk"):
        task_class(folder)().samples("train")
    assert not list((folder.parent / "cache").glob("*.part"))
    assert not list((folder.parent / "cache").glob("*.rows"))


LIMITED = """
import resource, sys
from dataclasses import replace
from pathlib import Path
import numpy as np, torch
from mmlab.core.batch import Samples
from mmlab.core.method import METHODS
from mmlab.core.modality import Modalities
from mmlab.core.stored_rows import StoredRows
from mmlab.core.task import TaskInfo
from mmlab.core.training_plan import Plan
from mmlab.storage.row_file import RowFile, RowWriter
from mmlab.testing.toy_task import ToyTask
from mmlab.training.batches import workers
from mmlab.training.loop import Trainer

WIDE, LIMIT = 4096, 24 * 2**20
task = ToyTask("classification")
few = task.samples("train")
first, *others = task.info.modalities
task.info = TaskInfo(
    "toy", Modalities([replace(first, shape=(WIDE,)), *others]), task.info.output
)

def split(name, count):
    rng, writer = np.random.default_rng(0), RowWriter(Path(sys.argv[1]) / (name + ".rows"), (WIDE,))
    target = torch.arange(count) % 2
    for label in target.tolist():
        writer.add(rng.normal(label, 1, WIDE).astype(np.float16))
    rows = torch.arange(count) % len(few)
    inputs = {key: value[rows] for key, value in few.inputs.items()}
    inputs[first.name] = StoredRows(RowFile.of(writer.path, writer.done()))
    return Samples(inputs, few.present[rows], target, tuple(map(str, range(count))), tuple(map(str, range(count))))

def trained(training):
    torch.manual_seed(0)
    made = METHODS["dropout"](task.info, METHODS["dropout"].Config())
    plan = Plan(epochs=1, batch_size=64, augment=False)
    trainer = Trainer(task, made, plan, 0, None, torch.device("cpu"), {}, training, training.take(64))
    return [progress.losses for progress in trainer.epochs()]

trained(split("small", 256))  # what torch takes once
size = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize")) * 1024
resource.setrlimit(resource.RLIMIT_AS, (size + LIMIT, size + LIMIT))
large = split("large", 4 * LIMIT // (2 * WIDE) + 64)
assert large.inputs[first.name].nbytes > 4 * LIMIT
assert np.isfinite(trained(large)[0]["task"])
try:
    large.inputs[first.name].clone()
except (MemoryError, RuntimeError):
    print("trained, and it would not have fitted")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits on memory are those of Linux")
def test_a_training_needs_no_memory_for_its_data(tmp_path: Path) -> None:
    """Four times as many bytes of data as the memory that the process may still take."""
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    # A heap for each thread takes addresses, though not memory, and the limit counts addresses
    one_heap = {**os.environ, "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=one_heap, capture_output=True, text=True, timeout=600)
    assert done.stdout == "trained, and it would not have fitted\n", done.stderr
