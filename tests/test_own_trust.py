"""No upload, address, card, zip or folder can name code: files of Python run only because a person names them."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlab.cli.app import main
from mmlab.core.errors import MmlabError
from mmlab.core.task import TASKS
from mmlab.experiments.model_archive import import_model
from mmlab.inference.predictor import Model
from mmlab.storage.checkpoints import MODEL
from mmlab.storage.library import Library
from mmlab.tasks.custom import example_folder
from mmlab.tasks.custom.locations import name_of
from tests.test_bundle import zipped
from tests.test_folder_everywhere import Visitor
from tests.test_own_everywhere import PAIR

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No models, folders and caches but those of the test."""
    for name in ("MODELS", "FOLDERS"):
        monkeypatch.setenv(f"MMLAB_{name}", "")
    for name in ("CACHE", "CHECKPOINTS", "DATA"):
        monkeypatch.setenv(f"MMLAB_{name}", str(tmp_path / name.lower()))


@pytest.fixture
def measured(alone: None, tmp_path: Path) -> bytes:
    """The checkpoint of a registered model."""
    file = tmp_path / "pair.py"
    file.write_text(PAIR.format(weights=0.0))
    assert main(["measure", str(file)]) == 0
    return (Path(Library().find("mine", "mine").path) / MODEL).read_bytes()


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Path]:
    """A Python file that must never run."""
    file, flag = tmp_path / "trap.py", tmp_path / "ran"
    file.write_text(f"import mmlab\nopen({str(flag)!r}, 'w').close()\nmmlab.register('trap', print, inputs=['x'])\n")
    yield file
    assert not flag.exists()


def test_no_card_and_no_address_can_name_code(
    measured: bytes, trap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card that names a file and a method that nobody registered is data: nothing of it runs."""
    content = measured
    assert b"pair.py" in content
    root = tmp_path / "checkpoints" / "digits" / "dropout" / "seed0"
    root.mkdir(parents=True)
    (root / MODEL).write_bytes(content.replace(b"pair.py", b"trap.py"))
    for name in ("mmlab_models.py", "digits/__init__.py", "digits/dropout/seed0/model.py"):
        (tmp_path / "checkpoints" / name).write_text(trap.read_text())
    monkeypatch.setenv("MMLAB_MODELS", "")
    for reference in Library().references():
        with pytest.raises(MmlabError):
            Model.open(reference)
    visitor = Visitor(str(trap))
    fields = dict.fromkeys(("methods", "sample", "run", "model", "models", "file", "MMLAB_MODELS"), str(trap))
    visitor.read("predict", **fields)
    visitor.read("library", **fields)


def test_no_zip_can_name_code(measured: bytes, trap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = measured
    for names in (("trap.py",), (MODEL, "trap.py"), (MODEL, "__init__.py"), (MODEL, str(trap)), (MODEL, "../trap.py")):
        parts = {name: content if name == MODEL else trap.read_bytes() for name in names}
        with pytest.raises(MmlabError):
            import_model(Library(), zipped(parts))
    monkeypatch.setenv("MMLAB_MODELS", "")
    for named in (b"pair.py", b"mine"):  # of the same length, so that the header still fits
        replaced = content.replace(named, b"trap.py" if named == b"pair.py" else b"trap")
        with pytest.raises(MmlabError):
            import_model(Library(), zipped({MODEL: replaced}))


CHANGES: tuple[dict[str, Any], ...] = (
    {"output": {"kind": "trap.py"}},
    {"output": {"kind": "classification", "classes": ["a", "b"], "logits": "trap"}},
    {"modalities": [{"name": "photo", "kind": "trap.py"}]},
    {"modalities": [{"name": "photo", "kind": "image", "transform": "trap.py"}]},
    {"model": "trap.py", "plugin": "trap.py"},
)


def test_no_folder_can_name_code(trap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine"
    example_folder.write_example(folder)
    for name in ("__init__.py", "trap.py", "task.py", "conftest.py", "mymodel.py"):
        (folder / name).write_text(trap.read_text())
    monkeypatch.setenv("MMLAB_FOLDERS", str(folder))
    found = json.loads((folder / "task.json").read_text())
    assert len(TASKS[name_of(str(folder))]().samples("test"))
    for change in CHANGES:
        (folder / "task.json").write_text(json.dumps({**found, **change}))
        with pytest.raises(MmlabError):
            TASKS[name_of(str(folder))]().samples("test")


def test_no_upload_can_name_code(trap: Path) -> None:
    """Files are read as data, by whatever name they come and whatever they hold."""
    pickled = io.BytesIO()
    np.save(pickled, np.array([Trap(trap)], dtype=object), allow_pickle=True)
    for content in (trap.read_bytes(), pickled.getvalue(), pickle.dumps(Trap(trap))):
        for task in ("digits", "watch", "brain"):
            for name in ("trap.py", "trap.npy", "trap.pkl", str(trap), "../trap.py", "trap.nii"):
                with pytest.raises(MmlabError):
                    TASKS[task]().read(TASKS[task].info.modalities.names[-1], content, name)


class Trap:
    """What a pickle would run."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return (exec, (self.file.read_text(),))
