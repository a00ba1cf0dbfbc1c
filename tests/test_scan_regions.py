"""Regions in scans as a whole: measured as those of pictures, learned from windows, answered in windows, shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlab.cli.app import main
from mmlab.core.backbone_families import as_read
from mmlab.core.batch import Samples
from mmlab.core.errors import DataError, MmlabError
from mmlab.core.features import Fused
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Combination, Modalities, Modality
from mmlab.core.options import build
from mmlab.core.outputs import Segmentation, reliability_counts
from mmlab.core.outputs.hausdorff import hausdorff95
from mmlab.core.recordings import ScanVolume
from mmlab.core.task import TaskInfo
from mmlab.core.training_plan import Plan
from mmlab.inference import windows as answering
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import fuse_all, sweep
from mmlab.modalities.volume.folder_input import fitted, fitted_labels
from mmlab.tasks.custom.validate import check
from mmlab.testing.method_contract import CHECKS, every_parameter_learns, teachers
from mmlab.testing.toy_task import ToyTask
from mmlab.training import variation, windows
from mmlab.training.loop import Trainer
from mmlab.viz.predict import planes
from tests.folders import nifti, whole_lesions
from tests.kinds_of_inputs import alone_in
from tests.test_folder_everywhere import Visitor

SIDE = 8
OUTPUT = Segmentation(("whole", "core"))
FINDERS = [name for name in METHODS if OUTPUT.kind in METHODS[name].supports]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone_in(tmp_path, monkeypatch)


class ToyScans(ToyTask):
    """Balls in balls, seen by noisy witnesses."""

    def __init__(self, side: int = SIDE, count: int = 2) -> None:
        items = [Modality(f"m{i}", "volume", (1, side, side, side), f"M{i}", chr(65 + i)) for i in range(count)]
        self.name, self.gaps = "toy-scans", 0.0
        self.info = TaskInfo(self.name, Modalities(items), OUTPUT)

    def samples(self, split: str, source: str = "built-in") -> Samples:
        rng, shape = np.random.default_rng(len(split)), self.info.places
        far = np.sqrt(
            sum(axis**2 for axis in np.meshgrid(*(np.linspace(-1, 1, side) for side in shape), indexing="ij"))
        )
        size = rng.uniform(0.5, 0.9, (12, 1, 1, 1))
        truth = np.stack([far < size, far < size - 0.25], 1)
        truth[0] = False
        inputs = {
            item.name: torch.from_numpy((truth[:, :1] + rng.normal(0, 0.3, (12, 1, *shape))).astype(np.float32))
            for item in self.info.modalities
        }
        names = tuple(f"{split}-{row}" for row in range(12))
        present = torch.ones(12, len(inputs), dtype=torch.bool)
        return Samples(inputs, present, torch.from_numpy(truth), names, names)


def trainer(name: str, task: ToyScans, **plan: object) -> Trainer:
    torch.manual_seed(0)
    made = build(Plan, {"epochs": 2, "batch_size": 6, **plan})
    info = as_read(task.info, made)
    method = METHODS[name](info, build(METHODS[name].Config, {}))
    return Trainer(
        task=task,
        method=method,
        plan=made,
        seed=1,
        folder=None,
        place=torch.device("cpu"),
        teachers=teachers(method, info),
        training=task.samples("train"),
        validation=task.samples("valid"),
    )


def test_a_scan_of_one_slice_is_measured_as_the_picture_that_it_is() -> None:
    """But for distances between surfaces: all voxels of such a scan lie at one."""
    torch.manual_seed(0)
    logits, truth = torch.randn(3, 2, 6, 5), torch.rand(3, 2, 6, 5) > 0.6
    deep, thick = logits[:, :, None], truth[:, :, None]
    for output in (OUTPUT, OUTPUT.weighing(True)):
        torch.testing.assert_close(output.loss(deep, thick), output.loss(logits, truth))
    kept = (OUTPUT.summarise(each, right, distances=False) for each, right in ((deep, thick), (logits, truth)))
    torch.testing.assert_close(*kept, equal_nan=True)
    torch.testing.assert_close(OUTPUT.uncertainty(deep), OUTPUT.uncertainty(logits))
    assert OUTPUT.condense_target(thick).tolist() == OUTPUT.condense_target(truth).tolist()
    assert OUTPUT.read(deep[0]).probabilities == pytest.approx(OUTPUT.read(logits[0]).probabilities)


def test_large_scans_are_counted_bin_by_bin_to_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    logits, truth = torch.randn(2, 2, 4, 5, 6), torch.rand(2, 2, 4, 5, 6) > 0.6
    table = OUTPUT.summarise(logits, truth)
    monkeypatch.setattr(reliability_counts, "MANY_PLACES", 0)
    torch.testing.assert_close(OUTPUT.summarise(logits, truth), table)


def test_dice_and_distance_of_two_bars_in_space() -> None:
    """Three voxels against the same three and one more: Dice 2 * 3 / 7. Two voxels 2, 1 and 2 steps apart: 3."""
    truth = torch.zeros(1, 2, 4, 4, 4, dtype=torch.bool)
    truth[0, 0, 1, 1, :3] = True
    found = truth.clone()
    found[0, 0, 1, 1, 3] = True
    kept = OUTPUT.summarise(torch.where(found, 5.0, -5.0), truth).numpy()
    assert OUTPUT.region_overlap(kept)[0, 0] == pytest.approx(6 / 7)
    assert np.isnan(OUTPUT.region_overlap(kept)[0, 1])
    one, other = np.zeros((2, 1, 4, 4, 4), bool)
    one[0, 0, 0, 0], other[0, 2, 1, 2] = True, True
    assert hausdorff95(one, other, 1.5).tolist() == [4.5]


def test_a_window_is_the_same_of_all_inputs_and_of_the_regions() -> None:
    """Voxels hold their own number, of which regions are a threshold; the second input lies a thousand higher."""
    numbers = torch.arange(2 * 6**3, dtype=torch.float32).view(2, 1, 6, 6, 6)
    truth = torch.cat([numbers > 300, numbers > 400], 1)
    present = torch.tensor([[True, False], [True, True]])
    samples = Samples({"a": numbers, "b": numbers + 1000}, present, truth, ("p", "q"), ("p", "q"))
    found = windows.random_windows(samples, [1, 0, 1], 4, torch.Generator().manual_seed(3))
    assert found.inputs["a"].shape == (3, 1, 4, 4, 4)
    assert torch.equal(found.inputs["a"] + 1000, found.inputs["b"])
    assert torch.equal(torch.cat([found.inputs["a"] > 300, found.inputs["a"] > 400], 1), found.target)
    assert (found.present.tolist(), found.ids) == (present[[1, 0, 1]].tolist(), ("q", "p", "q"))
    again = windows.random_windows(samples, [1, 0, 1], 4, torch.Generator().manual_seed(3))
    assert torch.equal(again.inputs["a"], found.inputs["a"])


def test_half_of_the_windows_lie_around_a_region() -> None:
    """Of a region of one voxel in a corner, which a window of 2 in 40 a side meets by chance once in 59,319."""
    truth = torch.zeros(1, 1, 40, 40, 40, dtype=torch.bool)
    truth[0, 0, 0, 39, 0] = True
    samples = Samples({"a": truth.float()}, torch.ones(1, 1, dtype=torch.bool), truth, ("p",), ("p",))
    found = windows.random_windows(samples, [0] * 200, 2, torch.Generator().manual_seed(0))
    assert 80 <= int(found.target.flatten(1).any(1).sum()) <= 120


def test_a_window_is_never_longer_than_the_scan() -> None:
    info = as_read(ToyScans(6).info, build(Plan, {"window": 9}))
    assert (info.window_sides, info.has_windows) == ((6, 6, 6), False)
    truth = torch.ones(1, 1, 3, 8, 8, dtype=torch.bool)
    samples = Samples({"a": truth.float()}, torch.ones(1, 1, dtype=torch.bool), truth, ("p",), ("p",))
    assert windows.random_windows(samples, [0], 5, torch.Generator()).target.shape == (1, 1, 3, 5, 5)


def test_windows_that_overlap_are_put_together_to_the_whole_scan() -> None:
    """Of an answer that is a function of each voxel; an embedding is the mean over windows."""
    info = as_read(ToyScans(10).info, build(Plan, {"window": 4}))
    inputs = {name: torch.randn(2, 1, 10, 10, 10) for name in info.modalities.names}
    asked: list[tuple[int, ...]] = []

    def answer(part: Mapping[str, Tensor]) -> list[Fused]:
        asked.append(tuple(part["m0"].shape[2:]))
        both = torch.cat([part["m0"], part["m1"]], 1)
        return [Fused(both, torch.ones(len(both), 3)), Fused(-both, both.flatten(1)[:, :3], torch.ones(len(both), 3))]

    first, second = answering.sliding_window(info, inputs, answer)
    torch.testing.assert_close(first.logits, torch.cat([inputs["m0"], inputs["m1"]], 1))
    torch.testing.assert_close(second.logits, -first.logits)
    assert (first.mean.tolist(), first.variance, second.variance.tolist()) == ([[1.0] * 3] * 2, None, [[1.0] * 3] * 2)
    assert set(asked) == {(4, 4, 4)}


def test_without_monai_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "monai.inferers", None)
    info = as_read(ToyScans(10).info, build(Plan, {"window": 4}))
    with pytest.raises(MmlabError, match="MONAI, which is not installed") as caught:
        answering.sliding_window(
            info, {name: torch.zeros(1, 1, 10, 10, 10) for name in info.modalities.names}, lambda part: []
        )
    assert "mmlab[scans]" in caught.value.hint


def test_a_card_keeps_the_window() -> None:
    info = as_read(ToyScans().info, build(Plan, {"window": 6}))
    assert TaskInfo.from_card(info.card()).window == 6
    assert "window" not in ToyScans().info.card()


def test_scans_are_moved_and_bent_with_their_regions() -> None:
    truth = torch.zeros(4, 1, 8, 8, 8, dtype=torch.bool)
    truth[:, :, 2:6, 3:7, 1:4] = True
    for change in (variation.moved_alike, variation.warped):
        found, regions = change({"a": truth.float()}, truth, torch.Generator().manual_seed(1))
        seen = found["a"] > 0.5 * found["a"].flatten(1).amax(1).view(-1, 1, 1, 1, 1)
        assert (seen == regions).float().mean() > 0.93
        assert not torch.equal(regions, truth)


@pytest.mark.parametrize("name", FINDERS)
def test_every_method_that_finds_regions_finds_them_in_scans(name: str) -> None:
    run = trainer(name, ToyScans())
    batch = run.training.batch(range(3))
    run.method.before_training(run.training)
    run.method.train()(batch.inputs, batch.present)
    for each in CHECKS:
        each(run.method.eval(), batch)


@pytest.mark.parametrize("name", FINDERS)
def test_every_method_that_finds_regions_learns_from_windows(name: str) -> None:
    every_parameter_learns(trainer(name, ToyScans(), epochs=4, window=6, windows=1, move=True))


def test_combinations_in_groups_are_the_same_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trainer("dropout", ToyScans(), window=6)
    some = run.validation.take(2)
    whole = sweep(run.method, some)
    monkeypatch.setattr(answering, "HELD", 1)
    parts = sweep(run.method, some)
    np.testing.assert_allclose(parts.logits, whole.logits, rtol=1e-5)
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-4, atol=1e-6)


def test_a_scan_is_answered_one_combination_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all combinations held, or as many as there is room for: one here. Who reads on asks for the next."""
    task = ToyScans()
    run = trainer("dropout", task, window=6)
    model = Model(task, run.method.eval(), {}, "")
    sample = {name: value[0] for name, value in run.validation.inputs.items()}
    wanted, asked = model.answer(sample), []

    def counted(method: Method, inputs: Mapping[str, Tensor], some: Sequence[Combination]) -> list[Fused]:
        asked.append([each.key for each in some])
        return fuse_all(method, inputs, some)

    monkeypatch.setattr("mmlab.inference.predictor.fuse_all", counted)
    monkeypatch.setattr(answering, "HELD", 1)
    stream = model.answers(sample)
    key, first = next(stream)
    assert (key, asked) == ("m0", [["m0"]])
    found = {key: first, **dict(stream)}
    assert list(found) == list(wanted) == ["m0", "m1", "m0-m1"]
    assert asked == [["m0"], ["m1"], ["m0-m1"]]
    for key, each in wanted.items():
        assert found[key].answer == each.answer
        assert found[key].probabilities == pytest.approx(each.probabilities, rel=1e-5)
        np.testing.assert_allclose(found[key].value, each.value, atol=1e-3)


def test_labels_lie_where_their_scan_does() -> None:
    """A bright ball of thick slices in a box: its labels are its bright voxels, but for the edge."""
    places = np.mgrid[-1:1:6j, -1:1:18j, -1:1:18j]
    ball = np.sqrt((places**2).sum(0)) < 0.6
    scan, labels = (ScanVolume(values.astype(np.uint8), (3.0, 1.0, 1.0)) for values in (1 + 200 * ball, ball))
    values, there = fitted(scan, (10, 12, 14))
    placed = fitted_labels(labels, (10, 12, 14)) > 0
    assert not (placed & ~there).any()
    assert ((values > 100) == placed).mean() > 0.97


def test_planes_of_a_scan() -> None:
    """Voxels hold 100, 10 and 1 times their places; above in the body is above in the picture."""
    deep, high, wide = np.mgrid[:2, :3, :4]
    numbers = 100 * deep + 10 * high + wide
    assert planes.plane(numbers, 0, 1)[2].tolist() == [120, 121, 122, 123]
    assert planes.plane(numbers, 1, 2)[0].tolist() == [120, 121, 122, 123]
    assert planes.plane(numbers, 2, 3)[1].tolist() == [3, 13, 23]
    assert planes.three(numbers, (1, 2, 3)).shape == (3, 4 + 4 + 3)
    regions = numbers[None] == 112
    assert planes.middle_of(regions) == (1, 1, 2)
    assert planes.middle_of(np.zeros_like(regions)) == (1, 1, 2)


def broken(folder: Path, file: str, content: bytes) -> str:
    """What a check says of the folder with another content of a file."""
    (folder / file).write_bytes(content)
    found = check(folder)
    errors = [f"{each.message} {each.hint}" for each in found.problems.found if each.is_error]
    assert len(errors) == 1, errors
    return errors[0]


def test_what_does_not_lie_on_a_scan_is_said(tmp_path: Path) -> None:
    folder = whole_lesions(tmp_path / "lesions")
    assert not check(folder).problems.errors
    grey, shifted = np.full((16, 16, 12), 90, np.uint8), nifti(np.full((16, 16, 12), 90, np.uint8), (1.0, 1.0, 2.0))
    grey[3:9] = 120
    cases = {
        "shape": ("flair-2.nii.gz", nifti(grey[:, :, :9], (1.0, 1.0, 1.0)), "has 16 × 16 × 9 voxels and"),
        "affine": ("flair-2.nii.gz", shifted, "their voxels are 1 × 1 × 2 mm and 1 × 1 × 1 mm"),
        "label": ("labels-2.nii.gz", nifti(np.full((16, 16, 12), 7, np.uint8), (1.0, 1.0, 1.0)), "has the label 7"),
        "no scan": ("labels-2.nii.gz", b"\x89PNG\r\n\x1a\n", "is no NIfTI file"),
    }
    for file, content, sentence in cases.values():
        kept = (folder / file).read_bytes()
        assert sentence in broken(folder, file, content)
        (folder / file).write_bytes(kept)


def test_regions_need_scans_of_one_size(tmp_path: Path) -> None:
    folder = whole_lesions(tmp_path / "lesions")
    task = json.loads((folder / "task.json").read_text())
    task["modalities"][1]["kind"] = "image"
    del task["modalities"][1]["slices"]
    (folder / "task.json").write_text(json.dumps(task))
    with pytest.raises(DataError, match="one size"):
        check(folder).problems.raise_first(folder)


def test_regions_in_scans_go_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = whole_lesions(tmp_path / "lesions")
    of_one = ["--task", str(folder), "--method", "dropout"]
    assert main(["train", *of_one]) == 0
    capsys.readouterr()
    assert main(["evaluate", *of_one, "--json"]) == 0
    assert 0 <= json.loads(capsys.readouterr().out)["metrics"]["flair-t1"]["case_dice"] <= 1
    assert main(["predict", *of_one, "--input", f"flair={folder / 'flair-12.nii.gz'}", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["combinations"]) == ["flair"]
    visitor = Visitor("whole_lesions")
    assert "of the scan" in visitor.read("predict", view="details")
    for page in ("explain", "robustness", "compare", "embed"):
        visitor.read(page)
    visitor.read("predict", damage="flair:lost:3", view="damage")
