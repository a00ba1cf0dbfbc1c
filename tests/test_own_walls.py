"""What people bring that was refused or went wrong: whole numbers as classes, one input, a check that is stopped."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

import mmlab
from mmlab.analysis.dominance.measure import Evidence, Undefined
from mmlab.analysis.dominance.measures.utilisation import ConditionalUtilisation
from mmlab.core.errors import DataError, MmlabError
from mmlab.core.method import METHODS
from mmlab.core.outputs import Segmentation, output_from_card
from mmlab.core.training_plan import Plan
from mmlab.modalities.image.folder_input import ImageInput
from mmlab.modalities.scan.folder_input import SlicesInput
from mmlab.modalities.scan.nifti import AXES
from mmlab.tasks.custom import validate
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.targets import output_from
from mmlab.tasks.custom.task_json import read_description
from mmlab.testing.toy_task import ToyTask
from mmlab.training.loop import Trainer
from mmlab.ui.pages.predict.segmentation import _size, side_of
from mmlab.viz.inputs import numeric_row
from tests.folders import nifti, png
from tests.test_plan_search import folder_of


def test_classes_may_be_whole_numbers() -> None:
    output, _ = output_from({"kind": "classification", "classes": [0, 1]})
    assert output.class_names == ("0", "1")
    assert output.parse("1") == 1


@pytest.mark.parametrize(
    ("classes", "said"),
    [([f"c{i}" for i in range(500)], "There are 500 classes"), (["a"], "There is 1 class"), (3, "not a list")],
)
def test_how_many_classes_there_are_is_said(classes: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        output_from({"kind": "classification", "classes": classes})


@pytest.mark.parametrize(("count", "said"), [(7, "There are 7 modalities"), (1, "There is one modality only")])
def test_how_many_inputs_there_are_is_said(tmp_path: Path, count: int, said: str) -> None:
    folder = folder_of(tmp_path / "signs")
    task = json.loads((folder / "task.json").read_text())
    task["modalities"] = [{"name": f"m{i}", "kind": "vector", "size": 4} for i in range(count)]
    (folder / "task.json").write_text(json.dumps(task))
    problems = Problems()
    read_description(folder, problems)
    assert any(said in problem.message for problem in problems.found)


def test_a_check_that_is_stopped_says_what_it_found_so_far(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "signs")
    manifest = folder / "manifest.csv"
    lines = manifest.read_text().splitlines()
    lines[3] = ",".join([*lines[3].split(",")[:3], "1 2 3", "1 2 3 4"])
    manifest.write_text("\n".join(lines))

    def stop(share: float, sofar: Problems) -> None:
        if share > 0.2:
            assert sofar.errors == 1
            raise KeyboardInterrupt

    found = validate.check(folder, stop)
    assert found.read == 13
    assert found.problems.errors == 1
    assert validate.check(folder).read is None


def test_a_model_is_loaded_by_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path / "library"))
    monkeypatch.delenv("MMLAB_FOLDERS", raising=False)
    folder = folder_of(tmp_path / "signs")
    with pytest.raises(MmlabError, match="no trained dropout for signs"):
        mmlab.load(str(folder), "dropout")


def test_rare_classes_are_drawn_as_often_as_others() -> None:
    task = ToyTask("classification")
    samples = task.samples("train")
    labels = torch.from_numpy((np.arange(len(samples)) % 12 == 0).astype(np.int64))
    rare = type(samples)(samples.inputs, samples.present, labels, samples.ids, samples.groups)

    def trainer(balance: bool, of: ToyTask) -> Trainer:
        method = METHODS["dropout"](of.info, METHODS["dropout"].Config())
        plan = Plan(epochs=1, balance=balance)
        return Trainer(of, method, plan, 0, None, torch.device("cpu"), {}, rare, rare)

    drawn = np.concatenate([labels[trainer(True, task)._order(epoch)] for epoch in range(20)])
    assert drawn.mean() == pytest.approx(0.5, abs=0.05)
    assert sorted(trainer(False, task)._order(3)) == list(range(len(samples)))
    with pytest.raises(DataError, match="Only classes"):
        trainer(True, ToyTask("regression"))


def test_no_head_and_no_centimetres_are_made_up_for_pictures_of_unknown_size() -> None:
    region, inside = np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    region[:2, :5], inside[:4] = True, True
    assert _size(region, inside, None) == "10 % of the picture"
    assert _size(region, inside, 3.6) == "1.3 cm², 25 % of the head in this slice"
    assert _size(region, inside, 1.0) == "0.1 cm², 25 % of the head in this slice"
    assert _size(region, inside, None, 3.6) == "1.3 cm², 10 % of the picture"
    assert _size(region & False, inside, None) == "No pixel of the picture."


def test_how_large_a_pixel_is_comes_from_the_scan_or_from_what_task_json_says_and_from_nowhere_else() -> None:
    voxels = np.zeros((6, 12, 3), np.uint8)
    voxels[2:4, 2:4] = 9
    by_axis = {axis: SlicesInput(axis=axis).read(nifti(voxels, (2.0, 1.0, 3.0)), "s.nii.gz") for axis in AXES}
    assert {axis: raw.pixel for axis, raw in by_axis.items()} == {"axial": 1.0, "coronal": 2.0, "sagittal": 1.0}
    assert side_of(by_axis["axial"], 24) == pytest.approx(0.5)  # 12 rows of 1 mm in 24 pixels
    assert SlicesInput(pixel_mm=4.0).read(nifti(voxels, (2.0, 1.0, 3.0)), "s.nii.gz").pixel == 1.0
    assert ImageInput().read(png(), "a.png").pixel == SlicesInput().read(png(), "a.png").pixel == 0
    assert ImageInput(pixel_mm=0.25).read(png(), "a.png").pixel == 0.25
    wide = png(np.zeros((4, 2048), np.uint8))  # read at half its width
    assert ImageInput(pixel_mm=0.25).read(wide, "a.png").pixel == 0.5
    assert side_of(ImageInput(pixel_mm=0.25).read(wide, "a.png"), 64) == pytest.approx(2048 * 0.25 / 64)


def test_a_pixel_of_a_millimetre_is_known_and_earlier_cards_that_meant_unknown_stay_unknown() -> None:
    known, unknown = Segmentation(("a",), pixel=1.0), Segmentation(("a",))
    assert output_from_card(known.card()) == known
    assert output_from_card(unknown.card()) == unknown
    assert output_from_card({"kind": "segmentation", "regions": ["a"], "names": [], "pixel": 1.0}) == unknown
    assert output_from_card({"kind": "segmentation", "regions": ["a"], "names": [], "pixel": 3.6}).pixel == 3.6


def test_rows_of_many_numbers_can_be_told_apart() -> None:
    names = tuple(map(str, range(768)))
    first = numeric_row.rows(names, [0.0, 0.0, 0.0, *[1.0, -2.0] * 382, 1.0], "#000000")
    other = numeric_row.rows(names, [0.0, 0.0, 0.0, *[2.0, -1.0] * 382, 1.0], "#000000")
    assert first != other
    assert first.count("<rect") == numeric_row.BARS
    assert "and 765 more" in first
    assert "<rect" not in numeric_row.rows(names[:8], [1.0] * 8, "#000000")


def test_inputs_and_tasks_of_one_name_are_told_apart(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "signs")
    task = json.loads((folder / "task.json").read_text())
    for item in task["modalities"]:
        item |= {"label": "Sensor"}
    (folder / "task.json").write_text(json.dumps(task))
    found = read_description(folder, Problems())
    assert found is not None
    names = found.info.modalities.names
    assert [item.label for item in found.info.modalities] == ["Sensor", f"Sensor ({names[1]})"][: len(names)]


def test_a_share_of_a_score_that_nearly_vanishes_is_not_said() -> None:
    measure = ConditionalUtilisation("utilisation")
    steady = SimpleNamespace(scores=np.array([0.1, 0.5, 0.4, 0.6]))
    assert np.isfinite(measure.values(cast(Evidence, steady))).all()
    vanishing = SimpleNamespace(scores=np.array([0.1, 0.5, 0.4, 0.02]))
    with pytest.raises(Undefined, match="less than half"):
        measure.values(cast(Evidence, vanishing))
