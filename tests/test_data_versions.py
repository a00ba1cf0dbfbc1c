"""Data that changes under a model, a run, or a running app: nothing of the old version passes for the new one."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from mmlab.cli.app import main
from mmlab.core.data_version import fingerprint_of
from mmlab.core.errors import CheckpointError
from mmlab.core.file_stamp import stamp_of
from mmlab.core.task import TASKS
from mmlab.core.untrained import untrained
from mmlab.experiments import comparison_tables, grid
from mmlab.experiments.train_job import TrainJob, train
from mmlab.storage.library import Library
from mmlab.tasks.custom.validate import check
from tests.apps import app_at

ROOT = Path(__file__).resolve().parents[1]
COUNTS = {"train": 24, "valid": 8, "test": 8}
PLAN = {"epochs": 2, "batch_size": 8}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with two inputs of numbers, its library and its cache."""
    folder = tmp_path / "mine"
    folder.mkdir()
    inputs = [{"name": name, "kind": "vector", "columns": ["p", "q"], "inline": True} for name in "ab"]
    output = {"kind": "classification", "classes": ["no", "yes"]}
    (folder / "task.json").write_text(json.dumps({"name": "mine", "output": output, "modalities": inputs}))
    write(folder)
    monkeypatch.setenv("MMLAB_FOLDERS", str(folder))
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path / "library"))
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    return folder


def write(folder: Path, swapped: bool = False, splits: Mapping[str, str] | None = None, lacking: str = "") -> None:
    """The manifest; `swapped` turns every answer round, `splits` says which samples are in which split, and
    in the split `lacking` no sample has b."""
    rng = np.random.default_rng(0)
    with (folder / "manifest.csv").open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "split", "target", "a", "b"])
        for split, count in COUNTS.items():
            for i in range(count):
                answer = i % 2
                cells = [f"{3 * answer + rng.normal():.3f} {i}" for _ in "ab"]
                cells[1] = "" if split == lacking else cells[1]
                rows.writerow(
                    [f"{split}{i}", (splits or {}).get(split, split), ["no", "yes"][answer ^ swapped], *cells]
                )


def trained(library: Library) -> str:
    for _ in train(TrainJob("mine", "joint", {}, PLAN), library):
        pass
    return fingerprint_of(TASKS["mine"]())


CHANGES: dict[str, Callable[[Path], None]] = {
    "answers": lambda folder: write(folder, swapped=True),
    "splits": lambda folder: write(folder, splits={"train": "test", "test": "train"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_model_of_other_data_is_kept_and_a_new_one_is_trained(change: str, place: Path) -> None:
    library = Library()
    old = trained(library)
    CHANGES[change](place)
    assert [job.folder for job in grid.missing([TrainJob("mine", "joint", {}, PLAN)], library)] == ["seed0"]
    assert trained(library) != old
    assert sorted(each.tag for each in library.references("mine")) == [f"data-{old[:8]}-seed0", "seed0"]


@pytest.mark.parametrize("change", CHANGES)
def test_a_model_of_other_data_is_not_measured_without_a_word(
    change: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(Library())
    words = ["evaluate", "--task", "mine", "--method", "joint", "--json"]
    assert main(words) == 0
    CHANGES[change](place)
    capsys.readouterr()
    assert main(words) == 2
    assert "another version of this data" in capsys.readouterr().err
    assert main([*words, "--changed-data"]) == 0


def test_a_table_leaves_out_what_was_trained_on_other_data(place: Path) -> None:
    library = Library()
    trained(library)
    write(place, swapped=True)
    with pytest.raises(CheckpointError):
        comparison_tables.compare(library, "mine")


def test_a_run_that_was_cut_off_does_not_go_on_on_other_data(place: Path) -> None:
    library = Library()
    for _ in (running := train(TrainJob("mine", "joint", {}, PLAN), library)):
        running.close()  # type: ignore[attr-defined]
        break
    write(place, swapped=True)
    with pytest.raises(CheckpointError, match="data has changed"):
        next(iter(train(TrainJob("mine", "joint", {}, PLAN), library)))


def test_two_folders_of_one_name_do_not_share_a_model(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained(Library())
    other = place.parent / "other"
    shutil.copytree(place, other)
    monkeypatch.setenv("MMLAB_FOLDERS", str(other))
    job = TrainJob("mine", "joint", {}, PLAN)
    assert grid.missing([job], Library()) == [], "a copy is the same data"
    write(other, swapped=True)
    assert grid.missing([job], Library()) == [job]


def test_the_app_says_which_models_are_of_other_data(place: Path) -> None:
    trained(Library())
    write(place, swapped=True)
    st.cache_data.clear()
    app = app_at("predict")
    app.query_params["task"] = "mine"
    app.run()
    assert not app.exception
    assert any("another version of this data" in warning.value for warning in app.warning)


def test_an_input_that_no_training_sample_has_is_named_everywhere(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(place, lacking="train")
    said = "No training sample has B: answers with it are untrained."
    assert said in [problem.message for problem in check(place).problems.found]
    assert main(["train", "--task", "mine", "--method", "joint", "--plan", "epochs=2"]) == 0
    assert said in capsys.readouterr().err
    assert main(["evaluate", "--task", "mine", "--method", "joint"]) == 0
    assert said in capsys.readouterr().out
    assert f"mine/joint/seed0: {said}" in comparison_tables.compare(Library(), "mine").problems
    st.cache_data.clear()
    app = app_at("predict")
    app.query_params["task"] = "mine"
    app.run()
    assert any("No training sample has B" in warning.value for warning in app.warning)
    assert untrained({"missing": {"a": 0.9999, "b": 1.0}}) == ("b",)


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a picture per sample."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    inputs = [
        {"name": "a", "kind": "image", "size": 16},
        {"name": "b", "kind": "vector", "columns": ["p"], "inline": True},
    ]
    output = {"kind": "classification", "classes": ["no", "yes"]}
    (folder / "task.json").write_text(json.dumps({"name": "shots", "output": output, "modalities": inputs}))
    lines = [
        f"s{i},{split},{['no', 'yes'][i % 2]},p{i}.png,{i}"
        for i, split in enumerate(["train", "train", "valid", "test"])
    ]
    (folder / "manifest.csv").write_text("\n".join(["id,split,target,a,b", *lines]))
    for i in range(4):
        paint(folder / f"p{i}.png", 50)
    monkeypatch.setenv("MMLAB_FOLDERS", str(folder))
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    st.cache_data.clear()
    yield folder
    st.cache_data.clear()


def paint(file: Path, grey: int) -> None:
    Image.fromarray(np.full((16, 16), grey, np.uint8)).save(file, compress_level=0)


def test_a_picture_that_was_replaced_is_shown_and_read_anew(pictures: Path) -> None:
    """Even where size and time of change stay the same, as `cp -p` leaves them."""
    from mmlab.ui.session import cache

    file, before = pictures / "p3.png", fingerprint_of(TASKS["shots"]())
    assert cache.item("shots", "s3").raw["a"].pixels.mean() == 50
    first = cache.model_inputs("shots", "s3").arrays["a"].copy()
    status = file.stat()
    paint(file, 200)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_size == status.st_size
    assert cache.item("shots", "s3").raw["a"].pixels.mean() == 200
    assert not np.array_equal(cache.model_inputs("shots", "s3").arrays["a"], first)
    assert fingerprint_of(TASKS["shots"]()) != before
    assert float(TASKS["shots"]().samples("test").inputs["a"].mean()) != pytest.approx(50 / 255, abs=0.05)


def test_an_answer_that_was_mended_is_shown(pictures: Path) -> None:
    from mmlab.ui.session import cache

    assert cache.item("shots", "s3").answer == "yes"
    manifest = pictures / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("s3,test,yes", "s3,test,no"))
    assert cache.item("shots", "s3").answer == "no"


def test_what_is_written_beside_a_model_makes_another_reference(tmp_path: Path) -> None:
    folder = tmp_path / "watch" / "joint" / "seed0"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"x")
    before = Library(tmp_path).references("watch")
    (folder / "report.json").write_text("{}")
    after = Library(tmp_path).references("watch")
    assert before != after
    assert Library(tmp_path).references("watch") == after


def test_a_stamp_tells_a_file_from_the_one_that_replaced_it(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("one")
    second.write_text("two")
    status = first.stat()
    os.utime(second, ns=(status.st_atime_ns, status.st_mtime_ns))
    before = stamp_of(first)
    os.replace(second, first)
    assert stamp_of(first) != before
    assert stamp_of(tmp_path / "nothing") == (0, 0, 0, 0)
