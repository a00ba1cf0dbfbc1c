"""The task `faces`: its splits, its way from a picture to the model's world, its shipped pack."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PIL import Image

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.recordings import Picture, Sound
from mmlab.core.task import Task
from mmlab.modalities.corruption import corruptions_of, degrade
from mmlab.modalities.image.decode import NEARNESS, PER_MILLIMETRE
from mmlab.tasks import cached_splits
from mmlab.tasks.faces import FOREIGN, MODALITIES, SIDE, Faces
from mmlab.tasks.generators.faces import captures, sample_pack
from tests.shipped_packs import check_pack

SPLITS = ("train", "valid", "test")
NAMES = MODALITIES.names


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faces]:
    """Small splits to train with, in a cache of their own."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MMLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setattr(captures, "PEOPLE", {"train": 20, "valid": 12, "test": captures.PEOPLE["test"]})
    cached_splits.forget()
    yield Faces()
    patch.undo()
    cached_splits.forget()


def file_of(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **how)
    return target.getvalue()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


def test_it_keeps_the_protocol_and_says_that_all_is_simulated(task: Faces) -> None:
    assert isinstance(task, Task)
    assert NAMES == ("color", "depth", "infrared")
    assert (task.info.output.kind, task.info.output.headline) == ("detection", "acer")
    assert task.sources() == ("built-in",)
    assert "simulated" in task.about
    assert json.loads(json.dumps(task.describe()))["simulated"] == ["the people", "the prints", "all three cameras"]
    with pytest.raises(DataError, match="no real recordings"):
        task.samples("test", "real")


def test_splits_are_balanced_and_people_are_held_out(task: Faces) -> None:
    seen: list[set[str]] = []
    for split in SPLITS:
        found = task.samples(split)
        assert len(found) == len(set(found.ids)) == captures.PEOPLE[split] * captures.CAPTURES
        for modality in MODALITIES:
            values = found.inputs[modality.name].float()
            assert values.shape == (len(found), *modality.shape)
            assert 0 <= float(values.min()) < float(values.max()) <= 1
        live = {group: [] for group in found.groups}
        for group, target in zip(found.groups, found.target.tolist(), strict=True):
            live[group].append(target)
        assert all(sum(each) == captures.CAPTURES // 2 for each in live.values())
        seen.append(set(found.groups))
    assert len(set.union(*seen)) == sum(map(len, seen))


def test_the_people_of_two_splits_are_not_the_same_under_other_names() -> None:
    first, second = (next(captures.recordings(split)).pictures["color"] for split in ("train", "test"))
    assert not np.array_equal(first[:50], second[:50])


def test_the_simulator_repeats_itself_to_the_bit() -> None:
    first, again = (next(captures.recordings("valid")) for _ in range(2))
    assert first.ids == again.ids
    assert all(np.array_equal(first.pictures[name], again.pictures[name]) for name in NAMES)


def test_every_kind_of_attack_is_there_and_agrees_with_the_target(task: Faces) -> None:
    kinds, found = captures.kinds("test"), task.samples("test")
    assert tuple(kinds) == found.ids
    assert [kind == "live" for kind in kinds.values()] == found.target.bool().tolist()
    prints = {f"{shape}-{cut}" for shape in ("flat", "curved") for cut in captures.CUTS}
    assert set(kinds.values()) == {"live"} | prints


def test_a_live_face_stands_out_and_a_flat_print_does_not(task: Faces) -> None:
    """The physics: the relief of a nose, and holes where something is cut out."""
    kinds, found = np.array(list(captures.kinds("test").values())), task.samples("test")
    depth = found.inputs["depth"].float().numpy()[:, 0]
    depth[depth == 0] = np.nan
    middle, rim = np.nanmean(depth[:, 17:24, 17:23], (1, 2)), np.nanmean(depth[:, 17:24, [9, 10, 29, 30]], (1, 2))
    standing_out = middle - rim
    assert np.nanmean(standing_out[kinds == "live"]) > 0.15
    assert abs(np.nanmean(standing_out[kinds == "flat-whole"])) < 0.05
    assert np.nanmean(middle[kinds == "flat-eyes-nose"]) < np.nanmean(middle[kinds == "flat-eyes"]) - 0.05


def test_the_pack_is_what_the_simulator_makes_and_small() -> None:
    check_pack(sample_pack, 1_500_000)


def test_a_shipped_file_gives_the_row_of_its_sample(task: Faces) -> None:
    rows = task.samples("test")
    assert task.gallery() == rows.ids[: sample_pack.COUNT]
    for place in range(0, sample_pack.COUNT, 9):
        example = task.example(rows.ids[place])
        assert example.target == int(rows.target[place])
        assert example.answer == task.info.output.classes[example.target]
        for name, raw in example.raw.items():
            reading = task.prepare(name, raw)
            torch.testing.assert_close(reading.tensor, rows.inputs[name][place].float(), rtol=0, atol=0)
            assert FOREIGN not in reading.notes
    with pytest.raises(UnknownName):
        task.example("../test-0000")


def test_the_note_tells_the_kind_of_attack_in_words(task: Faces) -> None:
    said = {task.example(name).note for name in task.gallery()}
    assert "A live person, simulated." in said
    assert "A curved print, cut out: eyes, nose, mouth. Simulated." in said
    assert "A flat print, cut out: nothing. Simulated." in said


def test_augmentation_is_a_function_of_its_seed_and_keeps_pictures_on_each_other(task: Faces) -> None:
    batch = task.samples("train").batch(range(64))
    before = {name: value.clone() for name, value in batch.inputs.items()}
    first, again, other = (task.augment(batch.inputs, seed) for seed in (5, 5, 6))
    for name, value in batch.inputs.items():
        assert first[name].shape == value.shape
        assert 0 <= float(first[name].min()) <= float(first[name].max()) <= 1
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], other[name])
        assert torch.equal(value, before[name])
    mark = torch.zeros(64, 1, SIDE, SIDE)
    mark[:, 0, 12, 9] = 1
    moved = task.augment({"color": mark.expand(-1, 3, -1, -1), "depth": mark, "infrared": mark}, 1)
    places = [(moved[name].amax(1).flatten(1) > 0.5).int().argmax(1) for name in NAMES]
    assert torch.equal(places[0], places[1])
    assert torch.equal(places[0], places[2])
    assert len(set(places[0].tolist())) > 30


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(2, 2), (3, 700), (900, 40), (40, 40), (41, 39)])
@pytest.mark.parametrize("planes", [(), (3,)])
def test_pictures_of_any_size_are_prepared(task: Faces, name: str, size: tuple[int, int], planes: tuple[int]) -> None:
    found = task.prepare(name, Picture(noise(*size, *planes)))
    assert found.tensor.shape == MODALITIES[name].shape
    assert 0 <= float(found.tensor.min()) <= float(found.tensor.max()) <= 1
    assert (FOREIGN in found.notes) == (size != (SIDE, SIDE))


def test_what_was_done_is_said(task: Faces) -> None:
    notes = task.prepare("infrared", task.read("infrared", file_of(Image.fromarray(noise(60, 100, 3))))).notes
    assert notes[0] == "Converted to greyscale."
    assert "Cropped to the square in the middle." in notes
    assert "Resized from 100 × 60 to 40 × 40 pixels." in notes
    grey = task.prepare("color", Picture(noise(50, 50)))
    assert "no colours" in grey.notes[0]
    assert torch.equal(grey.tensor[0], grey.tensor[2])


def test_the_middle_square_is_taken(task: Faces) -> None:
    pixels = np.zeros((40, 120), np.uint8)
    pixels[:, 40:80] = noise(40, 40)
    found = task.prepare("infrared", Picture(pixels)).tensor
    torch.testing.assert_close(found[0], torch.from_numpy(pixels[:, 40:80] / 255).half().float())


def test_millimetres_become_nearness_about_the_middle(task: Faces) -> None:
    """A face at 600 mm, a nose 20 mm nearer, a wall far behind, and a place where nothing was measured."""
    distance = np.full((80, 80), 2400, np.uint16)
    distance[10:70, 10:70] = 600
    distance[30:34, 30:34] = 580
    distance[40:44, 40:44] = 0
    raw = task.read("depth", file_of(Image.fromarray(distance)), "scan.png")
    assert isinstance(raw, Picture)
    assert (raw.pixels[20, 20], raw.pixels[31, 31]) == (NEARNESS, NEARNESS + 20 * PER_MILLIMETRE)
    assert (raw.pixels[2, 2], raw.pixels[41, 41]) == (0, 0)
    reading = task.prepare("depth", raw)
    assert "600 mm" in reading.notes[0]
    assert float(reading.tensor[0, 15, 15]) == pytest.approx((NEARNESS + 40) / 255, abs=1e-3)
    assert float(reading.tensor[0, 20, 20]) == 0
    assert float(reading.tensor[0, 10, 10]) == pytest.approx(NEARNESS / 255, abs=1e-3)


def test_a_depth_pixel_is_the_mean_of_what_is_measured_in_it(task: Faces) -> None:
    pixels = np.full((80, 80), 100, np.uint8)
    pixels[0, 0] = 0  # a quarter is missing: the rest counts
    pixels[2:4, 0:2] = [[0, 0], [0, 200]]  # three quarters are missing: nothing is measured
    found = task.prepare("depth", Picture(pixels)).tensor[0] * 255
    assert float(found[0, 0]) == pytest.approx(100, abs=0.1)
    assert float(found[1, 0]) == 0


ODD = {
    "cmyk": file_of(Image.fromarray(noise(50, 60, 4), "CMYK"), "JPEG"),
    "palette": file_of(Image.fromarray(noise(50, 60, 3)).convert("P")),
    "clear": file_of(Image.fromarray(noise(50, 60, 4), "RGBA")),
    "sixteen": file_of(Image.fromarray(noise(50, 60).astype(np.uint16) * 200 + 300)),
    "bits": file_of(Image.fromarray(noise(50, 60)).convert("1")),
    "moving": file_of(Image.fromarray(noise(50, 60)), "GIF", save_all=True, append_images=[Image.new("L", (60, 50))]),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", list(ODD))
def test_odd_files_are_read(task: Faces, name: str, kind: str) -> None:
    found = task.prepare(name, task.read(name, ODD[kind], f"{kind}.png")).tensor
    assert found.shape == MODALITIES[name].shape
    assert torch.isfinite(found).all()
    assert float(found.std()) > 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"hello, I am a picture", "not a picture"),
        (ODD["palette"][:80], "damaged"),
        (file_of(Image.new("L", (1, 1))), "only 1 × 1"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x10\x00\x00\x00\x00", "picture"),
    ],
    ids=["empty", "text", "cut off", "a pixel", "a bomb"],
)
def test_hostile_files_end_in_a_sentence(task: Faces, name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as found:
        task.read(name, content, "face.png")
    assert found.value.hint


def test_files_with_nothing_in_them_are_said(task: Faces) -> None:
    with pytest.raises(DataError, match="nothing measured"):
        task.read("depth", file_of(Image.fromarray(np.zeros((50, 50), np.uint16))))
    for name in NAMES:
        with pytest.raises(DataError, match="blank"):
            task.prepare(name, Picture(np.full((50, 50, 3), 70, np.uint8)))
        with pytest.raises(DataError, match="not a picture"):
            task.prepare(name, Sound(np.ones(8000, np.float32), 8000))


@pytest.mark.parametrize("corruption", corruptions_of("image"))
@pytest.mark.parametrize("name", NAMES)
def test_corrupted_samples_are_still_pictures(task: Faces, name: str, corruption: str) -> None:
    raw = task.example("test-0001").raw[name]
    plain = task.prepare(name, raw).tensor
    mild, bad = (task.prepare(name, degrade(raw, corruption, severity)).tensor for severity in (1, 5))
    assert mild.shape == plain.shape
    assert float((bad - plain).abs().mean()) > float((mild - plain).abs().mean()) > 0
