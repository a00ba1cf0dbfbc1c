"""The task `rooms`: its solids and finishes, its cameras, its splits, its way to the model's world, its pack."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from mmlab.analysis.dominance.payoffs import metric_of_right, sample_values
from mmlab.core.errors import DataError, UnknownName
from mmlab.core.method import METHODS
from mmlab.core.outputs import Segmentation, SemanticSegmentation, output_from_card
from mmlab.core.recordings import Picture, Sound
from mmlab.core.task import Task
from mmlab.modalities.corruption import corruptions_of, degrade
from mmlab.tasks import cached_splits
from mmlab.tasks.custom.targets import output_from
from mmlab.tasks.generators.rooms import captures, finishes, furniture, sample_pack
from mmlab.tasks.generators.rooms.cameras import NEAR, RANGE, View, record
from mmlab.tasks.generators.rooms.finishes import Finish
from mmlab.tasks.generators.rooms.layouts import FACES, KINDS, Room, furnished
from mmlab.tasks.generators.rooms.solids import FAR, Solid, Solids, leave_room
from mmlab.tasks.official.benchmark import BENCHMARKS
from mmlab.tasks.rooms import FOREIGN, MODALITIES, OUTPUT, ROOM_KINDS, SIDE, Rooms
from tests.shipped_packs import check_pack

SPLITS = ("train", "valid", "test")
NAMES = MODALITIES.names
WHITE = Finish((0.9, 0.9, 0.9), (0.9, 0.9, 0.9))
AHEAD = np.array([[0], [1], [0]], np.float32)  # the way of one ray, straight away from the near wall


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rooms]:
    """Small splits, in a cache of their own; of the test split, what the pack is made of."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MMLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setattr(captures, "ROOMS", {"train": 16, "valid": 8, "test": sample_pack.COUNT})
    cached_splits.forget()
    yield Rooms()
    patch.undo()
    cached_splits.forget()


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def empty(*parts: Solid) -> Room:
    """A white room of 4 x 3 x 2.5 m."""
    return Room("study", np.array((4, 3, 2.5), np.float32), parts or (far_away(),), (WHITE,) * 6)


def far_away() -> Solid:
    """A thing outside the room, which no ray reaches first."""
    return Solid((0, 50, 0), (0.1, 0.1, 0.1), 0, WHITE)


def straight(depth_noise: float = 0.0) -> View:
    """Cameras in the middle of the near wall that look straight ahead, without noise, their lamp in the middle."""
    place, lamp, white = (np.array(each, np.float32) for each in ((2, 0, 1.25), (2, 1.5, 2.4), (1, 1, 1)))
    return View(place, 0.0, 0.0, 0.5, lamp, 1.0, 0.3, white, 0.0, depth_noise)


def crate(y: float, half: float = 0.3, finish: Finish = WHITE) -> Solid:
    """A cupboard in the middle of the room, its front so many metres from the near wall."""
    return Solid((2, y + half, 1.25), (half, half, half), furniture.INDEX["cupboard"], finish)


# rays


@pytest.mark.parametrize(("ball", "turn", "expected"), [(False, 0.0, 2.5), (False, np.pi / 2, 1.0), (True, 0.3, None)])
def test_a_ray_meets_a_solid_where_it_begins(ball: bool, turn: float, expected: float | None) -> None:
    solids = Solids([far_away(), Solid((0, 3, 0), (2, 0.5, 1) if expected else (1, 1, 1), 0, WHITE, turn, ball)])
    met = solids.meet(np.zeros(3, np.float32), AHEAD)
    assert met.way[0] == pytest.approx(expected or 2.0, abs=1e-4)
    assert met.which[0] == 1
    np.testing.assert_allclose(met.normal[:, 0], [0, -1, 0], atol=1e-4)


def test_only_a_box_has_corners() -> None:
    beside = np.array((0.9, 0, 0.9), np.float32)
    ways = [
        Solids([Solid((0, 3, 0), (1, 1, 1), 0, WHITE, 0.0, ball)]).meet(beside, AHEAD).way[0] for ball in (True, False)
    ]
    assert ways[0] >= FAR / 2
    assert ways[1] == pytest.approx(2, abs=1e-4)


def test_what_stands_between_a_place_and_the_lamp_throws_a_shadow() -> None:
    solids = Solids(
        [Solid((0, 0, 1), (0.5, 0.5, 0.1), 0, WHITE), Solid((3, 0, 1), (0.3, 0.3, 0.3), 0, WHITE, 0.0, True)]
    )
    places = np.array([(0, 0, 0), (2, 0, 0), (3, 0, 0), (0, 0, 1.5), (0, 0, 3)], np.float32).T
    assert solids.between(places, np.array((0, 0, 2), np.float32)).tolist() == [True, False, False, False, False]
    assert solids.between(places[:, 2:3], np.array((3, 0, 2), np.float32)).tolist() == [True]


def test_rays_leave_a_room_by_the_side_that_they_point_to() -> None:
    ways = np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)], np.float32).T
    met = leave_room(np.array((4, 3, 2.5), np.float32), np.array((1, 1, 1), np.float32), ways)
    np.testing.assert_allclose(met.way, [3, 1, 2, 1, 1.5, 1], atol=1e-5)
    assert [furniture.REGIONS[FACES[face]] for face in met.which] == ["wall"] * 4 + ["ceiling", "floor"]
    np.testing.assert_allclose(met.normal, -ways)


# finishes and things


@pytest.mark.parametrize(
    ("pattern", "share"), [("plain", 0.0), ("stripes", 0.5), ("checks", 0.5), ("blocks", 0.25), ("specks", 0.5)]
)
def test_a_pattern_mixes_two_colours(pattern: str, share: float) -> None:
    across, up = (part.ravel().astype(np.float32) for part in np.meshgrid(*[np.linspace(0.001, 7.999, 160)] * 2))
    look = Finish((0, 0, 0), (1, 1, 1), pattern, 0.25)
    found = finishes.colours([look], np.zeros(len(across), np.intp), across, up)
    assert found.shape == (3, len(across))
    assert 0 <= found.min() <= found.max() <= 1
    assert found.mean() == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize("name", furniture.MAKERS)
def test_things_stand_on_the_floor_within_their_foot(name: str) -> None:
    for seed in range(5):
        thing = furniture.MAKERS[name](rng(seed))
        assert len({part.region for part in thing.parts}) == 1
        low = min(part.middle[2] - part.half[2] for part in thing.parts)
        assert -1e-6 <= low < 0.1
        for part in thing.parts:
            assert abs(part.middle[0]) + part.half[0] <= thing.wide + 0.05
            assert abs(part.middle[1]) + part.half[1] <= thing.deep + 0.05
        moved = thing.at(1.0, 2.0, np.pi / 2)
        assert moved[0].middle[:2] == pytest.approx((1 - thing.parts[0].middle[1], 2 + thing.parts[0].middle[0]))


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_a_room_stands_within_its_walls(kind: str) -> None:
    for seed in range(4):
        room = furnished(kind, rng(seed))
        middles = np.array([part.middle for part in room.parts])
        assert (middles >= 0).all()
        assert (middles <= room.size).all()
    assert len({furnished(kind, rng(seed)).parts for seed in range(4)}) == 4


# cameras


def test_depth_is_the_distance_ahead_and_regions_say_what_is_there() -> None:
    room = empty(crate(2.0))
    seen = record(room, straight(), rng())
    middle = SIDE // 2
    expected = 1 + 254 * (RANGE - 2.0) / (RANGE - NEAR)
    patch = seen.depth[middle - 3 : middle + 3, middle - 3 : middle + 3]
    assert np.median(patch) == pytest.approx(expected, abs=1)
    assert furniture.REGIONS[seen.regions[middle, middle]] == "cupboard"
    assert {furniture.REGIONS[region] for region in np.unique(seen.regions)} == {"wall", "ceiling", "floor", "cupboard"}
    behind = seen.depth[middle - 3 : middle + 3, 2:8]
    assert np.median(behind[behind > 0]) == pytest.approx(1 + 254 * (RANGE - 3.0) / (RANGE - NEAR), abs=2)


def test_dark_and_shiny_things_and_what_is_far_come_back_as_holes() -> None:
    dark, shiny = replace(WHITE, colour=(0.03, 0.03, 0.03)), replace(WHITE, shine=0.9)
    shares = []
    for finish in (WHITE, dark, shiny):
        seen = record(empty(crate(1.5, 0.5, finish)), straight(), rng(1))
        shares.append((seen.depth[seen.regions == furniture.INDEX["cupboard"]] == 0).mean())
    assert shares[0] < 0.15
    assert min(shares[1:]) > 0.6
    long = replace(empty(), size=np.array((4, RANGE + 0.5, 2.5), np.float32))
    far = record(long, straight(), rng())
    assert not far.depth[SIDE // 2 - 4 : SIDE // 2 + 4, SIDE // 2 - 4 : SIDE // 2 + 4].any()


def test_noise_of_depth_grows_with_the_distance() -> None:
    spreads = []
    for y in (1.0, 2.0):
        seen = record(empty(crate(y, y / 3)), straight(0.08), rng(2))
        patch = seen.depth[SIDE // 2 - 6 : SIDE // 2 + 6, SIDE // 2 - 6 : SIDE // 2 + 6].astype(float)
        spreads.append(patch[patch > 0].std())
    assert spreads[1] > 2 * spreads[0]


def test_a_rug_shows_in_colour_and_not_in_depth() -> None:
    red = replace(WHITE, colour=(0.7, 0.1, 0.1))
    view = replace(straight(), down=0.5)
    rug = Solid((2, 1.8, furniture.THIN), (0.8, 0.6, furniture.THIN), furniture.INDEX["rug"], red)
    bare, laid = (record(empty(*parts), view, rng()) for parts in ((), (rug,)))
    there = laid.regions == furniture.INDEX["rug"]
    assert there.sum() > 200
    assert np.abs(laid.color[there].astype(int) - bare.color[there]).mean() > 40
    both = there & (laid.depth > 0) & (bare.depth > 0)
    assert np.abs(laid.depth[both].astype(int) - bare.depth[both]).mean() < 2


def test_a_thing_shades_what_lies_under_it() -> None:
    view = replace(straight(), down=0.5, ambient=0.1)
    board = Solid((2, 1.5, 1.9), (0.5, 0.5, 0.02), furniture.INDEX["table"], WHITE)
    lit, shaded = (record(empty(*parts), view, rng()) for parts in ((), (board,)))
    floor = (lit.regions == furniture.INDEX["floor"]) & (shaded.regions == furniture.INDEX["floor"])
    darker = lit.color[floor].mean(1).astype(float) - shaded.color[floor].mean(1)
    assert darker.min() >= -1
    assert darker.max() > 50


# the task


def test_it_keeps_the_protocol_and_says_that_all_is_simulated(task: Rooms) -> None:
    assert isinstance(task, Task)
    assert (NAMES, task.sources(), task.info.output.kind) == (("color", "depth"), ("built-in",), "segmentation")
    assert OUTPUT.regions == furniture.REGIONS
    assert set(ROOM_KINDS) == set(KINDS)
    assert "simulated" in task.about
    assert json.loads(json.dumps(task.describe()))["simulated"] == ["the rooms", "the light", "both cameras"]
    with pytest.raises(DataError, match="no real recordings"):
        task.samples("test", "real")


def test_it_is_measured_by_miou_and_a_card_remembers_that(task: Rooms) -> None:
    assert task.info.output.metric_names[0] == task.info.output.headline == "iou"
    assert {f"iou_{name}" for name in OUTPUT.regions} <= set(OUTPUT.metric_names)
    again = output_from_card(json.loads(json.dumps(OUTPUT.card())))
    assert isinstance(again, SemanticSegmentation)
    assert again == OUTPUT
    nested = output_from_card(Segmentation(("whole", "core")).card())
    assert (type(nested), nested.headline) == (Segmentation, "case_dice")


def test_a_folder_of_ones_own_and_official_rooms_and_streets_are_measured_by_it_too() -> None:
    asked = {"kind": "segmentation", "regions": ["bed", "lamp"]}
    assert output_from({**asked, "measured_by": "iou"}) == (SemanticSegmentation(("bed", "lamp")), ((1,), (2,)))
    assert type(output_from(asked)[0]) is type(output_from({**asked, "measured_by": "case_dice"})[0]) is Segmentation
    for name in ("nyuv2", "cityscapes"):
        assert {output_from(BENCHMARKS[name]().asks(each))[0].headline for each in BENCHMARKS[name].protocols} == {
            "iou"
        }


def test_of_a_picture_only_the_kinds_count_that_are_there_or_found() -> None:
    """Pixels in both, found, there: IoU of a is 2 / 4, b is found where it is not, c is neither, d is exact."""
    output = SemanticSegmentation(("a", "b", "c", "d"))
    kept = np.array([[[2, 3, 3], [0, 5, 0], [0, 0, 0], [7, 7, 7]], np.zeros((4, 3))])
    assert output.overlap(kept) == pytest.approx([(0.5 + 0 + 1) / 3, 1])
    np.testing.assert_array_equal(output.region_overlap(kept)[0], [0.5, 0, np.nan, 1])
    truth = kept[..., 2]
    assert output.correct(kept, truth).tolist() == [True, True]
    assert output.error(kept, truth) == pytest.approx([0.5, 0])
    assert output.metric_names[0] == "iou"
    assert not {"dice", "case_dice", "empty_specificity"} & set(output.metric_names), "slices and cases are of scans"
    assert output.output_metrics["picture_iou"].of(kept, truth) == pytest.approx(0.75)
    assert sample_values(output, kept, truth, "right") == pytest.approx([0.5, 1])
    assert metric_of_right(output) == "picture_iou"
    assert (output.goodness_text(0.612), Segmentation(("a",)).goodness_text(0.612)) == ("61 %", "0.61")


def test_a_kind_that_a_picture_lacks_costs_no_more_than_its_false_pixels() -> None:
    """Dice is over the batch: where one picture has a kind and one has not, finding it is rewarded all the same."""
    output = SemanticSegmentation(("a", "b"))
    target = torch.zeros(2, 2, 8, 8, dtype=torch.bool)
    target[:, 0], target[0, 1, :4, :4] = True, True
    right = 12 * (2 * target.float() - 1)
    missed = right.clone()
    missed[0, 1] = -12
    assert output.loss(right, target).shape == (2,)
    assert float(output.loss(right, target).max()) < 0.05
    assert float(output.loss(missed, target).min()) > 0.4
    weighed = output.weighing(True)
    assert isinstance(weighed, SemanticSegmentation)
    assert float(weighed.loss(missed, target).sum()) > float(output.loss(missed, target).sum())


def test_every_pixel_is_of_one_kind_and_rooms_are_held_out(task: Rooms) -> None:
    seen: list[set[str]] = []
    for split in SPLITS:
        found = task.samples(split)
        assert len(found) == len(set(found.ids)) == captures.ROOMS[split] * captures.CAPTURES
        assert found.target.shape == (len(found), len(OUTPUT.regions), SIDE, SIDE)
        assert (found.target.sum(1) == 1).all()
        for modality in MODALITIES:
            values = found.inputs[modality.name].float()
            assert values.shape == (len(found), *modality.shape)
            assert 0 <= float(values.min()) < float(values.max()) <= 1
        assert len(set(found.groups)) == captures.ROOMS[split]
        seen.append(set(found.groups))
    assert len(set.union(*seen)) == sum(map(len, seen))


def test_every_kind_is_somewhere_and_depth_has_holes(task: Rooms) -> None:
    found = task.samples("test")
    shares = found.target.float().mean((0, 2, 3))
    assert float(shares.min()) > 0.01
    holes = (found.inputs["depth"] == 0).float().mean()
    assert 0.1 < float(holes) < 0.4


def test_the_rooms_of_two_splits_are_not_the_same_under_other_names() -> None:
    first, second, again = (next(captures.recordings(split)) for split in ("train", "test", "train"))
    assert not np.array_equal(first.pictures.color, second.pictures.color)
    assert np.array_equal(first.pictures.color, again.pictures.color)
    assert np.array_equal(first.pictures.depth, again.pictures.depth)


def test_the_pack_is_what_the_renderer_makes_and_small() -> None:
    check_pack(sample_pack, 900_000)


def test_a_shipped_file_gives_the_row_of_its_sample(task: Rooms) -> None:
    rows = task.samples("test")
    assert task.gallery() == rows.ids[: sample_pack.COUNT]
    for place in range(0, sample_pack.COUNT, 13):
        example = task.example(rows.ids[place])
        assert np.array_equal(example.target, rows.target[place].numpy())
        assert set(example.raw) == set(NAMES)
        for name, raw in example.raw.items():
            reading = task.prepare(name, raw)
            torch.testing.assert_close(reading.tensor, rows.inputs[name][place].float(), rtol=0, atol=5e-4)
            assert FOREIGN not in reading.notes
    assert "Wall" in example.answer
    assert example.note in ROOM_KINDS.values()
    with pytest.raises(UnknownName):
        task.example("../test-0000")


def test_augmentation_is_a_function_of_its_seed_and_moves_nothing(task: Rooms) -> None:
    batch = task.samples("train").batch(range(16))
    before = {name: value.clone() for name, value in batch.inputs.items()}
    first, again, other = (task.augment(batch.inputs, seed) for seed in (5, 5, 6))
    for name, value in batch.inputs.items():
        assert first[name].shape == value.shape
        assert 0 <= float(first[name].min()) <= float(first[name].max()) <= 1
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], other[name])
        assert torch.equal(value, before[name])
    assert not first["depth"][batch.inputs["depth"] == 0].any(), "holes stay holes"


@pytest.mark.parametrize("method", [name for name in METHODS if name != "ogm_ge"])
def test_every_method_but_one_answers_and_stays_within_its_bound(task: Rooms, method: str) -> None:
    kind = METHODS[method]
    assert not kind.unsupported_reason(task.info)
    made = kind(task.info, kind.Config())
    assert sum(part.numel() for part in made.parameters()) <= 500_000


# files that people bring


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(2, 2), (3, 700), (SIDE, SIDE, 3), (49, 31)])
def test_pictures_of_any_size_are_prepared(task: Rooms, name: str, shape: tuple) -> None:
    found = task.prepare(name, Picture(rng(3).integers(0, 256, shape, dtype=np.uint8)))
    assert found.tensor.shape == MODALITIES[name].shape
    assert 0 <= float(found.tensor.min()) <= float(found.tensor.max()) <= 1
    assert (FOREIGN in found.notes) == (shape[:2] != (SIDE, SIDE))


def picture(pixels: np.ndarray) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def test_sixteen_bits_of_depth_are_millimetres(task: Rooms) -> None:
    distances = np.full((SIDE, SIDE), 1000 * RANGE, np.uint16)
    distances[:, :10], distances[:, 10:20], distances[:5] = 1000 * NEAR, 0, 60_000
    found = task.read("depth", picture(distances), "depth.png")
    assert isinstance(found, Picture)
    assert found.pixels[10, [5, 15, 30]].tolist() == [255, 0, 1]
    assert not found.pixels[:5].any()
    assert "millimetres" in found.note
    with pytest.raises(DataError, match="Nothing in the depth picture"):
        task.read("depth", picture(np.full((40, 40), 50_000, np.uint16)), "depth.png")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"hello, I am a picture", "not a picture"),
        (picture(rng().integers(0, 256, (50, 60), dtype=np.uint8))[:80], "damaged"),
        (picture(np.zeros((1, 1), np.uint8)), "only 1 × 1"),
    ],
    ids=["empty", "text", "cut off", "a pixel"],
)
@pytest.mark.parametrize("name", NAMES)
def test_hostile_files_end_in_a_sentence(task: Rooms, name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as found:
        task.read(name, content, "a.png")
    assert found.value.hint


def test_what_is_no_picture_of_a_room_is_refused(task: Rooms) -> None:
    with pytest.raises(DataError, match="blank"):
        task.prepare("color", Picture(np.full((50, 50), 70, np.uint8)))
    with pytest.raises(DataError, match="not a picture"):
        task.prepare("depth", Sound(np.ones(8000, np.float32), 8000))
    for ask in (lambda: task.read("top", b""), lambda: task.prepare("top", Picture(np.eye(40, dtype=np.uint8)))):
        with pytest.raises(UnknownName):
            ask()


@pytest.mark.parametrize("corruption", corruptions_of("image"))
def test_corrupted_samples_are_still_pictures(task: Rooms, corruption: str) -> None:
    raw = task.example("test-0001").raw["color"]
    plain = task.prepare("color", raw).tensor
    mild, bad = (task.prepare("color", degrade(raw, corruption, severity)).tensor for severity in (1, 5))
    assert float((bad - plain).abs().mean()) > float((mild - plain).abs().mean()) > 0
