"""Pixels that nobody labelled: neither learned from nor counted, on the way from a file to a picture on a page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import mmlab
from mmlab.analysis.dominance.payoffs import counts_of
from mmlab.analysis.robustness import region_overlap
from mmlab.cli.app import main
from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.method import METHODS
from mmlab.core.outputs import Segmentation, SemanticSegmentation, output_from_card
from mmlab.core.outputs.label_masks import UNLABELLED, labelled_mask
from mmlab.core.outputs.segmentation import KEPT
from mmlab.foreign.data import answer_of
from mmlab.losses.dimml import dimension_scores, effective_dimensions
from mmlab.losses.mmanet import squared_iou_gap
from mmlab.storage.row_file import SIGNS, RowFile, RowWriter
from mmlab.tasks.custom import stored_split
from mmlab.tasks.custom.targets import output_from, regions_of
from mmlab.tasks.custom.validate import check
from mmlab.tasks.official.miniature import write_miniature
from mmlab.testing.method_contract import made, nothing_is_learned_where_nobody_labelled
from mmlab.training import variation, windows
from mmlab.ui.pages.predict import segmentation as page
from mmlab.viz.predict import segmentation as drawn
from tests.folders import nifti, opened, png, written

NESTED, KINDS = Segmentation(("a", "b")), SemanticSegmentation(("a", "b"))
OUTPUTS = {"nested": NESTED, "nested, weighed": NESTED.weighing(True), "kinds": KINDS, "weighed": KINDS.weighing(True)}


def of(rows: list[list[int]]) -> Tensor:
    """A target of one picture in one row of pixels, by region."""
    return torch.tensor(rows, dtype=torch.int8)[None, :, None, :]


def some(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Logits and labels of three pictures, every pixel labelled."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(3, 2, 6, 5, generator=generator)
    return logits, torch.rand(3, 2, 6, 5, generator=generator) > 0.6


def without(truth: Tensor, unlabelled: Tensor, value: int = UNLABELLED) -> Tensor:
    return torch.where(unlabelled[:, None], value, truth.to(torch.int8)).to(torch.int8)


def test_the_loss_of_one_labelled_pixel_and_one_that_nobody_labelled_is_that_of_the_first_alone() -> None:
    """A pixel of the region, at even odds: cross-entropy ln 2, Dice (2 * 0.5 + 1) / (0.5 + 1 + 1) = 0.8."""
    output = Segmentation(("a",))
    alone = np.log(2) + 1 - 0.8
    assert float(output.loss(torch.zeros(1, 1, 1, 1), of([[1]]))) == pytest.approx(alone)
    for logit in (-50.0, 0.0, 50.0):
        logits = torch.tensor([[[[0.0, logit]]]])
        for each in (output, SemanticSegmentation(("a",))):
            assert float(each.loss(logits, of([[1, UNLABELLED]]))) == pytest.approx(alone)


def test_pixels_are_counted_where_they_are_labelled() -> None:
    """Found at 1, 2 and 4 of five pixels, there at 2 and 3, of which the fourth and fifth are not labelled."""
    logits = torch.tensor([[[[-1.0, 1, 1, -1, 1]]]])
    kept = Segmentation(("a",)).summarise(logits, of([[0, 0, 1, UNLABELLED, UNLABELLED]]))[0, 0]
    assert kept[:3].tolist() == [1, 2, 1], "in both, found, there"
    chances = [0.269, 0.731, 0.731]
    assert kept[5:].reshape(3, 5).tolist() == [
        [0, 1, 0, 2, 0],
        [0, 0, 0, 1, 0],
        pytest.approx([0, chances[0], 0, sum(chances[1:]), 0], abs=0.06),
    ]
    assert Segmentation(("a",)).condense_target(of([[0, 0, 1, UNLABELLED, UNLABELLED]])).tolist() == [[1]]


@pytest.mark.parametrize("name", OUTPUTS)
def test_neither_loss_nor_metric_depends_on_what_is_said_of_an_unlabelled_pixel(name: str) -> None:
    output = OUTPUTS[name]
    logits, truth = some()
    unlabelled = torch.rand(3, 6, 5, generator=torch.Generator().manual_seed(1)) > 0.5
    target = without(truth, unlabelled)
    other = torch.where(unlabelled[:, None], -3 * logits, logits)
    torch.testing.assert_close(output.loss(other, target), output.loss(logits, target))
    before, after = (output.metrics(each, target) for each in (logits, other))
    assert before == pytest.approx(after, nan_ok=True)
    assert output.metrics(logits, without(truth, unlabelled, -100)) == pytest.approx(before, nan_ok=True)
    free = logits.clone().requires_grad_()
    output.loss(free, target).sum().backward()
    assert free.grad is not None
    assert not free.grad[unlabelled[:, None].expand_as(free)].any(), "an unlabelled pixel teaches"
    assert free.grad[~unlabelled[:, None].expand_as(free)].all()


@pytest.mark.parametrize("name", OUTPUTS)
def test_where_everything_is_labelled_nothing_changes(name: str) -> None:
    output = OUTPUTS[name]
    logits, truth = some()
    torch.testing.assert_close(output.loss(logits, truth.to(torch.int8)), output.loss(logits, truth))
    assert torch.equal(output.summarise(logits, truth.to(torch.int8)), output.summarise(logits, truth))
    assert output.metrics(logits, truth.to(torch.int8)) == pytest.approx(output.metrics(logits, truth), nan_ok=True)
    assert torch.equal(output.labels(truth.to(torch.int8)), output.labels(truth))
    assert labelled_mask(truth) is None


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_picture_without_a_labelled_pixel_teaches_nothing_and_counts_nowhere(name: str) -> None:
    output = OUTPUTS[name]
    logits, truth = some()
    nowhere = without(truth, torch.ones(3, 6, 5, dtype=torch.bool))
    assert output.loss(logits, nowhere).tolist() == [0, 0, 0]
    assert output.summarise(logits, nowhere)[..., :3].sum() == 0
    first = without(truth, torch.tensor([True, False, False])[:, None, None].expand(3, 6, 5))
    rest = output.loss(logits[1:], truth[1:])
    assert float(output.loss(logits, first).sum()) == pytest.approx(float(rest.sum()), rel=0.6)  # finite, no more
    assert output.metrics(logits, first) == pytest.approx(output.metrics(logits[1:], truth[1:]), nan_ok=True)


def test_every_labelled_pixel_of_a_batch_weighs_alike_where_kinds_share_a_picture() -> None:
    """As with PyTorch's `ignore_index`: nine labelled pixels of one picture, one of the other."""
    logits, truth = torch.randn(2, 1, 3, 3), torch.rand(2, 1, 3, 3) > 0.5
    unlabelled = torch.zeros(2, 3, 3, dtype=torch.bool)
    unlabelled[1] = True
    unlabelled[1, 0, 0] = False
    target = without(truth, unlabelled)
    labelled = ~unlabelled[:, None]
    crossed = torch.nn.functional.binary_cross_entropy_with_logits(logits[labelled], truth[labelled].float())
    chance, there = logits[labelled].sigmoid(), truth[labelled].float()
    dice = 1 - (2 * (chance * there).sum() + 1) / (chance.sum() + there.sum() + 1)
    torch.testing.assert_close(SemanticSegmentation(("a",)).loss(logits, target).mean(), crossed + dice)


def test_distances_are_those_between_what_is_labelled() -> None:
    """Found at the first pixel and, where nobody labelled, at the last one: it is exact."""
    logits = torch.tensor([[[[1.0, -1, -1, -1, 1]]]])
    kept = Segmentation(("a",)).summarise(logits, of([[1, 0, 0, 0, UNLABELLED]]))
    assert float(kept[0, 0, 3]) == 0


def test_a_scan_as_a_whole_is_counted_as_a_picture_is() -> None:
    logits, truth = some()
    target = without(truth, torch.rand(3, 6, 5) > 0.5)
    deep = NESTED.summarise(logits[:, :, None], target[:, :, None], distances=False)
    torch.testing.assert_close(deep, NESTED.summarise(logits, target, distances=False), equal_nan=True)


def test_what_lies_in_no_region_for_certain_is_no_class_of_its_own() -> None:
    labels = NESTED.labels(of([[1, 1, 0, UNLABELLED], [1, 0, 0, UNLABELLED]]))
    assert labels.flatten().tolist() == [2, 1, 0, UNLABELLED]
    features, known = torch.tensor([[0.0], [1.0], [0.1], [9.0]]), torch.tensor([0, 1, 0, -1])
    assert dimension_scores(features, known, 2).tolist() == dimension_scores(features[:3], known[:3], 2).tolist() == [1]
    assert torch.equal(effective_dimensions(features, known, 2), effective_dimensions(features[:3], known[:3], 2))


def test_a_miner_by_overlap_does_not_look_at_unlabelled_pixels() -> None:
    method = made("mmanet", "segmentation", 2, miner="iou")
    logits, truth = some()
    target = without(truth, torch.rand(3, 6, 5) > 0.5)
    known = target >= 0
    expected = squared_iou_gap((logits > 0) & known, (-logits > 0) & known, target > 0)
    strange = torch.where(known, logits, 100.0)
    torch.testing.assert_close(method._drift(strange, -logits, target), expected)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [name for name in METHODS if "segmentation" in METHODS[name].supports])
def test_no_method_learns_from_what_a_target_says_where_nobody_labelled(name: str) -> None:
    nothing_is_learned_where_nobody_labelled(name)


# folders


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder of another test, and a cache of its own."""
    monkeypatch.setenv("MMLAB_FOLDERS", "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))


def fields(folder: Path, ignore: object = 9, flat: bool = True) -> Path:
    """Twelve pictures twice as wide as high, or scans of two slices: a region on the left, no label on the right."""
    labels = np.zeros((8, 16), np.uint8)
    labels[2:6, 2:5] = 1
    labels[:, 12:] = 9
    options = {"kind": "image", "size": 16} if flat else {"kind": "volume", "size": 16, "slices": 2}
    asked = {"kind": "segmentation", "regions": ["crop"], "measured_by": "iou"}
    task = {
        "name": "fields",
        "output": {**asked, "ignore": ignore} if ignore != [] else asked,
        "modalities": [{"name": "red", **options}, {"name": "near", "letter": "N", **options}],
    }
    rows, files = ["id,split,target,red,near"], {}
    shade = np.random.default_rng(0)
    for i, split in enumerate(["train"] * 8 + ["valid"] * 2 + ["test"] * 2):
        grey = shade.integers(1, 255, (8, 16), dtype=np.uint8)
        for name, values in (("m", labels), ("a", grey), ("b", 255 - grey)):
            ending, content = (
                (".png", png(values)) if flat else (".nii", nifti(np.stack([np.rot90(values, -1)] * 2, 2)))
            )
            files[f"{name}{i}{ending}"] = content
        rows.append(f"s{i},{split}," + ",".join(f"{name}{i}{ending}" for name in "mab"))
    return written(folder, task, rows, files)


def test_a_folder_says_which_labels_nobody_gave() -> None:
    asked = {"kind": "segmentation", "regions": {"a": [1], "b": [1, 2]}}
    assert output_from({**asked, "ignore": 255})[0].card()["ignore"] == (255,)
    assert output_from({**asked, "ignore": [255, 0]})[0].card()["ignore"] == (0, 255)
    assert output_from(asked)[0].card() == Segmentation(("a", "b")).card()
    for wrong in (-1, 256, "255", True, [1.5], None):
        with pytest.raises(DataError, match="no label"):
            output_from({**asked, "ignore": wrong})
    with pytest.raises(DataError, match="The label 2 is to be ignored, and the region 'b' is made of it"):
        output_from({**asked, "ignore": 2})
    found = regions_of(np.array([[0, 1, 2, 255]], np.uint8), ((1,), (1, 2)), "", (255,))
    assert found.dtype == np.int8
    assert found.tolist() == [[[0, 1, 0, -1]], [[0, 1, 1, -1]]]
    with pytest.raises(DataError, match="has the label 9") as raised:
        regions_of(np.array([[9]], np.uint8), ((1,),), "")
    assert '"ignore": 9' in raised.value.hint


def test_a_card_keeps_it_and_models_of_either_are_models_of_one_task() -> None:
    ignoring = SemanticSegmentation(("a",), ignore=255)  # type: ignore[arg-type]
    again = output_from_card(json.loads(json.dumps(ignoring.card())))
    assert again.card()["ignore"] == (255,)
    assert again == ignoring == SemanticSegmentation(("a",))
    assert "ignore" not in SemanticSegmentation(("a",)).card()


@pytest.mark.parametrize("flat", [True, False])
def test_what_nobody_labelled_stays_so_from_the_file_to_the_sample(tmp_path: Path, flat: bool) -> None:
    """Of 16 x 16 pixels the upper and the lower quarter are no picture, and a quarter of the picture has no label."""
    task = opened(fields(tmp_path / "fields", flat=flat))
    target = task.samples("test").target[0, 0]
    target = target if flat else target[0]
    assert target.dtype == torch.int8
    assert (target[:4] == -1).all()
    assert (target[12:] == -1).all()
    assert (target[4:12, 12:] == -1).all()
    assert ((target[4:12, :12] == 1).sum(), (target[4:12, :12] == 0).sum()) == (12, 84)
    shown = task.example("s10").target
    assert np.array_equal(shown, task.samples("test").target[0].numpy())


def test_a_split_on_disk_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fields(tmp_path / "fields")
    held = opened(folder).samples("test").target
    monkeypatch.setattr(stored_split, "HELD", 100)
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "other"))
    stored = opened(folder).samples("test").target
    assert stored.dtype == torch.int8
    assert torch.equal(stored[:], held)
    writer = RowWriter(tmp_path / "rows", (2, 3), SIGNS)
    row = np.array([[-1, 0, 1], [1, 1, -1]], np.int8)
    writer.add(row)
    read = RowFile.of(tmp_path / "rows", writer.done()).read(np.array([0]))
    assert np.array_equal(read[0].numpy(), row)


def test_moving_bending_and_windows_take_it_along() -> None:
    inputs = {"a": torch.rand(2, 1, 16, 16)}
    target = torch.zeros(2, 2, 16, 16, dtype=torch.int8)
    target[:, :, 4:8, 4:8] = 1
    target[:, :, :, 12:] = UNLABELLED
    for change in (variation.moved_alike, variation.warped):
        _, found = change(inputs, target, torch.Generator().manual_seed(0))
        assert found.dtype == torch.int8
        assert set(found.unique().tolist()) == {UNLABELLED, 0, 1}
        assert torch.equal(found[:, 0] < 0, found[:, 1] < 0), "unlabelled in every region or in none"
    assert variation.kinds_of(torch.full((1, 2, 4, 4), UNLABELLED, dtype=torch.int8)).tolist() == [2], "of no region"
    scan = torch.full((1, 1, 8, 8, 8), UNLABELLED, dtype=torch.int8)
    scan[..., 6, 6, 6] = 1
    one = torch.ones(1, 1, dtype=torch.bool)
    samples = Samples({"a": torch.rand(1, 1, 8, 8, 8)}, one, scan, ("s",), ("s",))
    windows_with = [windows.random_windows(samples, [0], 4, torch.Generator().manual_seed(i)).target for i in range(20)]
    assert sum(bool((window > 0).any()) for window in windows_with) > 8, "about half lie around the region"


def test_check_and_data_say_how_many_pixels_nobody_labelled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = fields(tmp_path / "fields")
    for _ in range(2):  # the second time from what is remembered
        found = check(folder)
        assert found.unlabelled == {"train": (8 * 32, 8 * 128), "valid": (64, 256), "test": (64, 256)}
    assert main(["check", str(folder)]) == 0
    assert "Unlabelled pixels, train: 25.0% (256 of 1,024), ignored." in capsys.readouterr().out
    assert main(["check", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unlabelled"]["test"] == {"pixels": 64, "of": 256}
    (folder / "m3.png").write_bytes(png(np.full((8, 16), 9, np.uint8)))
    warned = [str(each) for each in check(folder).problems.found]
    assert any("No pixel of the label map is labelled" in each for each in warned)
    others = check(fields(tmp_path / "others", ignore=[9, 200])).problems.found
    assert not any("to be ignored" in str(each) for each in others)
    never = json.loads((folder / "task.json").read_text())
    never["output"] |= {"regions": {"crop": [1, 9]}, "ignore": 200}
    (folder / "task.json").write_text(json.dumps(never))
    assert any("No pixel has a label that is to be ignored (200)" in str(each) for each in check(folder).problems.found)


@pytest.mark.parametrize("name", ["nyuv2", "cityscapes"])
def test_official_rooms_and_streets_leave_void_pixels_out(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_miniature(name, tmp_path / "data")
    assert main(["data", name, str(tmp_path / "data"), "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["unlabelled"]
    assert all(0 < each["pixels"] < each["of"] for each in counts.values())
    assert main(["data", name, str(tmp_path / "data")]) == 0
    assert "Unlabelled pixels, test:" in capsys.readouterr().out
    target = opened(tmp_path / "data").samples("test").target
    share = counts["test"]["pixels"] / counts["test"]["of"]
    assert float((target < 0).float().mean()) == pytest.approx(share, abs=0.02)
    assert ((target > 0).sum(1) == 1).eq(target[:, 0] >= 0).all(), "every labelled pixel is of one kind"


# one's own model, and pages


def test_a_label_map_of_ones_own_data_set_is_ignored_where_it_says_so() -> None:
    class Registered:
        output = mmlab.Segmentation(("floor", "chair"), ignore=255)

    labels = torch.tensor([[0, 1, 255]])
    found = answer_of(Registered(), labels, 0)  # type: ignore[arg-type]
    assert found.tolist() == [[[1, 0, -1]], [[0, 1, -1]]]
    regions = torch.tensor([[[1, 0, 255]], [[0, 1, 0]]])
    assert answer_of(Registered(), regions, 0).tolist() == found.tolist()  # type: ignore[arg-type]


def test_overlaps_and_payoffs_of_one_sample_are_those_of_a_sweep() -> None:
    logits, truth = some()
    target = without(truth, torch.rand(3, 6, 5) > 0.5)
    kept = NESTED.summarise(logits, target).double().numpy()
    np.testing.assert_array_equal(counts_of(logits.numpy(), target.numpy()), kept[..., :3])
    for each, row in zip(kept, range(3), strict=True):
        found, one = (logits[row] > 0).numpy(), target[row].numpy()
        assert region_overlap.overlap(NESTED, found, one) == pytest.approx(NESTED.overlap(each[None])[0])
        assert not region_overlap.difference(found, one)[one[0] < 0].any()
    assert kept.shape[-1] == KEPT


def test_a_page_draws_it_in_stripes_with_words_for_who_cannot_see_them() -> None:
    truth = np.zeros((2, 6, 6), np.int8)
    truth[0, 1:3, 1:3] = 1
    truth[:, :, 4:] = UNLABELLED
    chances = np.full((2, 6, 6), 0.9)
    there, off, doubt = (said for _, said in page.panels(np.zeros((6, 6)), chances, truth, "A model", of_scan=False))
    assert all("Hatched: unlabelled" in each for each in (there, off))
    assert "Hatched" not in doubt
    assert drawn.hatched(np.ones((2, 3), bool)).count("h3v1h-3z") == 2
    assert drawn.hatched(np.zeros((2, 3), bool)) == ""
    assert "unlabelled, not counted" in drawn.legend(["a", "b"], True, None, True)
    assert "nobody labelled" not in drawn.legend(["a", "b"], True)
    assert "Hatched" not in page.panels(np.zeros((6, 6)), chances, truth > 0, "A model", of_scan=False)[0][1]
