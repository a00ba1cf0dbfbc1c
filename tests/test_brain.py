"""The task `brain`: nested regions on real anatomy, contrasts that follow their equations, scans of hostile origin."""

from __future__ import annotations

import gzip
import io
import math
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from bench import real_brain
from mmlab.analysis.robustness import region_overlap
from mmlab.cli.commands.grid import _possible
from mmlab.core.errors import DataError, UnknownName, Unsupported
from mmlab.core.method import METHODS
from mmlab.core.modality import spoken
from mmlab.core.outputs import Segmentation, hausdorff
from mmlab.core.recordings import Scan, Text
from mmlab.core.task import TASKS, Split, Task
from mmlab.experiments.background.manager import TrainRequest, check
from mmlab.experiments.grid import grid_jobs
from mmlab.experiments.train_job import TrainJob, train
from mmlab.modalities.scan.grid import PIXEL, SIDE
from mmlab.modalities.scan.preprocess import LENGTH, in_field
from mmlab.storage.checkpoints import REPORT, read_json
from mmlab.storage.library import SHIPPED, Library
from mmlab.tasks import cached_splits
from mmlab.tasks.brain import MODALITIES, Brain
from mmlab.tasks.generators.brain import slices as made
from mmlab.tasks.generators.brain.mri_signal import SEQUENCES, TISSUES, Patient, Sequence, Tissue, signals
from mmlab.tasks.generators.brain.sample_pack import PACK, items, labels_of, truth_picture

ROOT = Path(__file__).resolve().parents[1]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
SAME = dict.fromkeys(TISSUES, 1.0)
AVERAGE = Patient(SAME, SAME, SAME, enhancement=1.0)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brain]:
    patch = pytest.MonkeyPatch()
    patch.setenv("MMLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    cached_splits.forget()
    yield Brain()
    patch.undo()
    cached_splits.forget()


# its splits


def test_it_keeps_the_protocol_and_says_what_is_simulated(task: Brain) -> None:
    assert isinstance(task, Task)
    assert task.info.modalities.names == ("flair", "t1", "t1ce", "t2")
    assert task.sources() == ("built-in",)
    assert "simulated" in task.about
    assert "nothing here says anything about a patient" in task.about
    assert {"tumours", "contrasts"} <= set(task.describe()["simulated"])
    with pytest.raises(DataError, match="no real recordings"):
        task.samples("test", "real")


def test_a_split_holds_whole_cases_with_nested_regions(task: Brain) -> None:
    samples = task.samples("valid")
    assert len(samples) == task.describe()["sizes"]["valid"] == len(set(samples.ids))
    assert len(set(samples.groups)) == made.PLANS["valid"].cases
    whole, core, enhancing = samples.target.bool().unbind(1)
    assert not (core & ~whole).any()
    assert not (enhancing & ~core).any()
    head = samples.inputs["flair"][:, 0] != 0
    assert not (whole & ~head).any()
    for name in task.info.modalities.names:
        values = samples.inputs[name].float()
        assert values.shape == (len(samples), 1, SIDE, SIDE)
        assert values.isfinite().all()
        same = (values[:, 0] != 0) == head
        assert same.float().mean() > 0.999, "all contrasts show the same head; a pixel may just be the mean"


def test_some_heads_have_no_tumour_and_every_volume_has_one() -> None:
    for split in SPLITS[1:]:
        has = [any(i.labels.any() for i in made.case_items(split, c)) for c in range(made.PLANS[split].cases)]
        assert 0.8 < np.mean(has) < 1
    for case in range(made.VOLUMES):
        assert made.is_volume("test", case)
        assert len(list(made.case_items("test", case))) == made.VOLUME


def test_a_case_is_always_the_same_and_no_other_one(task: Brain) -> None:
    first, again, other = (next(made.case_items(*case)) for case in (("test", 5), ("test", 5), ("valid", 5)))
    assert np.array_equal(first.raw["t1"].pixels, again.raw["t1"].pixels)
    assert not np.array_equal(first.raw["t1"].pixels, other.raw["t1"].pixels)


def test_other_scanners_change_the_head_and_leave_the_outside(task: Brain) -> None:
    batch = {name: value[:4].float() for name, value in task.samples("valid").inputs.items()}
    first, again, other = (task.augment(batch, seed) for seed in (1, 1, 2))
    for name, value in batch.items():
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], other[name])
        assert torch.equal(first[name] == 0, value == 0)


# its pack


def test_the_pack_is_what_the_generators_make() -> None:
    assert PACK.differences(items()) == []


@pytest.mark.slow
def test_the_pack_can_be_checked_from_the_command_line() -> None:
    command = [sys.executable, "tools/make_brain.py", "--check"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_a_shipped_slice_lies_in_its_volume_and_reads_like_the_split(task: Brain) -> None:
    example = task.example("test-000-06")
    assert example.note == "Simulated. Case test-000: slice 7 of 14, 4 mm apart."
    assert example.stack[6] == example.id
    assert len(example.stack) == made.VOLUME
    samples = task.samples("test")
    row = list(samples.ids).index(example.id)
    assert np.array_equal(samples.target[row].bool().numpy(), example.target)
    for name, raw in example.raw.items():
        seen = task.prepare(name, raw).tensor
        assert torch.equal(seen.half(), samples.inputs[name][row].half())
    with pytest.raises(UnknownName, match="no sample 'x'"):
        task.example("x")


def test_nested_regions_survive_a_picture() -> None:
    labels = np.zeros((3, 4, 4), bool)
    labels[0, :3], labels[1, :2], labels[2, 0] = True, True, True
    assert np.array_equal(labels_of(truth_picture(labels)), labels)


# the scanner


def test_the_signal_equations_by_hand() -> None:
    spin = Sequence(600, 10, None, agent=False, noise=1, blur=(0, 0))
    assert spin.signal(600, 10, 0.5) == pytest.approx(0.5 * (1 - math.exp(-1)) * math.exp(-1))
    nulled = Sequence(1e9, 100, 1000 * math.log(2), agent=False, noise=1, blur=(0, 0))
    assert nulled.signal(1000, 50, 1) == pytest.approx(0, abs=1e-12), "what recovers half way gives no signal"
    assert nulled.signal(500, 100, 1) == pytest.approx((1 - 2 * 0.25) * math.exp(-1))
    assert Tissue(1000, 100, 1, uptake=0.2).enhanced() == pytest.approx(500), "1 / s plus 5 L/mmol/s x 0.2 mmol/L"


def test_the_contrasts_rank_tissues_as_on_a_scanner() -> None:
    found = {name: signals(sequence, AVERAGE) for name, sequence in SEQUENCES.items()}
    assert found["t1"]["wm"] > found["t1"]["gm"] > found["t1"]["csf"]
    assert found["t2"]["csf"] > found["t2"]["gm"] > found["t2"]["wm"]
    assert found["flair"]["csf"] < min(found["flair"][name] for name in ("wm", "gm", "oedema"))
    for contrast in ("flair", "t2"):
        assert found[contrast]["oedema"] > max(found[contrast][name] for name in ("wm", "gm"))
    assert found["t1"]["enhancing"] < found["t1"]["gm"]
    assert found["t1ce"]["enhancing"] > found["t1ce"]["wm"] > found["t1ce"]["necrosis"]


# from a file to the model's world


def head(shape: tuple[int, int, int] = (40, 50, 30)) -> NDArray[np.float32]:
    """A ball with a bright mark on its right and front, in voxels to the right, to the front, up."""
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, side) for side in shape), indexing="ij")
    ball = (x**2 + y**2 + z**2 < 0.9) * 100.0
    return np.where((x > 0.3) & (y > 0.3) & (ball > 0), 200, ball).astype(np.float32)


def nifti(values: NDArray[np.generic], affine: NDArray[np.float64] | None = None) -> bytes:
    return bytes(nibabel.Nifti1Image(values, np.diag([2.0, 2, 2, 1]) if affine is None else affine).to_bytes())


def png(pixels: NDArray[np.generic]) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def read(content: bytes, name: str = "scan.nii") -> Scan:
    raw = Brain().read("flair", content, name)
    assert isinstance(raw, Scan)
    return raw


def test_a_slice_has_mean_0_and_spread_1_in_the_head_and_0_outside() -> None:
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[10:30, 10:20], pixels[10:30, 20:30] = 100, 200
    seen = Brain().prepare("flair", Scan(pixels)).tensor
    assert torch.equal(seen[0] != 0, torch.from_numpy(pixels > 0))
    assert torch.allclose(seen[0, 10, 10:30], torch.tensor([-1.0] * 10 + [1.0] * 10), atol=1e-6)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "PIR", "SAL"])
def test_a_volume_lies_the_same_way_however_it_is_stored(codes: str) -> None:
    image = nibabel.Nifti1Image(head(), np.diag([2.0, 2, 2, 1]))
    wanted = nibabel.orientations.axcodes2ornt(tuple(codes))
    turned = image.as_reoriented(nibabel.orientations.ornt_transform(nibabel.io_orientation(image.affine), wanted))
    scan = read(turned.to_bytes())
    assert np.array_equal(scan.pixels, read(image.to_bytes()).pixels)
    rows, columns = np.nonzero(scan.pixels > 200)
    assert rows.max() < scan.pixels.shape[0] / 2 < scan.pixels.shape[1] / 2 + columns.min(), "front is up"
    assert columns.min() > scan.pixels.shape[1] / 2, "right is right"


def test_the_height_of_the_slice_can_be_asked_for() -> None:
    volume = head()
    heights = np.flatnonzero((volume > 0).any((0, 1)))
    for share in (0, 40, 100):
        place = round(heights[0] + share / 100 * (heights[-1] - heights[0]))
        scan = Brain().read("flair", nifti(volume), "scan.nii", {"height": share})
        assert f"Slice {place + 1} of 30, at {share} %" in scan.note
        assert np.array_equal(scan.pixels > 0, (volume[:, :, place].T[::-1] > 0))


def test_a_head_is_brought_to_its_true_size_in_the_middle_of_the_field() -> None:
    inside = np.zeros((100, 120), bool)
    inside[10:50, 30:90] = True  # 40 x 60 pixels of 1.8 mm: half as many of 3.6 mm
    values, covered = in_field(inside.astype(np.float32), inside, PIXEL / 2)
    assert covered.sum() == pytest.approx(20 * 30, abs=60)
    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    assert rows[0] + rows[-1] == columns[0] + columns[-1] == SIDE - 1
    assert np.allclose(values[rows[5] : rows[-5], columns[5] : columns[-5]], 1)


def test_the_same_head_gives_the_same_answer_as_volume_and_as_picture() -> None:
    volume = head()
    length = np.ptp(np.nonzero(volume[:, :, 15])[1]) + 1
    step = LENGTH * SIDE * PIXEL / length  # mm: then this head is of the usual length
    as_volume = Brain().prepare("t1", read(nifti(volume, np.diag([step, step, 4, 1])))).tensor
    as_picture = Brain().prepare("t1", read(png(read(nifti(volume)).pixels), "slice.png")).tensor
    assert float((as_volume - as_picture).abs().mean()) < 0.1


def test_voxels_without_a_number_are_told_and_count_as_outside() -> None:
    volume = head()
    volume[:5] = np.nan
    scan = read(nifti(volume))
    assert f"{5 * 50 * 30:,} of its voxels held no number" in scan.note
    assert (scan.pixels[:, :5] == 0).all()


def test_sixteen_bits_keep_their_order() -> None:
    pixels = np.zeros((80, 80), np.uint16)
    pixels[20:60, 20:60] = np.linspace(1000, 60_000, 1600).reshape(40, 40)
    seen = Brain().prepare("t2", read(png(pixels), "slice.png")).tensor[0]
    assert seen[45, 28] > seen[28, 28] > seen[10, 28]


def patched(content: bytes, place: int, form: str, *values: float) -> bytes:
    changed = bytearray(content)
    struct.pack_into(form, changed, place, *values)
    return bytes(changed)


GOOD = nifti(head())
HOSTILE = {
    "a cut gzip": (gzip.compress(GOOD)[:300], "a.nii.gz", "cannot|cut off|damaged"),
    "a gzip of a text": (gzip.compress(b"hello " * 99), "a.nii.gz", "not a NIfTI volume"),
    "a broken gzip": (b"\x1f\x8b" + bytes(50), "a.nii.gz", "damaged"),
    "a packed bomb": (gzip.compress(bytes(300_000_000), 1), "a.nii.gz", "once unpacked"),
    "a cut volume": (GOOD[:2000], "a.nii", "cut off"),
    "only a header": (GOOD[:352], "a.nii", "cut off"),
    "four dimensions": (nifti(np.stack([head()] * 2, -1)), "a.nii", "not one volume of three dimensions"),
    "two dimensions": (nifti(head()[:, :, 0]), "a.nii", "not one volume of three dimensions"),
    "huge sides": (patched(GOOD, 40, "<8h", 3, 32767, 32767, 32767, 1, 1, 1, 1), "a.nii", "32767 × 32767"),
    "negative sides": (patched(GOOD, 40, "<8h", 3, -4, 50, 30, 1, 1, 1, 1), "a.nii", "-4 × 50 × 30"),
    "more voxels than bytes": (patched(GOOD, 40, "<8h", 3, 300, 300, 300, 1, 1, 1, 1), "a.nii", "cut off"),
    "an unknown type": (patched(GOOD, 70, "<h", 1234), "a.nii", "cannot|cut off|plain number"),
    "colours per voxel": (patched(GOOD, 70, "<h", 128), "a.nii", "one plain number per voxel"),
    "complex numbers": (nifti(head().astype(np.complex64)), "a.nii", "one plain number per voxel"),
    "nothing but NaN": (nifti(np.full((9, 9, 9), np.nan, np.float32)), "a.nii", "no number"),
    "the same everywhere": (nifti(np.ones((9, 9, 9), np.float32)), "a.nii", "is empty"),
    "a text": (b"not a scan\n" * 99, "a.nii", "not a NIfTI volume"),
    "nothing": (b"", "a.nii", "not a NIfTI volume"),
    "an empty picture": (b"", "a.png", "is empty"),
    "a cut picture": (png(np.full((60, 60), 9, np.uint8))[:60], "a.png", "cannot be read|not a picture"),
    "a black picture": (png(np.zeros((60, 60), np.uint8)), "a.png", "no head"),
    "a white picture": (png(np.full((60, 60), 255, np.uint8)), "a.png", "no head"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_gets_its_sentence(case: str) -> None:
    content, name, sentence = HOSTILE[case]
    with pytest.raises(DataError, match=sentence) as caught:
        Brain().prepare("flair", Brain().read("flair", content, name))
    assert caught.value.hint
    assert len(caught.value.message) < 160


@pytest.mark.parametrize(
    "content",
    [
        patched(GOOD, 76, "<8f", 1, -2, 0, 1e9, 1, 1, 1, 1),
        patched(patched(GOOD, 280, "<12f", *[math.nan] * 12), 254, "<h", 1),
        patched(GOOD, 112, "<2f", math.nan, math.nan),
        patched(GOOD, 112, "<2f", 1e30, 1e38),
    ],
    ids=["impossible spacing", "an affine of NaN", "a slope of NaN", "a huge slope"],
)
def test_an_odd_header_is_lived_with(content: bytes) -> None:
    seen = Brain().prepare("flair", read(content)).tensor
    assert seen.shape == (1, SIDE, SIDE)
    assert seen.isfinite().all()


def test_other_kinds_of_input_are_refused() -> None:
    with pytest.raises(DataError, match="not a slice of a scan"):
        Brain().prepare("flair", Text("hello"))
    with pytest.raises(UnknownName):
        Brain().read("pet", GOOD)


# measures, by hand


def squares(*corners: tuple[int, int]) -> torch.Tensor:
    """Regions `[1, R, 12, 12]`: a square of 4 pixels each, its corner there."""
    found = torch.zeros(1, len(corners), 12, 12)
    for place, (row, column) in enumerate(corners):
        found[0, place, row : row + 4, column : column + 4] = 1
    return found


def test_dice_and_distance_by_hand() -> None:
    output = Segmentation(("a", "b", "c"), pixel=2.0)
    truth = squares((2, 2), (2, 2), (2, 2))
    found = squares((2, 2), (2, 4), (2, 2))
    found[0, 2] = 0
    measured = output.metrics((found * 2 - 1) * 9, truth)
    assert measured["dice_a"] == 1
    assert measured["dice_b"] == pytest.approx(2 * 8 / 32)
    assert measured["dice_c"] == 0
    assert measured["dice"] == pytest.approx(0.5)
    assert measured["hd95_a"] == 0
    assert measured["hd95_b"] == pytest.approx(4), "moved by two pixels of 2 mm"
    assert measured["hd95_c"] == pytest.approx(2 * math.hypot(12, 12)), "not found: the picture's diagonal"


def test_nothing_there_and_nothing_found_is_right_but_no_score_of_a_region_that_no_sample_has() -> None:
    output, truth = Segmentation(("a", "b")), torch.zeros(2, 2, 8, 8)
    truth[0, 0, :2] = 1
    found = output.metrics((truth * 2 - 1) * 9, truth)
    assert (found["dice"], found["dice_a"], found["hd95_a"]) == (1, 1, 0)
    assert math.isnan(found["dice_b"])
    assert math.isnan(found["hd95_b"])


def test_a_region_that_is_neither_there_nor_found_shows_no_overlap() -> None:
    truth, found = squares((2, 2), (2, 2))[0].numpy() > 0, squares((2, 2), (2, 2))[0].numpy() > 0
    truth[1] = found[1] = False
    output = Segmentation(("a", "b"))
    assert region_overlap.dice(found, truth).tolist() == [1, 1]
    np.testing.assert_array_equal(region_overlap.by_region(output, found, truth), [1, np.nan])
    assert region_overlap.overlap(output, found, truth) == 1


def test_differences_and_doubt_of_pixels_by_hand() -> None:
    truth, found = np.zeros((2, 1, 3), bool), np.zeros((2, 1, 3), bool)
    truth[:, 0, 0], found[:, 0, 1], truth[0, 0, 2], found[:, 0, 2] = True, True, True, True
    assert region_overlap.difference(found, truth).tolist() == [[-2, 2, 1]]
    assert region_overlap.dice(found, truth).tolist() == pytest.approx([0.5, 0.0])
    chance = np.array([[[0.5, 1.0, 0.0]], [[0.5, 0.5, 0.0]]])
    assert region_overlap.uncertainty(chance).tolist() == [pytest.approx([1.0, 0.5, 0.0])]


def test_shares_of_real_slices_by_hand() -> None:
    brain, marked = np.zeros((2, 2, 2), bool), np.zeros((2, 2, 2), bool)
    brain[:], marked[0, 0, 0] = True, True
    slices = real_brain.Slices({}, brain, marked)
    found = np.zeros((2, 3, 2, 2), bool)
    found[0, 0, 0] = True
    assert real_brain._shares(found, slices) == pytest.approx(
        {"nothing": 0.5, "elsewhere": 1 / 7, "marked": 1.0, "core": 0.0, "enhancing": 0.0}
    )


# methods


def test_specialists_are_for_three_inputs_at_most() -> None:
    reasons = {name: METHODS[name].unsupported_reason(Brain().info) for name in METHODS}
    assert {name for name, reason in reasons.items() if reason} == {"specialists", "ogm_ge"}
    assert "segmentation" in reasons["ogm_ge"]
    assert "4 inputs" in METHODS["specialists"].unsupported_reason(Brain().info)
    assert not METHODS["specialists"].unsupported_reason(TASKS["digits"].info)


def test_nobody_trains_specialists_on_four_inputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = grid_jobs(["brain", "digits"], ["specialists", "dropout"], [0])
    kept = {(job.task, job.method) for job in _possible(jobs)}
    assert kept == {("digits", "specialists"), ("digits", "dropout"), ("brain", "dropout")}
    assert "not trained on 4 inputs" in capsys.readouterr().err
    with pytest.raises(Unsupported, match="4 inputs"):
        next(train(TrainJob("brain", "specialists"), Library(tmp_path)))
    with pytest.raises(Unsupported, match="4 inputs"):
        check(TrainRequest("brain", "specialists", {}, {}, 0, "seed0"))


def test_abbreviations_stay_in_capitals() -> None:
    assert spoken("FLAIR + T1ce") == "FLAIR + T1ce"
    assert spoken("Image + Sound") == "image + sound"
    assert [item.spoken for item in MODALITIES] == ["FLAIR", "T1", "T1ce", "T2"]


def test_the_bench_of_real_slices_reads_each_slice_at_its_own_height(tmp_path: Path) -> None:
    side, count = 40, 12
    rows, columns = np.ogrid[:side, :side]
    head = (rows - side / 2) ** 2 + (columns - side / 2) ** 2 < (side / 3) ** 2
    grey = np.random.default_rng(0).uniform(50, 200, (count, 4, side, side)) * head
    names = np.array(list(real_brain.CONTRASTS.values()))
    file = tmp_path / "people.npz"
    np.savez(
        file, x=grey.astype(np.float16), y=np.zeros((count, side, side), bool), patient=np.ones(count), modalities=names
    )
    seen = real_brain.real_slices(file).inputs["flair"]
    assert len({slice_.numpy().tobytes() for slice_ in seen}) == len(seen) > 1


# what was measured


def _measured(method: str, metric: str) -> dict[str, float]:
    file = Library(SHIPPED).folder("brain", method, "seed0") / REPORT
    if not file.is_file():
        pytest.skip(f"{method} is not shipped for brain.")
    return {key: table[metric] for key, table in read_json(file)["sources"]["built-in"]["metrics"].items()}


def test_the_contrasts_rank_as_on_real_tumours_for_networks_trained_on_one_each() -> None:
    whole, core, enhancing = (_measured("ensemble", f"dice_{region}") for region in ("wt", "tc", "et"))
    assert min(whole["flair"], whole["t2"]) > max(whole["t1"], whole["t1ce"])
    for region in (core, enhancing):
        others = sorted(("flair", "t1", "t2"), key=region.__getitem__)
        assert region["t1ce"] > 1.1 * region[others[-1]]
        assert others[0] == "t1"


@pytest.mark.parametrize("method", sorted(METHODS))
def test_four_contrasts_beat_every_single_one(method: str) -> None:
    """In the mean of the regions; region by region where features are fused. The others average votes, and three
    contrasts that do not show the enhancing tumour outvote the one that does (docs/results.md).
    """
    fused = method in {"joint", "dropout", "dmrnet", "mmanet", "m3ixup"}
    for metric in ("dice", *(("dice_wt", "dice_tc", "dice_et") if fused else ())):
        found = _measured(method, metric)
        assert found[MODALITIES.full.key] > max(found[name] for name in MODALITIES.names)


def test_hausdorff_distances_are_those_of_monai() -> None:
    utils = pytest.importorskip("monai.metrics.utils")
    generator = np.random.default_rng(0)
    regions = ndimage.gaussian_filter(generator.normal(size=(2, 12, 24, 31)), (0, 0, 2, 2)) > 0.04
    found = hausdorff.hausdorff95(*regions, 0.7)
    for row in range(12):
        edges = [one[row] for one in map(hausdorff._outlines, regions)]
        both = [utils.get_surface_distance(*pair, spacing=(0.7, 0.7)) for pair in (edges, edges[::-1])]
        assert found[row] == pytest.approx(max(np.percentile(each, 95) for each in both), abs=1e-5)
