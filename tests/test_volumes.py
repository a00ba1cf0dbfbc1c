"""Scans as a whole: which way round they lie, what is kept of them, what is refused, and that all of them is seen."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.cli.app import main
from mmlab.core.errors import DataError
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.recordings import ScanVolume
from mmlab.modalities.corruption import degrade
from mmlab.modalities.volume.decode import HINT, SIDE, encode_scan_volume, read_scan_volume
from mmlab.modalities.volume.draw import chosen
from mmlab.modalities.volume.folder_input import VolumeInput, fitted
from mmlab.viz.explain import attribution_maps
from tests.folders import heads, nifti
from tests.kinds_of_inputs import alone_in, check_method, every_method
from tests.test_folder_everywhere import Visitor


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone_in(tmp_path, monkeypatch)


def npy(values: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.save(target, values)
    return target.getvalue()


def corner() -> np.ndarray:
    """Axes to the right, to the front and up: something everywhere, brightest at the left, back and top."""
    voxels = np.full((4, 5, 6), 50, np.uint8)
    voxels[0, 0, 5] = 250
    return voxels


def test_a_scan_lies_from_below_from_the_front_and_from_the_left() -> None:
    found = read_scan_volume(nifti(corner(), (1.0, 2.0, 3.0)))
    assert found.voxels.shape == (6, 5, 4)
    assert np.argwhere(found.voxels == found.voxels.max()).tolist() == [[5, 4, 0]]
    assert found.spacing == (3.0, 2.0, 1.0)


def test_what_is_written_is_read_again() -> None:
    found = read_scan_volume(nifti(corner(), (1.0, 2.0, 3.0)))
    again = read_scan_volume(encode_scan_volume(found))
    assert (again.spacing, again.voxels.shape) == (found.spacing, found.voxels.shape)
    assert (again.voxels.argmax(), again.voxels.min()) == (found.voxels.argmax(), found.voxels.min())


def test_an_array_is_a_scan() -> None:
    bytes_ = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert (read_scan_volume(npy(bytes_)).voxels == bytes_).all()
    floats = read_scan_volume(npy(bytes_ / 23.0)).voxels
    assert (floats.flat[0], floats.max()) == (0, 255)
    assert (np.diff(floats.ravel().astype(int)) >= 0).all()


def test_of_a_large_scan_means_over_blocks_are_kept() -> None:
    voxels = np.zeros((4, 4, 2 * SIDE), np.uint8)
    voxels[..., 10:12] = 200
    found = read_scan_volume(nifti(voxels, (1.0, 1.0, 1.0)))
    assert found.voxels.shape == (SIDE, 4, 4)
    assert np.flatnonzero(found.voxels.any((1, 2))).tolist() == [5]
    assert found.spacing == (2.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "'a' is empty."),
        (b"nothing of the kind", "'a' is not a NIfTI volume that can be read, or it is cut off."),
        (nifti(corner())[:60], "'a' is damaged, or it is cut off."),
        (nifti(np.zeros((4, 4, 4))), "'a' is empty: every voxel is 0."),
        (nifti(np.ones((4, 4, 1))), "'a' has 1 × 4 × 4 voxels, which is no scan."),
        (npy(np.zeros((4, 5), np.uint8)), "'a' has 4 × 5 of uint8, which is no scan."),
        (npy(np.zeros((4, 5, 6), complex)), "'a' has 4 × 5 × 6 of complex128, which is no scan."),
        (npy(np.full((4, 5, 6), np.nan)), "'a' has values that are not finite numbers."),
        (npy(np.ones((4, 5, 6)))[:140], "'a' is no .npy file that can be read."),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_is_no_scan_is_refused_in_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read_scan_volume(content, "a")
    assert str(caught.value.args[0]) == sentence


def test_a_scan_that_cannot_be_read_is_not_told_of_pictures_of_slices() -> None:
    with pytest.raises(DataError) as caught:
        read_scan_volume(b"nothing of the kind", "a.nii")
    assert caught.value.hint == HINT


def test_a_scan_is_fitted_into_a_cube_in_its_own_proportions() -> None:
    """Four slices 3 mm apart of 6 by 6 mm: 12 mm high, so that half of the cube beside it is empty."""
    values, there = fitted(ScanVolume(np.full((4, 6, 6), 80, np.uint8), (3.0, 1.0, 1.0)), (12, 12, 12))
    assert [np.flatnonzero(there.any(axes)).tolist() for axes in ((1, 2), (0, 2), (0, 1))] == [
        list(range(12)),
        list(range(3, 9)),
        list(range(3, 9)),
    ]
    assert (values[there] == 80).all()
    assert not values[~there].any()


def test_what_is_there_has_mean_0_and_spread_1_and_the_rest_is_0() -> None:
    rng = np.random.default_rng(0)
    voxels = np.pad(rng.integers(50, 200, (6, 6, 6)), 3).astype(np.uint8)
    tensor = VolumeInput(size=12).prepare(ScanVolume(voxels)).tensor.numpy()
    inside = voxels[None] > 0
    assert tensor.shape == (1, 12, 12, 12)
    assert not tensor[~inside].any()
    assert (float(tensor[inside].mean()), float(tensor[inside].std())) == pytest.approx((0, 1), abs=1e-4)


def test_a_scan_of_nothing_but_one_grey_is_refused() -> None:
    with pytest.raises(DataError, match="all that is in it is the same"):
        VolumeInput(size=8).prepare(ScanVolume(np.full((8, 8, 8), 9, np.uint8)))


def test_a_slab_is_lost_and_one_slice_stays() -> None:
    scan = ScanVolume(np.full((10, 4, 4), 100, np.uint8))
    for severity, lost in zip(range(1, 6), (1, 2, 4, 5, 7), strict=True):
        gone = ~degrade(scan, "lost", severity).voxels.any((1, 2))
        assert gone.sum() == lost
        assert (np.diff(np.flatnonzero(gone)) == 1).all()
    assert degrade(ScanVolume(scan.voxels[:2]), "lost", 5).voxels.any()


def test_thick_slices_are_means_of_their_neighbours() -> None:
    """Of ten slices four are saved at 0.6, of 3, 2, 3 and 2."""
    steps = (10 * np.arange(1, 11, dtype=np.uint8))[:, None, None].repeat(3, 1).repeat(3, 2)
    found = degrade(ScanVolume(steps), "thick", 2).voxels[:, 0, 0]
    assert found.tolist() == [20, 20, 20, 45, 45, 70, 70, 70, 95, 95]


def test_slices_that_are_shown_are_the_middles_of_equal_parts() -> None:
    assert chosen(16) == [1, 3, 5, 7, 9, 11, 13, 15]
    assert chosen(3) == [0, 1, 2]
    steps = modality_kind("volume").steps(ScanVolume(np.ones((100, 2, 2), np.uint8)))
    assert (len(steps), steps[0][0], steps[-1][0]) == (32, "2 / 100", "99 / 100")


def test_a_map_says_in_which_part_of_the_height_it_is() -> None:
    """Of 16 slices every second is shown; the fifth and the sixth lie in the part that the sixth stands for."""
    heat = np.zeros((16, 4, 4), np.float32)
    heat[4:6] = 1
    drawing = modality_kind("volume").drawing()
    panel = drawing.panel(np.ones((1, 16, 4, 4), np.float32), heat, attribution_maps.HOT, None, ())
    assert panel.said == "Most: slice 6 100 %."
    assert "6: 100 %" in panel.inside


@pytest.mark.parametrize("name", every_method())
def test_every_method_learns_from_scans(name: str) -> None:
    check_method(name, Modality("scan", "volume", (1, 8, 8, 8), "Scan", "S"), torch.rand(3, 1, 8, 8, 8))


def test_scans_go_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = heads(tmp_path / "heads")
    of_one = ["--task", str(folder), "--method", "dropout"]
    assert main(["train", *of_one, "--plan", "epochs=8"]) == 0
    capsys.readouterr()
    assert main(["evaluate", *of_one, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["metrics"]
    assert scores["scan"]["accuracy"] > 0.8, "which slice the spot is in is seen"

    for command in (["export", *of_one, "--onnx", str(tmp_path / "graphs")], ["check", str(folder)]):
        assert main(command) == 0, capsys.readouterr()
    capsys.readouterr()
    assert main(["predict", *of_one, "--input", f"scan={folder / '70.nii.gz'}", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["combinations"]) == ["scan"]

    visitor = Visitor("heads")
    for page in ("explain", "robustness"):
        visitor.read(page)
    visitor.read("predict", damage="scan:lost:5", view="damage")
