"""A checkpoint as one file: what goes out comes back; what is hostile, foreign or broken leaves nothing."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
from safetensors import safe_open

from mmlab.core.errors import MmlabError
from mmlab.core.results import Sweep
from mmlab.core.task import TASKS
from mmlab.experiments import model_archive
from mmlab.storage import sweep_file
from mmlab.storage.checkpoints import MODEL, PROGRESS, REPORT, SWEEP, load
from mmlab.storage.library import Library
from tests.library import untrained
from tests.test_reports import KEYS, report

NAME = ("digits", "joint", "seed0")
Parts = dict[str, bytes]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library with one complete checkpoint: model, report, sweep and log."""
    root = tmp_path_factory.mktemp("shelf")
    folder = Path(untrained(root, "digits", "joint")[0].path)
    digest = hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
    (folder / REPORT).write_text(json.dumps({**report(0, 0.5), "digest": digest}))
    sweep_file.write(folder, answers(digest))
    (folder / PROGRESS).write_text('{"epoch": 0, "epochs": 1}\n')
    return Library(root)


def answers(digest: str, count: int = 20) -> Sweep:
    rng = np.random.default_rng(0)
    names = tuple(f"test-{i:04d}" for i in range(count))
    present = np.ones((count, 3), bool)
    logits, mean = rng.normal(size=(7, count, 10)), rng.normal(size=(7, count, 4))
    return Sweep(tuple(KEYS), logits, mean, None, rng.integers(0, 10, count), present, names, names, digest)


@pytest.fixture
def empty(tmp_path: Path) -> Library:
    return Library(tmp_path / "empty")


def parts_of(content: bytes) -> Parts:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {item.filename: archive.read(item) for item in archive.infolist()}


def zipped(parts: Parts, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", kind) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def with_card(model: bytes, change: Callable[[dict], object], folder: Path) -> bytes:
    """The same weights under a changed card."""
    file = folder / "changed"
    file.write_bytes(model)
    with safe_open(str(file), framework="pt") as opened:
        card = json.loads(opened.metadata()["mmlab"])
    change(card)
    return safetensors.torch.save(safetensors.torch.load(model), {"mmlab": json.dumps(card)})


def test_what_goes_out_comes_back(shelf: Library, empty: Library) -> None:
    content = model_archive.export(shelf, *NAME)
    assert content == model_archive.export(shelf, *NAME)
    arrived = model_archive.import_model(empty, content)
    assert (arrived.task, arrived.method, arrived.tag) == NAME
    for name in (MODEL, REPORT, PROGRESS):
        assert (empty.folder(*NAME) / name).read_bytes() == (shelf.folder(*NAME) / name).read_bytes()
    there, back = (np.load(library.folder(*NAME) / SWEEP, allow_pickle=False) for library in (shelf, empty))
    assert there.files == back.files
    assert all(np.array_equal(there[name], back[name]) for name in there.files)
    assert [found.name for found in empty.references()] == ["digits/joint/seed0"]
    assert sorted(path.name for path in empty.folder(*NAME).parent.iterdir()) == ["seed0"]
    load(empty.folder(*NAME))


def test_a_bare_model_is_enough_and_another_name_can_be_given(shelf: Library, empty: Library) -> None:
    parts = parts_of(model_archive.export(shelf, *NAME))
    assert model_archive.import_model(empty, zipped({MODEL: parts[MODEL]})).tag == "imported"
    assert model_archive.import_model(empty, zipped(parts), "mine").tag == "mine"


def test_nothing_is_replaced_without_being_asked(shelf: Library, empty: Library) -> None:
    content = model_archive.export(shelf, *NAME)
    model_archive.import_model(empty, content)
    mark = empty.folder(*NAME) / "mark"
    mark.touch()
    with pytest.raises(model_archive.NameTaken):
        model_archive.import_model(empty, content)
    assert mark.exists()
    model_archive.import_model(empty, content, replace=True)
    assert not mark.exists()
    (empty.folder(*NAME) / "resume.safetensors").touch()
    with pytest.raises(MmlabError, match="trained"):
        model_archive.import_model(empty, content, replace=True)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/model.safetensors", "evil.py", "model.safetensors/../x"])
def test_no_other_file_and_no_path_gets_in(name: str, shelf: Library, empty: Library) -> None:
    parts = parts_of(model_archive.export(shelf, *NAME))
    with pytest.raises(MmlabError, match="not an exported model"):
        model_archive.import_model(empty, zipped({**parts, name: b"x"}))
    assert not empty.root.exists()


@pytest.mark.parametrize("tag", ["../../evil", ".hidden", "", "a/b", "x" * 61, "a b", 3, None])
def test_the_name_inside_cannot_leave_the_library(tag: object, shelf: Library, empty: Library) -> None:
    parts = parts_of(model_archive.export(shelf, *NAME))
    with pytest.raises(MmlabError) if tag != 3 and tag is not None else pytest.MonkeyPatch.context():
        model_archive.import_model(empty, zipped({**parts, model_archive.NAMES: json.dumps({"tag": tag}).encode()}))
    written = [path for path in empty.root.rglob("*") if path.is_file()] if empty.root.exists() else []
    assert all(path.parent.parent.name == "joint" for path in written)


def test_a_bomb_is_refused_before_it_is_unpacked(shelf: Library, empty: Library) -> None:
    parts = parts_of(model_archive.export(shelf, *NAME))
    for name in (MODEL, REPORT, model_archive.NAMES):
        bomb = zipped({**parts, name: bytes(model_archive.LARGEST[name] + 1)})
        assert len(bomb) < 2**20
        with pytest.raises(MmlabError, match="too large"):
            model_archive.import_model(empty, bomb)
    with pytest.raises(MmlabError, match="larger than 64 MB"):
        model_archive.import_model(empty, bytes(model_archive.LARGEST_UPLOAD + 1))
    with pytest.raises(MmlabError, match="locked"):
        model_archive.import_model(empty, zipped(parts, zipfile.ZIP_LZMA))


def test_a_lie_about_the_size_is_found(shelf: Library, empty: Library) -> None:
    parts = {**parts_of(model_archive.export(shelf, *NAME)), REPORT: bytes(10 * 2**20)}
    honest = zipped(parts)
    lie = honest.replace((10 * 2**20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lie != honest
    with pytest.raises(MmlabError, match="damaged"):
        model_archive.import_model(empty, lie)


def npz(**arrays: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.savez_compressed(target, **arrays)
    return target.getvalue()


def huge_shape() -> bytes:
    """An array that says it has 10^12 numbers, and has none."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**6)})
    return zipped({"logits.npy": header.getvalue()})


def test_stored_answers_are_bounded_and_must_fit(
    shelf: Library, empty: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(model_archive.export(shelf, *NAME))
    digest = hashlib.sha256(parts[MODEL]).hexdigest()
    sweep_file.write(tmp_path, answers("of another"))
    other = (tmp_path / SWEEP).read_bytes()
    small = answers(digest)
    sweep_file.write(tmp_path, Sweep(**{**vars(small), "logits": small.logits[:, :, :5]}))
    wrong = (tmp_path / SWEEP).read_bytes()
    pickled = npz(version=np.array([{}], dtype=object))
    for content in (other, wrong, pickled, huge_shape(), b"", b"PK", parts[SWEEP][:200]):
        with pytest.raises(MmlabError):
            model_archive.import_model(empty, zipped({**parts, SWEEP: content}))
    monkeypatch.setattr(model_archive, "LARGEST_SWEEP", 100)
    with pytest.raises(MmlabError, match="too large"):
        model_archive.import_model(empty, zipped(parts))
    assert not empty.root.exists()


def test_broken_files_are_refused(shelf: Library, empty: Library) -> None:
    content = model_archive.export(shelf, *NAME)
    parts = parts_of(content)
    for broken in (b"", b"PK\x03\x04", content[:-100], content[: len(content) // 2], b"\x89PNG" + content[4:1000]):
        with pytest.raises(MmlabError):
            model_archive.import_model(empty, broken)
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0xFF
    with pytest.raises(MmlabError):
        model_archive.import_model(empty, bytes(flipped))
    deep = b"[" * 100_000
    for name, part in {REPORT: b"{", PROGRESS: b"{\n", model_archive.NAMES: b"[]", MODEL: b"x" * 100}.items():
        for bad in (part, deep if name != MODEL else b""):
            with pytest.raises(MmlabError):
                model_archive.import_model(empty, zipped({**parts, name: bad}))
    assert not empty.root.exists()


def test_a_report_of_another_model_is_refused(shelf: Library, empty: Library) -> None:
    parts = parts_of(model_archive.export(shelf, *NAME))
    found = json.loads(parts[REPORT])
    for change in ({"digest": "0" * 64}, {"sources": {"built-in": {}}}, {"headline": "<b>"}, {"card": None}):
        with pytest.raises(MmlabError, match="report"):
            model_archive.import_model(empty, zipped({**parts, REPORT: json.dumps({**found, **change}).encode()}))


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card.update(method="../x"),
        lambda card: card.update(method=["joint"]),
        lambda card: card.update(task=None),
        lambda card: card["task"].update(name="unknown"),
        lambda card: card["task"]["modalities"][0].update(shape=[1, 10**6, 10**6]),
        lambda card: card.update(config={"nothing": 1}),
        lambda card: card.update(method="dmrnet"),
        lambda card: card.update(format=99),
    ],
    ids=["path", "list", "no task", "unknown task", "huge", "option", "other method", "version"],
)
def test_a_card_is_checked_before_a_network_is_built(
    change: Callable[[dict], object], shelf: Library, empty: Library, tmp_path: Path
) -> None:
    parts = parts_of(model_archive.export(shelf, *NAME))
    with pytest.raises(MmlabError):
        model_archive.import_model(empty, zipped({MODEL: with_card(parts[MODEL], change, tmp_path)}))
    assert not empty.root.exists()


def test_a_model_of_another_program_is_refused(empty: Library) -> None:
    import torch

    foreign = safetensors.torch.save({"weight": torch.zeros(3)}, {"format": "pt"})
    with pytest.raises(MmlabError):
        model_archive.import_model(empty, zipped({MODEL: foreign}))


def test_deleting_leaves_nothing(shelf: Library, empty: Library) -> None:
    model_archive.import_model(empty, model_archive.export(shelf, *NAME))
    model_archive.delete(empty, *NAME)
    assert list((empty.root / "digits" / "joint").iterdir()) == []
    model_archive.delete(empty, *NAME)
    with pytest.raises(MmlabError):
        model_archive.delete(empty, "digits", "..", "seed0")
    with pytest.raises(MmlabError):
        model_archive.export(empty, *NAME)


def test_the_task_of_the_card_is_the_task_that_is_here() -> None:
    assert model_archive._plain(TASKS["digits"].info.card())["name"] == "digits"
