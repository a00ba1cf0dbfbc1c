"""Optical flow as a kind of input: its estimate, its files, its pictures, and what goes wrong with it."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from mmlab.core.errors import DataError
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.recordings import Flow, Picture
from mmlab.modalities.flow.augment import move_clips, vary_flow
from mmlab.modalities.flow.decode import encode_flo, read_flow
from mmlab.modalities.flow.draw import in_colours
from mmlab.modalities.flow.estimate import estimated_flow
from mmlab.modalities.flow.prepare import prepare_fitted_flow, prepare_flow
from mmlab.modalities.flow.vectors import FURTHEST, STILL, as_flow, shares_of, vectors_of
from mmlab.modalities.image.decode import encode_picture
from tests.folders import PAIR, ROWS, opened, png, with_task, written


def textured(size: int = 48) -> np.ndarray:
    """A frame with edges everywhere, in [0, 1]."""
    rough = ndimage.gaussian_filter(np.random.default_rng(0).random((size, size)), 1.5, mode="wrap")
    return (rough - rough.min()) / np.ptp(rough)


# the estimate


@pytest.mark.parametrize("went", [(0.0, 0.0), (1.0, 0.0), (-0.5, 1.5), (3.0, -2.0)])
def test_what_goes_everywhere_alike_is_found(went: tuple[float, float]) -> None:
    first = textured()
    second = ndimage.shift(first, went[::-1], order=3, mode="grid-wrap")
    inner = estimated_flow(first, second)[:, 8:-8, 8:-8]
    assert np.abs(inner - np.reshape(went, (2, 1, 1))).mean() < 0.1


def test_two_halves_that_part_are_told_apart() -> None:
    first = textured()
    second = np.hstack([np.roll(first, -1, 1)[:, :24], np.roll(first, 1, 1)[:, 24:]])
    flow = estimated_flow(first, second)
    assert flow[0, 8:-8, 6:16].mean() == pytest.approx(-1, abs=0.15)
    assert flow[0, 8:-8, 32:42].mean() == pytest.approx(1, abs=0.15)


def test_where_nothing_has_an_edge_nothing_is_made_up() -> None:
    assert np.abs(estimated_flow(np.full((20, 30), 0.4), np.full((20, 30), 0.4))).max() == 0
    noisy = np.random.default_rng(1).normal(0.5, 0.002, (2, 40, 40))
    assert np.abs(estimated_flow(*noisy)).max() < 0.1


def test_it_is_the_flow_of_opencv() -> None:
    """Another method (Farnebäck's), and nearly the same answer: both are estimates."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed (opencv-python-headless)")
    first = textured(64)
    rows, columns = np.mgrid[:64, :64].astype(float)
    bend = 1.5 * np.sin(rows / 10), 1.0 * np.cos(columns / 9)
    second = ndimage.map_coordinates(first, [rows - bend[1], columns - bend[0]], order=3, mode="grid-wrap")
    grey = [np.round(255 * each.clip(0, 1)).astype(np.uint8) for each in (first, second)]
    theirs = cv2.calcOpticalFlowFarneback(*grey, None, 0.5, 3, 9, 5, 5, 1.1, 0).transpose(2, 0, 1)
    ours = estimated_flow(first, second)
    inner = (slice(None), slice(8, -8), slice(8, -8))
    assert np.hypot(*(ours - theirs))[inner[1:]].mean() < 0.3
    truth = np.hypot(*(np.stack(bend) - ours))[inner[1:]].mean()
    assert truth < 1.2 * np.hypot(*(np.stack(bend) - theirs))[inner[1:]].mean()


# files


def test_vectors_go_to_a_picture_and_back() -> None:
    vectors = np.zeros((2, 40, 80))
    vectors[0], vectors[1, 3] = 1.0, -2.0
    flow = as_flow(vectors)
    assert flow.pixels[0, 0].tolist() == [STILL + round(127 / (40 * FURTHEST)), STILL, STILL]
    assert np.abs(vectors_of(flow) - vectors).max() <= 40 * FURTHEST / 127 / 2
    assert vectors_of(as_flow(1000 * vectors))[0].max() == pytest.approx(40 * FURTHEST), "as fast as it can hold"


def test_a_flow_goes_to_both_kinds_of_file_and_back() -> None:
    kind = modality_kind("flow")
    flow = kind.read(kind.example())
    files = kind.written(flow)
    assert set(files) == {"flo", "png"}
    for ending, content in files.items():
        assert np.array_equal(kind.read(content, f"a.{ending}").pixels, flow.pixels), ending


def test_a_flo_file_by_hand() -> None:
    pairs = [0.5, -1.0, 0, 0, 0, 0, 2e9, 2e9]  # from the left: u, v of each pixel; the last is not known
    flow = read_flow(b"PIEH" + struct.pack("<ii8f", 2, 2, *pairs))
    assert vectors_of(flow)[:, 0, 0] == pytest.approx([2 * FURTHEST, -2 * FURTHEST]), "more than a picture can hold"
    assert flow.pixels[1, 1].tolist() == [STILL] * 3
    assert "25% of its pixels is not known" in flow.note


def test_a_large_flo_file_is_made_smaller_with_its_speeds() -> None:
    flow = read_flow(encode_flo(np.full((2, 100, 1500), 3.0)))
    assert flow.pixels.shape == (68, 1024, 3)
    assert vectors_of(flow).mean() == pytest.approx(3 * 1024 / 1500, abs=0.05)


def test_a_photo_is_taken_and_said_to_be_strange() -> None:
    photo = np.random.default_rng(2).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    assert "blue, which differs, was not used" in read_flow(encode_picture(Picture(photo))).note


def film(*frames: np.ndarray, ending: str = "GIF") -> bytes:
    target = io.BytesIO()
    first, *others = (Image.fromarray(np.round(each * 255).astype(np.uint8)) for each in frames)
    first.save(target, ending, save_all=True, append_images=others)
    return target.getvalue()


@pytest.mark.parametrize("ending", ["GIF", "PNG", "TIFF", "WEBP"])
def test_of_a_film_the_flow_is_estimated_between_its_first_two_frames(ending: str) -> None:
    first = textured()
    flow = read_flow(film(first, np.roll(first, 2, 1), first, ending=ending))
    assert vectors_of(flow)[0, 8:-8, 8:-8].mean() == pytest.approx(2, abs=0.2)
    assert vectors_of(flow)[1, 8:-8, 8:-8].mean() == pytest.approx(0, abs=0.2)
    assert "first two frames" in flow.note


def test_a_film_of_narrow_frames_is_read() -> None:
    wide = np.linspace(0, 1, 2000)[None].repeat(2, 0)
    assert read_flow(film(wide, np.roll(wide, 3, 1))).pixels.shape == (2, 256, 3)


def test_frames_of_two_sizes_and_a_film_that_is_cut_off_get_their_sentence() -> None:
    with pytest.raises(DataError, match="differ in size"):
        read_flow(film(textured(), textured(40), ending="TIFF"))
    whole = film(textured(), np.roll(textured(), 2, 1), ending="PNG")
    with pytest.raises(DataError, match=r"second frame .* cannot be read"):
        read_flow(whole[: len(whole) * 3 // 4])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"PIEH", "cut off"),
        (b"PIEH" + struct.pack("<ii", 3, 3) + bytes(71), "does not fit its size"),
        (b"PIEH" + struct.pack("<ii", -3, -3) + bytes(72), "does not fit its size"),
        (b"PIEH" + struct.pack("<ii", 2**30, 2**30), "does not fit its size"),
        (encode_picture(Picture(np.arange(64, dtype=np.uint8).reshape(8, 8))), "needs two directions"),
    ],
    ids=["empty", "cut off", "short", "negative", "endless", "grey"],
)
def test_hostile_files_end_in_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as found:
        read_flow(content, "a.flo")
    assert found.value.hint


# the model's world


def test_the_middle_square_keeps_its_speeds() -> None:
    flow = as_flow(np.full((2, 20, 60), 0.5))
    found = prepare_flow(flow, 10).tensor
    assert found.shape == (2, 10, 10)
    assert found.numpy() == pytest.approx(0.5 / (20 * FURTHEST), abs=0.01)
    with pytest.raises(DataError, match="not optical flow"):
        prepare_flow(Picture(np.zeros((9, 9, 3), np.uint8)), 10)


def test_what_is_fitted_is_still_beside_the_frame() -> None:
    found = prepare_fitted_flow(as_flow(np.full((2, 20, 40), 0.5)), 16)
    assert found.tensor.shape == (2, 16, 16)
    assert float(found.tensor[:, :4].abs().max()) == 0 < float(found.tensor[:, 5:11].min())
    assert "Fitted" in found.notes[0]


def test_a_mirrored_clip_goes_to_the_other_side() -> None:
    frame, flow = torch.zeros(8, 3, 6, 6), torch.full((8, 2, 6, 6), 0.5)
    frame[..., :3] = 1
    moved = move_clips({"frame": frame, "flow": flow}, "flow", 0, torch.Generator().manual_seed(0))
    mirrored = moved["frame"][:, 0, 0, 0] == 0
    assert 0 < int(mirrored.sum()) < 8
    assert torch.equal(moved["flow"][:, 0, 0, 0], torch.where(mirrored, -0.5, 0.5))
    assert torch.equal(moved["flow"][:, 1], flow[:, 1])


def test_variation_keeps_directions() -> None:
    batch = torch.full((6, 2, 9, 9), 0.9)
    found = vary_flow(batch, torch.Generator().manual_seed(1))
    assert 0 <= float(found.min()) < 0.9 < float(found.max()) <= 1


def test_colours_are_directions_and_white_is_still() -> None:
    ways = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [0.3, 0]]).T[:, None]
    still, right, left, down, up, slow = in_colours(ways)[:, 0].T
    assert still.tolist() == [1, 1, 1]
    assert right.tolist() == pytest.approx([1, 0, 0])
    assert left == pytest.approx(1 - right)
    assert down == pytest.approx(1 - up)
    assert slow == pytest.approx((still + right) / 2)


@pytest.mark.parametrize("beside", [False, True], ids=["flo", "pairs of pictures"])
def test_a_folder_of_flow_opens(tmp_path: Path, beside: bool) -> None:
    photo = {"name": "photo", "kind": "flow", "size": 8, **({"beside": "u/v"} if beside else {})}
    example = modality_kind("flow").example()
    names = {"a.png": "u/a.png", "b.png": "u/b.png"} if beside else {"a.png": "a.flo", "b.png": "b.flo"}
    pairs = {f"{place}/{name}.png": png() for place in "uv" for name in "ab"}
    files = pairs if beside else dict.fromkeys(names.values(), example)
    rows = [row.replace("a.png", names["a.png"]).replace("b.png", names["b.png"]) for row in ROWS]
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
    task = with_task(modalities=[photo, PAIR["modalities"][1]])
    samples = opened(written(tmp_path, task, rows, files)).samples("train")
    assert samples.inputs["photo"].shape == (3, 2, 8, 8)
    assert float(samples.inputs["photo"][0].abs().max()) > 0


def test_shares_are_signed() -> None:
    pixels = np.array([[[0, 255, 7]]], np.uint8)
    assert shares_of(pixels)[:, 0, 0].tolist() == [-1.0, 1.0]
    assert isinstance(Flow(pixels), Picture)
