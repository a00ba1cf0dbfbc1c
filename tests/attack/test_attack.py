"""`make attack` itself: its checks can fail, and its tables say so."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from bench.attack import changed_files, kills, tables
from mmlab.storage.library import SHIPPED


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for method in ("gmd", "mmanet"):
        shutil.copytree(SHIPPED / "watch" / method / "seed0", tmp_path / "library" / "watch" / method / "seed0")
    return tmp_path / "library"


def test_a_sound_library_has_no_faults_and_whatever_is_wrong_with_one_is_found(root: Path) -> None:
    assert kills.check(root) == []
    gmd, mmanet = (root / "watch" / method / "seed0" for method in ("gmd", "mmanet"))
    shutil.copy(gmd / "report.json", mmanet / "report.json")
    assert kills.check(root) == ["A report is about another model."]
    (gmd / "report.json").write_text("{")
    assert any("report.json of watch/gmd/seed0 is damaged" in fault for fault in kills.check(root))
    (gmd / "model.safetensors").unlink()
    assert "a model is gone" in kills.check(root)
    (root / "watch" / ".notes").mkdir()
    assert "a leftover (.notes)" in kills.check(root)


def test_what_is_no_value_and_no_sentence_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = changed_files.Found()
    changed_files._one(found, "a reader", lambda: "value", b"")
    changed_files._one(found, "a reader", lambda: "sentence", b"")

    def fails() -> str:
        raise KeyError("x")

    changed_files._one(found, "a reader", fails, b"what did it")
    assert (found.inputs, found.values, found.sentences) == (3, 1, 1)
    (fault,) = found.faults
    assert fault.startswith("a reader: KeyError in test_attack.py:")
    assert [file.read_bytes() for file in (tmp_path / "mmlab-attack").iterdir()] == [b"what did it"]


def test_a_call_that_takes_too_much_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(changed_files, "MOST_SECONDS", -1.0)
    monkeypatch.setattr(changed_files, "MOST_MEGABYTES", -1e9)
    found = changed_files.Found()
    changed_files._one(found, "a reader", lambda: "value", b"")
    assert set(found.faults) == {"a reader: too much time", "a reader: too much memory"}


def test_the_tables_say_what_did_not_hold() -> None:
    files = {
        "inputs": 3,
        "readers": 1,
        "values": 1,
        "sentences": 1,
        "faults": {"a reader: KeyError": 1},
        "seconds": 60.0,
    }
    files |= {"slowest": (0.5, "a reader"), "largest": (30.0, "a reader")}
    json.dumps(vars(kills.Killed(Counter(train=3), Counter({"train: a model is gone": 1}))))
    text = tables.as_markdown({"about": "Here.", "files": files, "neighbours": {"one": True, "two": False}})
    assert "| 1 × a reader: KeyError | 0 |" in text
    assert "| one | yes | yes |" in text
    assert "| two | **no** | yes |" in text
