"""Checkpoints and sweeps: what is written comes back; what is damaged, foreign or out of place is refused."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from safetensors import safe_open

from mmlab.core.errors import CheckpointError, MmlabError, StorageError
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Modalities
from mmlab.core.options import as_dict, build
from mmlab.core.results import Sweep
from mmlab.inference.sweep import metrics, sweep
from mmlab.storage import checkpoints, large_sweep, sweep_file
from mmlab.storage.library import Library
from mmlab.testing.toy_task import OUTPUTS, ToyTask

TASK = ToyTask()


def made(name: str = "dmrnet", kind: str = "classification") -> Method:
    torch.manual_seed(0)
    method = METHODS[name](ToyTask(kind).info, build(METHODS[name].Config, {}))
    for buffer in method.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    return method.eval()


def card(method: Method, name: str = "dmrnet") -> dict[str, Any]:
    return {"task": method.info.card(), "method": name, "config": as_dict(method.config)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A library with one sound checkpoint in it; the folder of that checkpoint."""
    path = tmp_path / "toy" / "dmrnet" / "seed0"
    method = made()
    checkpoints.save(path, method, card(method))
    return path


@pytest.mark.parametrize("kind", list(OUTPUTS))
@pytest.mark.parametrize("name", list(METHODS))
def test_a_loaded_model_gives_the_same_answers(name: str, kind: str, tmp_path: Path) -> None:
    if kind not in METHODS[name].supports:
        pytest.skip(f"{name} does not do {kind}")
    method = made(name, kind)
    checkpoints.round_to_half(method)
    digest = checkpoints.save(tmp_path / name, method, card(method, name))
    loaded = checkpoints.load(tmp_path / name)
    assert loaded.digest == digest
    assert loaded.card["method"] == name
    assert (loaded.method.info, loaded.method.config) == (method.info, method.config)
    assert not loaded.method.training
    test = ToyTask(kind).samples("test")
    before, after = sweep(method, test), sweep(loaded.method, test)
    np.testing.assert_array_equal(before.logits, after.logits)
    np.testing.assert_array_equal(before.mean, after.mean)


def test_a_card_is_read_from_the_header_alone(folder: Path) -> None:
    file = folder / checkpoints.MODEL
    found = checkpoints.read_card(folder)
    assert found["format"] == checkpoints.FORMAT
    with safe_open(str(file), framework="pt") as opened:
        assert json.loads(opened.metadata()["mmlab"]) == found


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _no_header(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _text(file: Path) -> None:
    file.write_text("this is not a model, it is a letter\n" * 50)


def _huge_header(file: Path) -> None:
    file.write_bytes((2**62).to_bytes(8, "little") + b"{}")


def _foreign(file: Path) -> None:
    file.write_bytes(safetensors.torch.save({"weight": torch.zeros(3)}, {"format": "pt"}))


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _missing(file: Path) -> None:
    file.rename(file.with_name(f".{file.name}.123"))


DAMAGE = [_truncate, _no_header, _empty, _text, _huge_header, _foreign, _folder, _missing]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda each: each.__name__.strip("_"))
def test_a_damaged_checkpoint_is_refused_with_a_sentence(damage: Callable[[Path], None], folder: Path) -> None:
    damage(folder / checkpoints.MODEL)
    for open_it in (checkpoints.read_card, checkpoints.load):
        with pytest.raises(CheckpointError) as caught:
            open_it(folder)
        assert caught.value.message.startswith("The checkpoint toy/dmrnet/seed0")
        assert caught.value.hint
        assert str(folder.parent) not in str(caught.value)


def _rewritten(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Give a checkpoint another card and leave its weights."""
    found = checkpoints.read_card(file.parent)
    change(found)
    file.write_bytes(safetensors.torch.save(safetensors.torch.load_file(str(file)), {"mmlab": json.dumps(found)}))


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"method": "nobody"},
        {"method": "joint"},
        {"method": 7},
        {"method": None},
        {"config": {"kl": "much"}},
        {"config": {"alpha": "much"}},
        {"config": {"nonsense": 1}},
        {"config": None},
        {"config": [1]},
        {"task": None},
        {"task": {"name": "toy"}},
        {"task": {"name": "toy", "modalities": [], "output": None}},
        {"task": {"name": "toy", "modalities": [{"name": "../x"}], "output": {}}},
        {"task": {"name": "toy", "modalities": "ab", "output": {"kind": "classification"}}},
        {"task": {**TASK.info.card(), "output": {"kind": "poem"}}},
        {"task": {**TASK.info.card(), "output": "classification"}},
        {"task": {**TASK.info.card(), "output": {"kind": "classification", "classes": 5}}},
        {"task": ToyTask(count=2).info.card()},
    ],
    ids=str,
)
def test_a_card_that_does_not_fit_is_refused(change: dict[str, Any], folder: Path) -> None:
    _rewritten(folder / checkpoints.MODEL, lambda found: found.update(change))
    with pytest.raises(CheckpointError, match="The checkpoint toy/dmrnet/seed0"):
        checkpoints.load(folder)


def test_one_damaged_checkpoint_hides_no_other(folder: Path) -> None:
    other = folder.parent / "seed1"
    checkpoints.save(other, made(), card(made()))
    _truncate(folder / checkpoints.MODEL)
    first, second = Library(folder.parents[2]).entries()
    assert isinstance(first.problem, MmlabError)
    assert second.problem is None
    assert second.card["method"] == "dmrnet"


def test_a_half_written_folder_is_no_checkpoint(folder: Path) -> None:
    unfinished = folder.parent / "seed1"
    unfinished.mkdir()
    (unfinished / f".{checkpoints.MODEL}.77").write_bytes(b"half")
    (unfinished / checkpoints.PROGRESS).write_text("{}\n")
    assert [reference.tag for reference in Library(folder.parents[2]).references()] == ["seed0"]


@pytest.mark.parametrize("part", ["..", ".", "", "a/b", "/etc", "..\\x", "a\0b", ".hidden", "a b", "x\n", "*"])
def test_a_name_cannot_leave_the_library(part: str, tmp_path: Path) -> None:
    library = Library(tmp_path)
    for names in ((part, "dmrnet", "seed0"), ("toy", part, "seed0"), ("toy", "dmrnet", part)):
        with pytest.raises(CheckpointError, match="cannot name a checkpoint"):
            library.folder(*names)


def test_writing_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.json"
    checkpoints.write_json(file, {"good": 1})
    monkeypatch.setattr("os.replace", _killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.write_json(file, {"good": 2})
    assert checkpoints.read_json(file) == {"good": 1}


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", None])
def test_a_damaged_report_is_a_sentence(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CheckpointError, match="missing or damaged"):
        checkpoints.read_json(file)


# sweeps


@pytest.fixture(scope="module")
def found() -> Sweep:
    narrow = METHODS["dmrnet"](TASK.info, build(METHODS["dmrnet"].Config, {"embedding": 64}))
    return sweep(narrow, TASK.samples("test"), digest="abc")


def test_a_sweep_comes_back_within_its_error(found: Sweep, tmp_path: Path) -> None:
    sweep_file.write(tmp_path, found)
    back = sweep_file.read(tmp_path, "abc")
    assert (back.combinations, back.ids, back.groups, back.digest) == (
        found.combinations,
        found.ids,
        found.groups,
        "abc",
    )
    np.testing.assert_array_equal(back.target, found.target)
    np.testing.assert_array_equal(back.present, found.present)
    np.testing.assert_allclose(back.logits, found.logits, rtol=2**-10, atol=1.001 / 2 / sweep_file.FINEST)
    assert found.variance is not None
    assert back.variance is not None
    for stored, true in ((back.mean, found.mean), (back.variance, found.variance)):
        reach = np.ptp(true, axis=(0, 1))
        assert np.all(np.abs(stored - true) <= reach / 2 / (sweep_file.LEVELS - 1) * 1.001 + 1e-6)


def test_a_wide_embedding_is_kept_by_its_principal_directions(found: Sweep, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    lines = generator.normal(size=(20, 512)).astype(np.float32)
    mean = generator.normal(size=(*found.mean.shape[:2], 20)).astype(np.float32) @ lines + 3
    sweep_file.write(tmp_path, replace(found, mean=mean, variance=np.exp(mean / 10)))
    back = sweep_file.read(tmp_path, "abc")
    assert back.variance is not None
    assert back.variance.shape == back.mean.shape == mean.shape
    assert back.variance.min() >= 0
    assert np.linalg.norm(back.mean - mean) < 0.06 * np.linalg.norm(mean - mean.mean((0, 1)))
    sizes = {name: each.shape for name, each in np.load(tmp_path / checkpoints.SWEEP).items()}
    assert sizes["mean"] == (*mean.shape[:2], sweep_file.DIRECTIONS)


def test_steps_along_principal_directions_are_of_one_size(found: Sweep, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    spread = 10.0 ** -np.arange(20)  # nearly all lies along one direction
    along = generator.normal(size=(*found.mean.shape[:2], 20)) * spread
    mean = (along @ generator.normal(size=(20, 512))).astype(np.float32)
    sweep_file.write(tmp_path, replace(found, mean=mean, variance=None))
    stored = np.load(tmp_path / checkpoints.SWEEP)
    assert len(set(stored["mean_scale"].tolist())) == 1
    assert stored["mean"].max() == sweep_file.STEPS - 1
    assert stored["mean"][..., 3:].max() == 0, "where less than a step varies, nothing is stored"


def test_directions_that_do_not_fit_their_embedding_are_refused(found: Sweep, tmp_path: Path) -> None:
    wide = np.repeat(found.mean, 8, axis=2)
    sweep_file.write(tmp_path, replace(found, mean=wide, variance=None))
    file = tmp_path / checkpoints.SWEEP
    for name, shape in (("mean_basis", (512, 47)), ("mean_basis", (2**20, 48)), ("mean_middle", (511,))):
        arrays = dict(np.load(file).items())
        np.savez(file, **{**arrays, name: np.zeros(shape, np.float16)})
        with pytest.raises(CheckpointError, match="missing or damaged"):
            sweep_file.read(tmp_path, "abc")
        np.savez(file, **arrays)


def test_a_sweep_of_constants_and_without_variance(found: Sweep, tmp_path: Path) -> None:
    flat = replace(found, mean=np.full_like(found.mean, 2.5), variance=None)
    sweep_file.write(tmp_path, flat)
    back = sweep_file.read(tmp_path, "abc")
    assert back.variance is None
    np.testing.assert_allclose(back.mean, 2.5, atol=1e-6)


def test_a_sweep_of_another_checkpoint_is_refused(found: Sweep, tmp_path: Path) -> None:
    sweep_file.write(tmp_path, found)
    with pytest.raises(CheckpointError, match="belongs to another checkpoint"):
        sweep_file.read(tmp_path, "another")


def _pickled(file: Path) -> None:
    with file.open("wb") as target:
        np.savez(target, version=np.array({"run": "me"}, dtype=object))


@pytest.mark.parametrize("damage", [_truncate, _no_header, _empty, _text, _missing, _folder, _pickled])
def test_a_damaged_sweep_is_refused(damage: Callable[[Path], None], found: Sweep, tmp_path: Path) -> None:
    sweep_file.write(tmp_path, found)
    damage(tmp_path / checkpoints.SWEEP)
    with pytest.raises(CheckpointError, match="missing or damaged"):
        sweep_file.read(tmp_path, "abc")


def test_any_flipped_byte_is_noticed_or_harmless(found: Sweep, tmp_path: Path) -> None:
    """Never anything but a sweep of the right shape or a sentence."""
    sweep_file.write(tmp_path, found)
    content = (tmp_path / checkpoints.SWEEP).read_bytes()
    for position in np.random.default_rng(0).integers(0, len(content), 60).tolist():
        broken = bytearray(content)
        broken[position] ^= 0xFF
        (tmp_path / checkpoints.SWEEP).write_bytes(bytes(broken))
        try:
            assert sweep_file.read(tmp_path, "abc").logits.shape == found.logits.shape
        except CheckpointError:
            continue


@pytest.fixture
def large(found: Sweep, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """A sweep twice as large as what a file may hold."""
    monkeypatch.setattr(sweep_file, "MOST_VALUES", (found.logits.size + 2 * found.mean.size) // 2)
    return found


def test_a_sweep_that_is_too_large_for_its_file_is_kept_whole_beside_it(large: Sweep, tmp_path: Path) -> None:
    sweep_file.write(tmp_path, large)
    whole = sweep_file.read_whole(tmp_path, "abc")
    assert (whole.ids, whole.groups, whole.combinations) == (large.ids, large.groups, large.combinations)
    assert whole.drawn_from == 0
    assert large.variance is not None
    assert whole.variance is not None
    np.testing.assert_array_equal(whole.logits, large.logits)
    np.testing.assert_allclose(whole.mean, large.mean, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(whole.variance, large.variance, rtol=1e-3, atol=1e-6)


def test_the_file_holds_samples_that_are_drawn_and_says_from_how_many(large: Sweep, tmp_path: Path) -> None:
    sweep_file.write(tmp_path, large)
    few = sweep_file.read(tmp_path, "abc")
    assert len(few.ids) == len(large.ids) // 2
    assert few.drawn_from == len(large.ids)
    rows = [large.ids.index(name) for name in few.ids]
    assert rows == sorted(rows)
    np.testing.assert_array_equal(few.target, large.target[rows])
    np.testing.assert_allclose(few.logits, large.logits[:, rows], rtol=2**-10, atol=1.001 / 2 / sweep_file.FINEST)


def test_methods_with_and_without_variance_are_drawn_alike(large: Sweep) -> None:
    assert sweep_file.drawn(large).ids == sweep_file.drawn(replace(large, variance=None)).ids


def test_what_a_larger_measurement_left_is_removed_by_a_smaller_one(large: Sweep, tmp_path: Path) -> None:
    sweep_file.write(tmp_path, large)
    sweep_file.write(tmp_path, large.of_rows([0, 1]))
    assert not (tmp_path / large_sweep.FOLDER).exists()
    assert len(sweep_file.read_whole(tmp_path, "abc").ids) == 2


@pytest.mark.parametrize("name", ["rows.npz", "logits.npy", "mean.npy"])
def test_a_large_sweep_that_was_cut_short_is_refused(name: str, large: Sweep, tmp_path: Path) -> None:
    sweep_file.write(tmp_path, large)
    _truncate(tmp_path / large_sweep.FOLDER / name)
    with pytest.raises(CheckpointError, match="to all samples are damaged"):
        sweep_file.read_whole(tmp_path, "abc")


def test_a_large_sweep_of_other_weights_is_not_taken(large: Sweep, tmp_path: Path) -> None:
    sweep_file.write(tmp_path, large)
    sweep_file._write(tmp_path, replace(sweep_file.drawn(large), digest="new"), exact=False)
    assert sweep_file.read_whole(tmp_path, "new").drawn_from == len(large.ids)


def test_a_large_sweep_of_another_task_is_refused_as_a_small_one_is(large: Sweep, tmp_path: Path) -> None:
    sweep_file.write(tmp_path, large)
    assert len(sweep_file.read_whole(tmp_path, "abc", TASK.info).ids) == len(large.ids)
    with pytest.raises(CheckpointError, match="over all samples cannot be used: it was made for other answers"):
        large_sweep.read(tmp_path, "abc", ToyTask("regression").info)
    fewer = list(TASK.info.modalities)[:2]
    with pytest.raises(CheckpointError, match="other inputs than the task has"):
        large_sweep.read(tmp_path, "abc", replace(TASK.info, modalities=Modalities(fewer)))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"logits": np.nan}, "not a finite number"),
        ({"target": 99}, "a right answer in it is none of the task's"),
        ({"ids": 3}, "are damaged"),
    ],
)
def test_a_large_sweep_that_is_not_as_it_says_is_refused(
    changes: dict[str, float], why: str, large: Sweep, tmp_path: Path
) -> None:
    """Each of its files is sound by itself."""
    sweep_file.write(tmp_path, large)
    logits, target, ids = large.logits.copy(), large.target.copy(), large.ids
    logits[0, 0, 0] = changes.get("logits", 0)
    target[0] = changes.get("target", 0)
    ids = ids[: int(changes.get("ids", len(ids)))]
    large_sweep.write(tmp_path, replace(large, logits=logits, target=target, ids=ids))
    with pytest.raises(CheckpointError, match=why):
        sweep_file.read_whole(tmp_path, "abc", TASK.info)


def test_all_samples_are_those_that_the_file_was_drawn_from(large: Sweep, tmp_path: Path) -> None:
    sweep_file.write(tmp_path, large)
    large_sweep.write(tmp_path, large.of_rows(range(len(large.ids) - 1)))
    with pytest.raises(CheckpointError, match=f"it is not of {len(large.ids):,} samples"):
        sweep_file.read_whole(tmp_path, "abc", TASK.info)


def test_answers_on_disk_are_those_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    method, samples = made(), TASK.samples("test")
    in_memory = sweep(method, samples)
    monkeypatch.setattr("mmlab.inference.sweep.HELD", 1)
    on_disk = sweep(method, samples)
    assert isinstance(on_disk.logits, np.memmap)
    for name in ("logits", "mean", "variance"):
        np.testing.assert_array_equal(getattr(on_disk, name), getattr(in_memory, name))
    assert metrics(on_disk, method.output, method.modalities) == metrics(in_memory, method.output, method.modalities)


def test_a_disk_that_has_no_room_for_the_answers_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mmlab.inference.sweep.HELD", 1)
    monkeypatch.setattr("os.posix_fallocate", full, raising=False)
    with pytest.raises(StorageError, match="have no room on disk"):
        sweep(made(), TASK.samples("test"))


def test_a_sweep_without_embeddings_has_the_same_answers() -> None:
    method, samples = made(), TASK.samples("test")
    whole, short = sweep(method, samples), sweep(method, samples, embeddings=False)
    np.testing.assert_array_equal(short.logits, whole.logits)
    assert short.mean.shape == (*whole.mean.shape[:2], 0)
    assert whole.variance is not None
    assert short.variance is not None
    np.testing.assert_allclose(short.variance[..., 0], whole.variance.mean(2), rtol=1e-5)
