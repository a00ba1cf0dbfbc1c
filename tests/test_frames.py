"""Clips as frames: which of them are taken, what is refused, what damage does to time, and that their order is seen."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import mmlab
from mmlab.analysis.attribution.registry import find
from mmlab.core.errors import DataError
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.recordings import Clip
from mmlab.modalities.corruption import degrade
from mmlab.modalities.frames import pictures
from mmlab.modalities.frames.augment import vary_clip
from mmlab.modalities.frames.decode import encode_clip, read_clip
from mmlab.modalities.frames.folder_input import FramesInput
from mmlab.modalities.frames.pictures import packed
from mmlab.modalities.frames.sampling import evenly, natural_order
from mmlab.networks.encoders import convolutions_2d_1d
from mmlab.tasks.custom.validate import check
from mmlab.viz.explain import attribution_maps
from tests.folders import motion, opened, png, with_task, written
from tests.kinds_of_inputs import alone_in, check_method, every_method, goes_everywhere, scores_after
from tests.test_folder_everywhere import Visitor


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone_in(tmp_path, monkeypatch)


def frame(level: int, height: int = 8, width: int = 12) -> np.ndarray:
    return np.full((height, width), level, np.uint8)


def levels(clip: Any) -> list[int]:
    """The grey of each frame of a clip of even frames."""
    return [int(each.flat[0]) for each in clip.pixels]


def saved(frames: Sequence[np.ndarray], kind: str) -> bytes:
    target, images = io.BytesIO(), [Image.fromarray(each) for each in frames]
    lossless: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    images[0].save(target, kind, save_all=True, append_images=images[1:], duration=100, **lossless)
    return target.getvalue()


def archive(frames: Sequence[np.ndarray]) -> bytes:
    return packed({f"{place}.png": png(each) for place, each in enumerate(frames)})


def npy(values: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.save(target, values)
    return target.getvalue()


def test_frames_are_the_middles_of_equal_stretches() -> None:
    assert evenly(100, 4) == [12, 37, 62, 87]
    assert evenly(3, 6) == [0, 0, 1, 1, 2, 2]
    assert evenly(1, 3) == [0, 0, 0]


def test_numbers_in_names_count_as_numbers() -> None:
    assert sorted(["10.png", "9.png", "frame2b.png", "frame2a.png"], key=natural_order) == [
        "9.png",
        "10.png",
        "frame2a.png",
        "frame2b.png",
    ]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_a_picture_that_moves_is_a_clip_with_its_times(kind: str) -> None:
    clip = read_clip(saved([frame(20 * step) for step in range(10)], kind), "a", 5)
    assert levels(clip) == pytest.approx([20, 60, 100, 140, 180], abs=2)
    assert clip.seconds == (() if kind == "TIFF" else pytest.approx((0.1, 0.3, 0.5, 0.7, 0.9)))


def test_archives_arrays_and_single_pictures_are_clips() -> None:
    frames = [frame(10 * step) for step in range(12)]
    assert levels(read_clip(archive(frames), "a.zip", 3)) == [20, 60, 100]
    assert levels(read_clip(npy(np.stack(frames)), "a.npy", 3)) == [20, 60, 100]
    assert levels(read_clip(npy(np.stack(frames) / 255), "a.npy", 3)) == [20, 60, 100]
    assert levels(read_clip(png(frames[7]), "a.png", 3)) == [70]
    whole = read_clip(encode_clip(Clip(np.stack(frames))), "", 12)
    assert (whole.pixels == np.stack(frames)).all()


def test_large_frames_are_kept_small_and_one_in_colour_makes_all_so() -> None:
    colour = np.repeat(frame(50, 300, 400)[..., None], 3, 2)
    clip = read_clip(archive([frame(90, 300, 400), colour]), "a.zip", 2)
    assert clip.pixels.shape == (2, 192, 256, 3)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (archive([frame(1), frame(1, 8, 8)]), "'0.png' and '1.png' of one clip differ in size."),
        (packed({"x.png": b"x", "y.png": b"y"}), "'x.png' is not a picture that can be read, or it is damaged."),
        (packed({}), "'a' holds no picture."),
        (archive([frame(1)] * 3)[:200], "'a' is not a zip archive, or is damaged."),
        (npy(np.zeros((4, 5), np.uint8)), "'a' has 4 × 5 of uint8, which is no clip."),
        (npy(np.zeros((4, 8, 8), np.int32)), "'a' has 4 × 8 × 8 of int32, which is no clip."),
        (npy(np.full((4, 8, 8), np.nan)), "'a' has values that are not finite numbers."),
        (npy(np.zeros((2, 2000, 8), np.uint8)), "'a' has frames of 8 × 2,000 pixels."),
        (saved([frame(9)] * 4, "GIF")[:30], "'a' is not a picture that can be read, or it is damaged."),
        (saved([frame(9), frame(9, 9, 9)], "TIFF"), "'a' holds pictures that differ in size."),
        (b"", "'a' is empty."),
        (b"neither a video nor a picture", "'a' is not a clip that can be read, or it is damaged."),
    ],
)
def test_what_is_no_clip_is_refused_in_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read_clip(content, "a")
    assert str(caught.value.args[0]) == sentence


def test_what_would_take_too_long_to_decode_is_refused_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 2_000_000)
    large = [np.full((600, 600), step, np.uint8) for step in range(8)]
    with pytest.raises(DataError, match=r"8 frames have 3 megapixels; .* megapixels are read of a clip"):
        read_clip(archive(large), "a.zip")
    with pytest.raises(DataError, match=r"600 × 600 pixels in too many frames"):
        read_clip(saved(large, "GIF"), "a.gif")


COUNTING = Clip(np.stack([frame(10 * step) for step in range(1, 11)]))


def test_dropped_frames_are_black_and_one_stays() -> None:
    assert levels(degrade(COUNTING, "dropped", 2, 1)).count(0) == 2
    assert levels(degrade(COUNTING, "dropped", 5, 1)).count(0) == 8
    two = Clip(COUNTING.pixels[:2])
    assert sorted(levels(degrade(two, "dropped", 5, 1)))[0] == 0
    assert max(levels(degrade(two, "dropped", 5, 1))) > 0


def test_a_frozen_clip_shows_one_frame_to_its_end() -> None:
    assert levels(degrade(COUNTING, "frozen", 3)) == [10, 20, 30, 40, 50, 50, 50, 50, 50, 50]
    assert levels(degrade(COUNTING, "frozen", 5)) == [10] * 10


def test_shuffling_moves_as_many_frames_as_it_says_and_loses_none() -> None:
    for severity, moved in ((1, 2), (3, 6), (5, 10)):
        found = levels(degrade(COUNTING, "shuffled", severity, 4))
        assert sorted(found) == levels(COUNTING)
        assert sum(one != two for one, two in zip(found, levels(COUNTING), strict=True)) == moved


def test_a_clip_of_one_frame_has_no_time_to_be_corrupted() -> None:
    still = Clip(COUNTING.pixels[:1])
    for damage in ("dropped", "frozen", "shuffled"):
        assert levels(degrade(still, damage, 5)) == [10]


def test_noise_differs_from_frame_to_frame_and_blur_does_not_cross_frames() -> None:
    ramp = Clip(np.tile(np.arange(0, 240, 10, dtype=np.uint8), (3, 20, 1)))
    noisy = degrade(ramp, "noise", 3).pixels
    assert (noisy[0] != noisy[1]).any()
    blinking = Clip(np.stack([frame(0), frame(200), frame(0)]))
    assert levels(degrade(blinking, "blur", 5)) == [0, 200, 0]


def test_all_frames_of_a_clip_are_varied_alike() -> None:
    still = torch.rand(4, 1, 1, 16, 16).expand(4, 1, 5, 16, 16)
    varied = vary_clip(still, torch.Generator().manual_seed(0))
    assert torch.equal(varied, varied[:, :, :1].expand_as(varied)), "what stands still does not begin to move"
    assert not torch.equal(varied, still)
    assert not torch.equal(varied[0] - still[0], varied[1] - still[1])


@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (3, 2, 16, 16), (1, 8, 64, 64), (1, 32, 24, 24)])
def test_a_clip_of_any_length_is_encoded(shape: tuple[int, ...]) -> None:
    encoder = convolutions_2d_1d(shape, 8, 12)
    maps = encoder.body(torch.rand(2, *shape))
    assert maps.shape[:3] == (2, 20, shape[1]), "each frame has a map of its own"
    assert encoder.neck(maps).shape == (2, 12)


CLIPS = with_task(
    modalities=[
        {"name": "clip", "kind": "frames", "frames": 4, "size": 8},
        {"name": "numbers", "kind": "vector", "columns": ["a", "b"], "inline": True},
    ]
)


def clips(folder: Path) -> Path:
    """A folder per clip, an animated picture, an archive, a clip of one picture and one that is missing."""
    rows = [
        "id,split,target,clip,numbers",
        "a,train,low,clips/a,1 10",
        "b,train,high,clips/b.gif,3 30",
        "c,train,low,clips/c.zip,2 20",
        "d,valid,high,clips/d/,4 40",
        "e,test,low,,1 10",
        "f,test,high,clips/f.png,2 15",
    ]
    numbers = [each * 10 for each in range(1, 13)]
    files = {f"clips/a/frame{i}.png": png(frame(level)) for i, level in enumerate(numbers)}
    files |= {f"clips/d/{i}.PNG": png(frame(level + 5)) for i, level in enumerate(numbers)}
    files |= {"clips/d/Thumbs.db": b"x", "clips/d/.hidden.png": b"x"}
    files |= {"clips/b.gif": saved([frame(level) for level in numbers], "GIF"), "clips/f.png": png(frame(77))}
    files |= {"clips/c.zip": archive([frame(level + 3) for level in numbers])}
    return written(folder, CLIPS, rows, files)


def test_a_cell_names_a_folder_or_a_file(tmp_path: Path) -> None:
    folder = clips(tmp_path / "own")
    assert not check(folder).problems.errors
    task = opened(folder)
    assert levels(task.example("a").raw["clip"]) == [20, 50, 80, 110], "frame2 comes before frame10"
    assert levels(task.example("d").raw["clip"]) == [25, 55, 85, 115]
    samples = task.samples("train")
    assert samples.inputs["clip"].shape == (3, 1, 4, 8, 8)
    assert task.samples("test").present.tolist() == [[False, True], [True, True]]
    still = task.prepare("clip", task.example("f").raw["clip"])
    assert "It has 1 frame, so that some stand for several of 4." in still.notes
    shown = task.prepare("clip", task.example("a").raw["clip"]).tensor
    assert torch.equal(shown, samples.inputs["clip"][0].float()), "the app shows what the model learned from"
    assert shown[0, :, 4, 4].numpy() * 255 == pytest.approx([20, 50, 80, 110], abs=0.1)


def test_a_changed_folder_of_frames_is_another_version(tmp_path: Path) -> None:
    folder = clips(tmp_path / "own")
    before = opened(folder).fingerprint()
    (folder / "clips/a/frame1.png").write_bytes(png(frame(99)))
    assert opened(folder).fingerprint() != before, "a frame that is taken"
    before = opened(folder).fingerprint()
    (folder / "clips/a/notes.txt").write_text("x")
    assert opened(folder).fingerprint() == before, "a file that is no frame"


def test_what_is_wrong_with_a_clip_is_named(tmp_path: Path) -> None:
    folder = clips(tmp_path / "own")
    (folder / "clips/empty").mkdir()
    (folder / "clips/away").symlink_to(tmp_path)
    manifest = folder / "manifest.csv"
    text = manifest.read_text()
    for cell, sentence in (
        ("clips/empty", "The folder holds no picture."),
        ("clips/nothing", "There is no file 'clips/nothing' in the folder."),
        ("clips/away", "'clips/away' is a link out of the folder."),
        ("../own/clips/a", "'../own/clips/a' leaves the folder."),
    ):
        manifest.write_text(text.replace("low,clips/a", f"low,{cell}"))
        found = [str(problem) for problem in check(folder).problems.found if problem.is_error]
        assert len(found) == 1, found
        assert sentence in found[0]
    (folder / "clips/a/frame4.png").write_bytes(png(frame(1, 9, 9)))
    manifest.write_text(text)
    (problem,) = [str(each) for each in check(folder).problems.found if each.is_error]
    assert "of one clip differ in size" in problem


def test_a_row_of_an_array_is_a_clip(tmp_path: Path) -> None:
    folder = motion(tmp_path / "motion")
    assert check(folder).problems.found == []
    raw = opened(folder).example("s80").raw["clip"]
    assert (raw.pixels == np.load(folder / "clips.npy")[80]).all()


def test_only_the_order_of_frames_tells_the_way_and_is_explained_frame_by_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = scores_after(motion(tmp_path / "motion"), capsys, "epochs=10", "batch_size=16")
    assert scores["clip"] > 0.9
    assert 0.25 < scores["frame"] < 0.75, "one frame is at chance"
    assert scores["clip-frame"] > 0.9

    model = mmlab.load("motion", "dropout")
    task, method = model.task, model.method
    raw = task.example("s80").raw["clip"]
    combination = task.info.modalities.combination(["clip"])
    present = task.info.modalities.mask(combination, 1)

    def answer(clip: Any) -> int:
        zero = torch.zeros(1, *task.info.modalities["frame"].shape)
        return int(method({"clip": task.prepare("clip", clip).tensor[None], "frame": zero}, present).logits.argmax())

    assert answer(raw) == 0
    assert answer(Clip(raw.pixels[::-1].copy())) == 1, "backwards it goes the other way"

    inputs = {"clip": task.prepare("clip", raw).tensor}
    for name in ("gradcam", "occlusion", "integrated"):
        found = find(name).run(method, inputs, [combination], 0)
        heat = found.maps["clip"]["clip"]
        assert heat.shape == (6, 16, 16), name
        assert heat.any(), name
        drawn = attribution_maps.overlay("frames", inputs["clip"].numpy(), heat, "Clip")
        assert "Most: frame " in drawn


@pytest.mark.slow
def test_clips_go_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "clip.zip"
    clip.write_bytes(modality_kind("frames").example())
    corruptions = {"clip:frozen:5": "", "clip:blanked:1-3": "damage"}
    goes_everywhere(motion(tmp_path / "motion"), tmp_path, "clip", clip, corruptions, capsys)
    Visitor("motion").read("explain", damage="clip:blanked:1-3")


@pytest.mark.parametrize("name", every_method())
def test_every_method_learns_from_clips(name: str) -> None:
    check_method(name, Modality("clip", "frames", (1, 4, 8, 8), "Clip", "C"), torch.rand(3, 1, 4, 8, 8))


def test_a_clip_is_stepped_through_frame_by_frame() -> None:
    timed = Clip(COUNTING.pixels[:3], (0.0, 0.5, 1.25))
    steps = modality_kind("frames").steps(timed)
    assert [when for when, _ in steps] == ["0.00 s", "0.50 s", "1.25 s"]
    assert [int(each.pixels[0, 0]) for _, each in steps] == [10, 20, 30]
    assert [when for when, _ in modality_kind("frames").steps(COUNTING)] == [""] * 10


def test_pictures_that_are_brought_together_follow_each_other_by_their_numbers() -> None:
    given = packed({"10.png": png(frame(100)), "9.png": png(frame(90)), "8.png": png(frame(80))})
    assert levels(read_clip(given, "3 pictures")) == [80, 90, 100]


def test_a_clip_can_be_taken_away_as_files_that_come_back_as_it() -> None:
    files = modality_kind("frames").written(Clip(COUNTING.pixels, tuple(step / 5 for step in range(10))))
    assert levels(read_clip(files["zip"], "a.zip", 10)) == levels(COUNTING)
    moving = read_clip(files["gif"], "a.gif", 10)
    assert levels(moving) == levels(COUNTING)
    assert moving.seconds == pytest.approx([step / 5 for step in range(10)])


def test_a_panel_says_which_frame_has_how_much_of_the_map() -> None:
    heat = np.zeros((4, 8, 8), np.float32)
    heat[2], heat[3, :4] = 1, 0.5
    panel = (
        modality_kind("frames")
        .drawing()
        .panel(np.zeros((1, 4, 8, 8), np.float32), heat, attribution_maps.HOT, None, ())
    )
    assert panel.said == "Most: frame 3 80 %, frame 4 20 %."
    assert "3: 80 %" in panel.inside
    assert panel.width > 3 * panel.height / 2, "frames stand side by side"


def test_options_of_frames_are_bounded() -> None:
    assert FramesInput(frames=5, size=32, colour=True).shape == (3, 5, 32, 32)
