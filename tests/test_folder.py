"""Folders of one's own data: what can be wrong with them, how they are read, how they are found."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlab.cli.app import main
from mmlab.cli.source_catalogue import catalogue
from mmlab.core.errors import DataError, PluginError, UnknownName
from mmlab.core.group_name import group_name
from mmlab.core.outputs import Regression, Segmentation
from mmlab.core.task import TASKS
from mmlab.tasks.custom import locations, remembered, stored_split
from mmlab.tasks.custom.example_folder import write_example
from mmlab.tasks.custom.input_kinds import kinds
from mmlab.tasks.custom.validate import check
from mmlab.tasks.custom_folder import task_class
from tests.folders import PAIR, ROWS, changed, lesions, nifti, opened, png, scans, wav, with_photo, with_task, written


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folders but those of the test, and nothing kept on disk."""
    monkeypatch.setenv(locations.VARIABLE, "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))


# what is wrong, line by line


def test_a_sound_folder_has_nothing_to_mend(tmp_path: Path) -> None:
    found = check(written(tmp_path))
    assert not found.problems.errors, [str(problem) for problem in found.problems.found]
    assert found.counts == {"train": 3, "valid": 1, "test": 2}
    assert found.missing == {"photo": round(1 / 6, 4), "numbers": round(2 / 6, 4)}
    assert found.complete == {"photo": 2, "numbers": 1, "photo-numbers": 1}


@pytest.mark.parametrize(
    ("rows", "place", "sentence"),
    [
        (changed(3, "b.png", "lost.png"), "line 3, photo", "There is no file 'lost.png'"),
        (changed(3, "b.png", "../b.png"), "line 3, photo", "leaves the folder"),
        (changed(3, "b.png", "/etc/passwd"), "line 3, photo", "leaves the folder"),
        (changed(3, "b.png", "C:\\b.png"), "line 3, photo", "backslashes"),
        (changed(3, "b.png", "b\0.png"), "line 3, photo", "cannot name a file"),
        (changed(3, "b.png", "x" * 5000), "line 3, photo", "cannot name a file"),
        (changed(3, "b.png", "."), "line 3, photo", "There is no file '.'"),
        (changed(3, "3 30", "3 thirty"), "line 3, numbers", "'thirty' is not a number"),
        (changed(3, "3 30", "3 nan"), "line 3, numbers", "'nan' is not a measured number"),
        (changed(3, "3 30", "3 30 300"), "line 3, numbers", "has 3 columns and should have 2"),
        (changed(3, "high", "hihg"), "line 3, target", "'hihg' is not a class. Did you mean 'high'?"),
        (changed(3, "high", ""), "line 3, target", "The right answer is missing"),
        (changed(3, "b,", "a,"), "line 3, id", "The id 'a' is that of line 2, too"),
        (changed(3, "b,", ","), "line 3, id", "needs an id"),
        (changed(3, "b,", "own-b,"), "line 3, id", "cannot begin with 'own-'"),
        (changed(3, "train", "training"), "line 3, split", "'training' is no split"),
        (changed(4, "2 20", ""), "line 4", "no input at all"),
        (changed(3, "3 30", "3,30"), "line 3", "has 6 cells where the first line has 5"),
        (changed(1, "numbers", "number"), "line 1", "There is no column 'numbers'"),
        (changed(1, "id,", "target,"), "line 1", "Two columns are named 'target'"),
        (changed(5, "valid", "train"), "split", "There are no samples in valid"),
        (changed(3, "3 30", "3 1e300"), "line 3, numbers", "'1e300' is not a measured number"),
        (changed(3, "b,", "<b>,"), "line 3, id", "This is no id"),
        (ROWS[:1], "manifest.csv", "It has 0 samples"),
        ([], "manifest.csv", "It has 0 samples"),
        (['"a'], "manifest.csv", "It is not CSV"),
    ],
)
def test_what_is_wrong_in_the_manifest_is_named_with_its_line(
    tmp_path: Path, rows: list[str], place: str, sentence: str
) -> None:
    found = check(written(tmp_path, rows=rows))
    said = [str(problem) for problem in found.problems.found if problem.is_error]
    assert any(place in line and sentence in line for line in said), said


@pytest.mark.parametrize(
    ("task", "place", "sentence"),
    [
        ('{"name": "pair",\n "title" "x"}', "task.json", "(line 2, column 10)"),
        ("[]", "task.json", "holds no object"),
        ('{"name": NaN}', "task.json", "NaN is not a number"),
        ("[" * 100_000, "task.json", "cannot be read"),
        (with_task(name="Pair!"), "task.json, name", "'Pair!' cannot name a task"),
        (with_task(name="digits"), "task.json, name", "taken by mmlab"),
        (with_task(colour="red"), "task.json", "'colour' is not known here"),
        (with_task(plan=[]), "task.json, plan", "not a list of settings"),
        (with_task(plan={"epochs": 0}), "task.json, plan", "epochs = 0 is out of bounds"),
        (with_task(plan={"epoch": 9}), "task.json, plan", "There is no option 'epoch'"),
        (with_task(simulated="all"), "task.json, simulated", "not a list of texts"),
        (with_task(modalities=[]), "task.json, modalities", "no list of modalities"),
        (with_task(modalities=[{"name": "x", "kind": "smell"}] * 2), "modalities[0]", "unknown kind 'smell'"),
        (with_task(modalities=[PAIR["modalities"][0]] * 2), "task.json", "Two modalities are named 'photo'"),
        (with_task(modalities=[{**item, "letter": "Q"} for item in PAIR["modalities"]]), "[1]", "letter of another"),
        (with_photo(name="target"), "modalities[0]", "'target' cannot name a modality"),
        (with_photo(size=4), "modalities[0]", "'photo': size = 4 is out of bounds"),
        (with_photo(sice=8), "modalities[0]", "'photo': There is no option 'sice'"),
        (with_photo(vary="no"), "modalities[0]", "'vary' is neither true nor false"),
        (with_photo(inline=True), "modalities[0]", "'photo' cannot be inline"),
        (with_photo(kind="series", colour=8), "modalities[0]", "There is no option 'colour'"),
        (with_task(output={"kind": "poem"}), "task.json, output", "unknown kind 'poem'"),
        (with_task(output={"kind": "classification", "classes": ["a"]}), "output", "There is 1 class"),
        (with_task(output={"kind": "classification", "classes": ["a", "a"]}), "output", "share a name"),
        (with_task(output={"kind": "detection", "classes": ["a", "b"]}), "output", "of which one may pass"),
        (with_task(output={"kind": "multilabel", "classes": ["a", "b|c"]}), "output", "has a '|' in its name"),
        (with_task(output={"kind": "multilabel", "classes": ["a", "b"], "threshold": 1}), "output", "no probability"),
        (with_task(output={"kind": "regression", "low": 1}), "output", "no ends"),
        (with_task(output={"kind": "regression", "low": 1, "high": 0}), "output", "is empty"),
        (with_task(output={"kind": "regression", "low": 1, "high": 10**400}), "output", "no ends"),
        (with_task(output={"kind": "classification", "classes": ["a", "b[1]"]}), "output", "cannot name a class"),
        (with_task(output={"kind": "segmentation", "regions": {"a": [0]}}), "output", "no labels from 1 to 255"),
        (
            with_task(output={"kind": "segmentation", "regions": ["a"], "measured_by": "f1"}),
            "output",
            "not measured by",
        ),
        (with_task(output={"kind": "segmentation", "regions": ["a"]}), "modalities", "pictures of one size"),
    ],
)
def test_what_is_wrong_in_the_description_is_named(tmp_path: Path, task: Any, place: str, sentence: str) -> None:
    found = check(written(tmp_path, task))
    said = [str(problem) for problem in found.problems.found]
    assert any(place in line and sentence in line for line in said), said


def test_everything_is_said_at_once(tmp_path: Path) -> None:
    rows = [*changed(3, "3 30", "3 x"), "g,nowhere,medium,gone.png,1 1"]
    places_ = [problem.place for problem in check(written(tmp_path, rows=rows)).problems.found]
    assert {"manifest.csv, line 3, numbers", "manifest.csv, line 8, split", "manifest.csv, line 8, target"} <= {
        *places_
    }


def test_what_may_not_be_meant_so_is_a_warning(tmp_path: Path) -> None:
    rows = [
        row + end for row, end in zip(ROWS, [",group,colour", ",p,", ",q,", ",r,", ",s,", ",p,", ",t,"], strict=True)
    ]
    found = check(written(tmp_path, rows=rows))
    said = " ".join(map(str, found.problems.found))
    assert not found.problems.errors
    for sentence in (
        "line 1: The column 'colour' is not used",
        "line 6, group: The group 'p' is also in train, at line 2",
        "line 6, photo: The file is also that of line 3, in train",
        "The class 'high' has 1 training sample.",
    ):
        assert sentence in said


def test_a_class_that_validation_or_the_test_lacks_is_a_warning(tmp_path: Path) -> None:
    rows = [row.replace("f,test,high", "f,test,low") for row in ROWS]
    said = [str(problem) for problem in check(written(tmp_path, rows=rows)).problems.found]
    assert any("No validation sample is of 'low'. The epoch is chosen on validation" in each for each in said)
    assert any("No test sample is of 'high'." in each for each in said)


def test_a_region_that_hardly_any_validation_sample_has_is_a_warning_also_when_it_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the validation pictures all but the last two show nothing."""
    monkeypatch.setattr(remembered, "SETTLED", -(10**12))
    folder = lesions(tmp_path)
    assert not [problem for problem in check(folder).problems.found if problem.column == "target"]
    pictures = [line.split(",")[2] for line in (folder / "manifest.csv").read_text().splitlines() if ",valid," in line]
    shown = np.zeros((20, 20), np.uint8)
    for place, name in enumerate(pictures):
        shown[0, :3] = [1, 1, 2] if place > len(pictures) - 3 else 0
        (folder / name).write_bytes(png(shown))
    some = f"'whole' (2 of {len(pictures)}, 6 pixels in all), 'core' (2 of {len(pictures)}, 2 pixels in all)"
    for _ in range(2):
        warned = [str(problem) for problem in check(folder).problems.found if problem.column == "target"]
        assert [f"Few validation samples have {some}." in each for each in warned] == [True], warned


def test_a_combination_without_test_samples_is_a_warning(tmp_path: Path) -> None:
    found = check(written(tmp_path, rows=changed(6, "b.png", "")))
    assert "No test sample has Photo + Numbers." in " ".join(map(str, found.problems.found))


def test_the_list_is_bounded_and_says_how_many_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*ROWS, *(f"x{i},train,low,gone.png," for i in range(300))]
    assert main(["check", str(written(tmp_path, rows=rows))]) == 2
    said = capsys.readouterr().out
    assert said.count("gone.png") == 100
    assert "and 200 more" in said


def test_check_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(written(tmp_path, rows=changed(3, "high", "tall"))), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["errors"] == 1
    assert (found["problems"][0]["line"], found["problems"][0]["column"]) == (3, "target")


def test_a_semicolon_parts_cells_where_the_header_has_no_comma(tmp_path: Path) -> None:
    rows = [row.replace(",", ";") for row in ROWS]
    assert not check(written(tmp_path, rows=rows)).problems.errors


# reading


def test_gaps_are_zero_and_not_present(tmp_path: Path) -> None:
    found = opened(written(tmp_path)).samples("train")
    assert found.ids == ("a", "b", "c")
    assert found.present.tolist() == [[True, True], [True, True], [False, True]]
    assert not found.inputs["photo"][2].any()
    assert found.inputs["photo"][0, 0].diagonal().tolist() == pytest.approx([200 / 255] * 8, abs=1e-3)


def test_numbers_are_on_the_scale_of_the_training_samples(tmp_path: Path) -> None:
    task = opened(written(tmp_path))
    # a: 1, 3, 2 has mean 2 and spread sqrt(2/3); the test sample has 1
    expected = [-np.sqrt(1.5), -np.sqrt(1.5)]
    assert task.samples("test").inputs["numbers"][0].tolist() == pytest.approx(expected, abs=1e-3)
    brought = task.prepare("numbers", task.read("numbers", b"1 10"))
    assert brought.tensor.tolist() == pytest.approx(expected, abs=1e-3)


def test_what_the_app_shows_is_what_the_model_was_measured_on(tmp_path: Path) -> None:
    task = opened(written(tmp_path))
    assert task.gallery() == ("e", "f")
    example, samples = task.example("e"), task.samples("test")
    for name, raw in example.raw.items():
        assert torch.equal(task.prepare(name, raw).tensor, samples.inputs[name][0].float())
    assert (example.target, example.answer) == (0, "low")
    assert "Without Numbers." in task.example("f").note
    with pytest.raises(UnknownName, match="no sample 'z'"):
        task.example("z")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    folder = written(tmp_path)
    before = opened(folder).samples("test").inputs["photo"][0].clone()
    (folder / "b.png").write_bytes(png(np.full((8, 8), 250, np.uint8)))
    assert not torch.equal(opened(folder).samples("test").inputs["photo"][0], before)


def test_a_folder_with_errors_cannot_be_learned_from(tmp_path: Path) -> None:
    task = opened(written(tmp_path, rows=changed(3, "b.png", "lost.png")))
    with pytest.raises(DataError, match=r"line 3, photo: .*lost\.png") as caught:
        task.samples("train")
    assert "python -m mmlab check" in caught.value.hint


def test_a_picture_keeps_its_proportions(tmp_path: Path) -> None:
    task = opened(written(tmp_path))
    wide = task.prepare("photo", task.read("photo", png(np.full((10, 20), 255, np.uint8)))).tensor[0]
    assert wide[2:6].min() == 1
    assert not wide[:2].any()
    assert not wide[6:].any()


def test_a_series_is_resampled_by_its_times(tmp_path: Path) -> None:
    kind = kinds()["series"](columns=("x",), rate=10.0, seconds=1.0, steps=8)  # type: ignore[call-arg]
    lines = ["time,y,x", *(f"{row / 20},0,{row}" for row in range(20))]
    found = kind.prepare(kind.read("\n".join(lines).encode(), "a.csv")).tensor
    assert found[0].tolist() == pytest.approx(np.arange(8) * 2.5 + 0.75, abs=0.3)  # means of 2.5 rows each
    plain = kind.read(b"1\n2\n3\n4\n", "b.csv")
    assert (plain.rate, len(plain.values)) == (10.0, 4)
    stated = kind.read(b"# mmlab: rate=2 start=0.5\nx\n1\n2\n3\n4\n", "c.csv")
    assert (stated.rate, stated.part) == (2.0, (0.5, 1.5))
    with pytest.raises(DataError, match="time does not rise at row 3"):
        kind.read(b"time,x\n0,1\n2,1\n1,1\n", "d.csv")
    with pytest.raises(DataError, match="no column 'x'"):
        kind.read(b"z\n1\n2\n", "e.csv")


def test_a_tone_lies_in_its_band(tmp_path: Path) -> None:
    kind = kinds()["sound"](rate=8000, seconds=0.5, bands=32)  # type: ignore[call-arg]
    low, high = (kind.prepare(kind.read(wav(hertz=hertz), "a.wav")).tensor[0] for hertz in (200, 2000))
    assert low.shape == kind.shape[1:]
    assert low.mean(1).argmax() < high.mean(1).argmax()


def test_slices_and_label_maps_lie_on_each_other(tmp_path: Path) -> None:
    folder = scans(tmp_path)
    assert not check(folder).problems.errors
    task = opened(folder)
    assert isinstance(task.info.output, Segmentation)
    found = task.samples("train")
    whole, core = found.target[0]
    assert (int(whole.sum()), int(core.sum())) == (5, 4)
    assert (found.inputs["t1"][0, 0][whole] > 0).all()
    assert not found.target[1].any()
    assert torch.equal(task.augment(dict(found.inputs), 1)["t1"], found.inputs["t1"]), (
        "pictures stay under their labels"
    )
    assert task.example("d").answer == "whole, core"
    assert task.plan["move"], "they are moved together instead"
    assert task.plan["foreground"], "a rare region would be given up in some trainings"
    stated = json.loads((folder / "task.json").read_text())
    stated["modalities"][0]["vary"] = False
    (folder / "task.json").write_text(json.dumps(stated))
    assert "move" not in opened(folder).plan


def test_a_slice_that_is_not_there_and_an_unknown_label_are_said(tmp_path: Path) -> None:
    folder = scans(tmp_path)
    text = (
        (folder / "manifest.csv")
        .read_text()
        .replace("d,test,labels.nii.gz#1,scan.nii.gz#1", "d,test,odd.png,scan.nii.gz#9")
    )
    (folder / "manifest.csv").write_text(text)
    (folder / "odd.png").write_bytes(png(np.full((8, 8), 7, np.uint8)))
    said = " ".join(map(str, check(folder).problems.found))
    assert "line 5, t1: 'scan.nii.gz' has no axial slice '9'. It has 0 to 2." in said
    assert "line 5, target: 'odd.png' has the label 7, which belongs to no region. There are: 0, 1, 2." in said


def test_a_slice_has_square_pixels_and_up_is_up() -> None:
    scan = np.zeros((10, 20, 6), np.uint8)
    scan[5:, 12:, 3] = 9
    kind = kinds()["slices"](size=20, axis="coronal")  # type: ignore[call-arg]
    packed = nifti(scan, spacing=(2.0, 1.0, 4.0))
    pixels = kind.read(packed, "a.nii.gz#15").pixels  # [Z, X] in steps of 4 and 2 mm
    assert pixels.shape == (12, 10)
    assert pixels[4:6, 5:].min() > 0, "row 2 from above, to the right"
    assert not pixels[:3].any()
    assert not pixels[7:].any()
    assert kind.prepare(kind.read(packed, "a.nii.gz#15")).tensor.shape == (1, 20, 20)


def test_words_and_a_number(tmp_path: Path) -> None:
    task = {
        "name": "mood",
        "output": {"kind": "regression", "low": 0, "high": 10},
        "modalities": [
            {"name": "words", "kind": "text", "inline": True},
            {"name": "letter", "kind": "text", "letter": "L"},
        ],
    }
    rows = [
        "id,split,target,words,letter",
        'a,train,2,"bad, really bad",letter.txt',
        "b,train,9.5,good,",
        "c,valid,5,,letter.txt",
        "d,test,11,fair,",
    ]
    folder = written(tmp_path, task, rows, {"letter.txt": b"Dear all"})
    found = check(folder)
    assert [str(problem) for problem in found.problems.found if problem.is_error] == [
        "manifest.csv, line 5, target: 11 is off the scale. It goes from 0 to 10."
    ]
    (folder / "manifest.csv").write_text("\n".join(rows).replace("11", "8"))
    made = opened(folder)
    assert isinstance(made.info.output, Regression)
    assert made.info.output.middle == 5
    assert made.samples("train").target.tolist() == [2.0, 9.5]
    assert made.samples("train").inputs["words"][0, 0].count_nonzero() == 3


# being found


def test_a_folder_is_a_task_as_long_as_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path)
    assert "pair" not in TASKS
    monkeypatch.setenv(locations.VARIABLE, str(folder))
    assert "pair" in list(TASKS)
    assert TASKS["pair"].info.modalities.names == ("photo", "numbers")
    monkeypatch.setenv(locations.VARIABLE, "")
    assert "pair" not in TASKS


def test_a_folder_says_what_its_groups_are(tmp_path: Path) -> None:
    patients = written(tmp_path / "one", with_task(grouped_by="patient"))
    assert group_name(task_class(patients)()) == "patient"
    assert group_name(task_class(written(tmp_path / "other"))()) == "group"


def test_a_broken_folder_is_named_and_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, again = written(tmp_path / "good"), written(tmp_path / "again")
    bad = written(tmp_path / "bad", "{")
    monkeypatch.setenv(locations.VARIABLE, os.pathsep.join(map(str, (bad, good, again, tmp_path / "none"))))
    assert "pair" in TASKS
    assert "digits" in TASKS
    assert set(TASKS.problems) >= {"bad", str(again), "none"}
    with pytest.raises(PluginError, match="not JSON"):
        _ = TASKS["bad"]
    assert str(bad) in catalogue().problems


def test_a_folder_cannot_take_the_place_of_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.VARIABLE, str(written(tmp_path, with_task(name="digits"))))
    assert not hasattr(TASKS["digits"], "description")


def test_the_list_shows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locations.add(written(tmp_path))
    assert main(["list", "--json", "--checkpoints", str(tmp_path / "none")]) == 0
    found = {task["name"]: task for task in json.loads(capsys.readouterr().out)["tasks"]}
    assert found["pair"]["modalities"] == ["photo", "numbers"]
    assert found["pair"]["headline"] == "accuracy"


def test_the_example_never_writes_over_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(tmp_path)
    before = sorted(path.name for path in folder.iterdir())
    assert main(["example", str(folder)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == before


def test_the_example_has_gaps_and_shares_no_speaker(tmp_path: Path) -> None:
    write_example(tmp_path / "mine")
    found = check(tmp_path / "mine")
    assert not found.problems.found
    assert all(0.1 < share < 0.4 for share in found.missing.values())
    assert all(found.complete.values())


def test_a_plan_out_of_bounds_is_said_where_the_task_is_opened(tmp_path: Path) -> None:
    """Not later, by whatever offers its settings."""
    written(tmp_path / "wrong", with_task(plan={"epochs": 10**9}))
    locations.add(tmp_path / "wrong")
    assert "pair" not in TASKS
    assert "out of bounds" in str(TASKS.problems["pair"])


def test_a_broken_folder_that_is_asked_for_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is known by its name, which need not be that of the folder."""
    folder = written(tmp_path / "other", with_task(plan={"epochs": 10**9}))
    assert main(["train", "--task", str(folder), "--method", "dropout"]) == 2
    assert "out of bounds" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["csv", "npy"])
def test_many_numbers_need_no_names(tmp_path: Path, ending: str) -> None:
    vector, series = kinds()["vector"](size=1024), kinds()["series"](size=100, rate=8.0, seconds=1.0, steps=8)
    values = np.random.default_rng(0).normal(size=(8, 1024))

    def file(rows: np.ndarray) -> bytes:
        target = io.BytesIO()
        np.save(target, rows) if ending == "npy" else np.savetxt(target, rows, delimiter=",")
        return target.getvalue()

    assert vector.shape == (1024,)
    assert vector.prepare(vector.read(file(values[:1]), "")).tensor.numpy() == pytest.approx(values[0])
    assert series.prepare(series.read(file(values[:, :100]), "")).tensor.numpy() == pytest.approx(values[:, :100].T)
    with pytest.raises(DataError, match="has 700 columns and should have 1,024"):
        vector.read(file(values[:1, :700]), "")
    with pytest.raises(DataError, match="names of columns and a size"):
        kinds()["vector"](size=2, columns=("a", "b"))
    with pytest.raises(DataError, match="70,000 names of columns; there can be 1 to 65,536"):
        kinds()["vector"](columns=tuple(map(str, range(70_000))))


def test_what_does_not_fit_on_the_disk_is_said_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path / "pair", files={})  # to read a picture would be an error of its own
    monkeypatch.setattr(stored_split, "HELD", 20)
    monkeypatch.setattr(stored_split, "_free", lambda: 100)
    assert all("GB of the cache" in problem.message for problem in check(folder).problems.found)
    with pytest.raises(DataError, match="GB of the cache"):
        task_class(folder)().samples("valid")
