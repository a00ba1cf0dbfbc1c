"""The task `objects`: its solids and views, its splits, its way from a picture to the model's world, its pack."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.recordings import Picture, Sound
from mmlab.core.task import Task
from mmlab.inference.predictor import Model
from mmlab.modalities.corruption import corruptions_of, degrade
from mmlab.modalities.mesh_file import Mesh, read_mesh
from mmlab.storage.library import Library
from mmlab.tasks import cached_splits
from mmlab.tasks.generators.objects import captures, catalogue, meshes, sample_pack
from mmlab.tasks.generators.objects.meshes import HIGH, WIDE, camera_at, fitted, render_mesh
from mmlab.tasks.generators.objects.obj_file import as_obj
from mmlab.tasks.generators.objects.solids import FAR, Solid, meet
from mmlab.tasks.generators.objects.views import Camera, render
from mmlab.tasks.objects import CLASSES, FOREIGN, MODALITIES, SIDE, Objects
from tests.shipped_packs import check_pack, check_shipped_classes

SPLITS = ("train", "valid", "test")
NAMES = MODALITIES.names
AHEAD = np.array([0, 1, 0], np.float32)  # the way of a ray from before the front


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Objects]:
    """Small splits, in a cache of their own; of the test split, what the pack is made of."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MMLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setattr(captures, "OBJECTS", {"train": 16, "valid": 8, "test": sample_pack.COUNT})
    cached_splits.forget()
    yield Objects()
    patch.undo()
    cached_splits.forget()


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def clear(aside: float = 20.0, above: float = 15.0) -> Camera:
    """A camera without noise."""
    return Camera(aside, above, 1.05, (0.3, 0.5, 1.0), 0.0, 0.0)


def rays(*places: tuple[float, float]) -> np.ndarray:
    """Starts of rays five before the origin, at x and z."""
    return np.array([(x, -5, z) for x, z in places], np.float32)


@pytest.mark.parametrize("kind", ["box", "ellipsoid", "cylinder-x", "cylinder-y", "cylinder-z"])
def test_a_ray_to_the_middle_meets_a_solid_where_it_begins(kind: str) -> None:
    way, normals = meet(Solid(kind, (1, 2, 3), (0.5, 0.25, 0.125), 1.0), rays((1, 3), (2, 3), (1, 4)), AHEAD)
    assert way[0] == pytest.approx(5 + 2 - 0.25, abs=1e-4)
    assert (way[1:] >= FAR / 2).all()
    np.testing.assert_allclose(normals[0], [0, -1, 0], atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "met"), [("box", True), ("ellipsoid", False), ("cylinder-x", True), ("cylinder-y", False)]
)
def test_only_what_is_round_lacks_the_corners(kind: str, met: bool) -> None:
    way, _ = meet(Solid(kind, (0, 0, 0), (1, 1, 1), 1.0), rays((0.9, 0.9)), AHEAD)
    assert bool(way[0] < FAR / 2) is met


def test_a_cylinder_is_met_on_its_mantle_and_on_its_end() -> None:
    lying, standing = (Solid(f"cylinder-{axis}", (0, 0, 0), (1, 1, 1), 1.0) for axis in "yz")
    assert meet(lying, rays((0.6, 0)), AHEAD)[0][0] == pytest.approx(4, abs=1e-4)
    way, normals = meet(standing, rays((0.6, 0)), AHEAD)
    assert way[0] == pytest.approx(5 - 0.8, abs=1e-4)
    np.testing.assert_allclose(normals[0], [0.6, -0.8, 0], atol=1e-4)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_front_tells_nothing_of_the_rear_nor_the_rear_of_the_front(kind: str) -> None:
    """Taken from any side and height that the task has, what is on the other side does not show."""
    front, rear = catalogue.KINDS[kind]
    for seed in range(6):
        whole = catalogue.build(kind, rng(seed))
        behind = [part for part in whole[1:] if part.middle[1] > 0]
        before = [part for part in whole[1:] if part.middle[1] < 0]
        assert behind
        assert before
        for aside, above in ((-32.0, 26.0), (0.0, 4.0), (32.0, 26.0)):
            for hidden, seen, at_rear in ((behind, before, False), (before, behind, True)):
                camera = clear(aside, above)
                shown = render(whole, camera, at_rear, rng())
                assert np.array_equal(shown, render([whole[0], *seen], camera, at_rear, rng())), (front, rear, seed)
                assert not np.array_equal(shown, render([whole[0], *hidden], camera, at_rear, rng()))


def test_some_kinds_share_a_front_some_a_rear_and_none_both() -> None:
    pairs = list(catalogue.KINDS.values())
    fronts, rears = ([pair[side] for pair in pairs] for side in (0, 1))
    assert len(set(pairs)) == len(CLASSES) > len(set(fronts)) > len(set(rears))


def test_it_keeps_the_protocol_and_says_that_all_is_simulated(task: Objects) -> None:
    assert isinstance(task, Task)
    assert (NAMES, task.sources(), task.info.output.kind) == (("front", "rear"), ("built-in",), "classification")
    assert "rendered" in task.about
    assert json.loads(json.dumps(task.describe()))["simulated"] == ["the objects", "the light", "both cameras"]
    with pytest.raises(DataError, match="no real pictures"):
        task.samples("test", "real")


def test_splits_are_balanced_and_objects_are_held_out(task: Objects) -> None:
    seen: list[set[str]] = []
    for split in SPLITS:
        found = task.samples(split)
        assert len(found) == len(set(found.ids)) == captures.OBJECTS[split] * captures.CAPTURES
        assert len(set(found.target.bincount().tolist())) == 1
        for modality in MODALITIES:
            values = found.inputs[modality.name].float()
            assert values.shape == (len(found), *modality.shape)
            assert 0 <= float(values.min()) < float(values.max()) <= 1
        kinds = {(group, int(target)) for group, target in zip(found.groups, found.target, strict=True)}
        assert len(kinds) == len(set(found.groups)) == captures.OBJECTS[split]
        seen.append(set(found.groups))
    assert len(set.union(*seen)) == sum(map(len, seen))


def test_the_objects_of_two_splits_are_not_the_same_under_other_names() -> None:
    first, second, again = (next(captures.recordings(split)) for split in ("train", "test", "train"))
    assert not np.array_equal(first.pictures["front"], second.pictures["front"])
    assert all(np.array_equal(first.pictures[name], again.pictures[name]) for name in NAMES)


def test_the_pack_is_what_the_renderer_makes_and_small() -> None:
    check_pack(sample_pack, 500_000)


def test_a_shipped_file_gives_the_row_of_its_sample(task: Objects) -> None:
    check_shipped_classes(task, sample_pack.COUNT, 23, FOREIGN, "Front: ")


def test_augmentation_is_a_function_of_its_seed_and_changes_nothing_it_is_given(task: Objects) -> None:
    batch = task.samples("train").batch(range(16))
    before = {name: value.clone() for name, value in batch.inputs.items()}
    first, again, other = (task.augment(batch.inputs, seed) for seed in (5, 5, 6))
    for name, value in batch.inputs.items():
        assert first[name].shape == value.shape
        assert 0 <= float(first[name].min()) <= float(first[name].max()) <= 1
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], other[name])
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(2, 2), (3, 700), (SIDE, SIDE, 3), (33, 31)])
def test_pictures_of_any_size_are_prepared_and_said_to_be_foreign(task: Objects, name: str, shape: tuple) -> None:
    found = task.prepare(name, Picture(rng(3).integers(0, 256, shape, dtype=np.uint8)))
    assert found.tensor.shape == MODALITIES[name].shape
    assert 0 <= float(found.tensor.min()) <= float(found.tensor.max()) <= 1
    assert FOREIGN in found.notes


def picture(pixels: np.ndarray) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


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
def test_hostile_files_end_in_a_sentence(task: Objects, content: bytes, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as found:
        task.read("rear", content, "rear.png")
    assert found.value.hint


def test_what_is_no_view_is_refused(task: Objects) -> None:
    with pytest.raises(DataError, match="blank"):
        task.prepare("front", Picture(np.full((50, 50), 70, np.uint8)))
    with pytest.raises(DataError, match="not a picture"):
        task.prepare("front", Sound(np.ones(8000, np.float32), 8000))
    for ask in (lambda: task.read("top", b""), lambda: task.prepare("top", Picture(np.eye(40, dtype=np.uint8)))):
        with pytest.raises(UnknownName):
            ask()


@pytest.mark.parametrize("corruption", corruptions_of("image"))
def test_corrupted_samples_are_still_pictures(task: Objects, corruption: str) -> None:
    raw = task.example("test-0001").raw["front"]
    plain = task.prepare("front", raw).tensor
    mild, bad = (task.prepare("front", degrade(raw, corruption, severity)).tensor for severity in (1, 5))
    assert float((bad - plain).abs().mean()) > float((mild - plain).abs().mean()) > 0


def as_mesh(parts: list[Solid]) -> tuple[Mesh, float]:
    """Solids as a file and back, and how much larger they are there."""
    mesh = read_mesh(as_obj(parts), "solids.obj")
    places = np.concatenate([(np.asarray(p.middle) - p.half, np.asarray(p.middle) + p.half) for p in parts])
    return mesh, float(2 / np.ptp(places, axis=0).max())


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("rear", [False, True])
def test_a_surface_is_seen_as_the_solid_that_it_was_made_of(kind: str, rear: bool) -> None:
    """But for the edges, and where something round has corners: the middle of its places is not the origin."""
    parts = catalogue.build(kind, rng(3))
    mesh, larger = as_mesh(parts)
    low, high = (np.array([reach(p, sign) for p in parts]) for sign in (-1, 1))
    middle = (low.min(0) + high.max(0)) / 2
    moved = [Solid(p.kind, tuple(np.asarray(p.middle) - middle), p.half, p.shade) for p in parts]
    ours = render(moved, clear(-20), rear, rng())
    theirs, is_seen = render_mesh(mesh, replace(clear(-20), extent=1.05 * larger), rear)
    assert is_seen
    apart = np.abs(ours.astype(int) - theirs)
    assert np.median(apart) <= 1
    assert (apart > 30).mean() < 0.03


def reach(part: Solid, sign: int) -> np.ndarray:
    return np.asarray(part.middle) + sign * np.asarray(part.half)


def test_the_nearest_face_hides_the_others_and_both_sides_of_a_face_are_lit() -> None:
    """A white square before a black one, from whichever side: the one nearer to the camera."""
    square = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]], float)
    fan = np.stack([square[[0, 1, 2]], square[[0, 2, 3]]])
    mesh = Mesh(np.concatenate([fan - [0, 0.5, 0], fan[:, ::-1] + [0, 0.5, 0]]), np.array([1.0, 1, 0, 0]), 8, 4)
    ahead = Camera(0.0, 0.0, 1.05, (0.0, 0.0, 1.0), 0.5, 0.0)
    front, rear = (render_mesh(mesh, ahead, side)[0] for side in (False, True))
    assert (front[16, 16], rear[16, 16]) == (255, 0)
    aside, is_seen = render_mesh(Mesh(fan, None, 4, 2), replace(ahead, aside=90.0), False)
    assert not is_seen, "from its edge"
    assert np.ptp(aside) == 0


def test_a_surface_is_as_large_as_our_objects_however_it_is_turned() -> None:
    rod = Mesh(np.array([[[-50.0, 0, 0], [50, 0, 0], [50, 0, 1]]]), None, 3, 1)
    for mesh in (rod, replace(rod, corners=rod.corners[..., [2, 1, 0]]), replace(rod, corners=rod.corners * 1e-9)):
        assert np.abs(fitted(mesh).corners).max() == pytest.approx(
            WIDE if np.ptp(mesh.corners[..., 0]) else HIGH, rel=0.1
        )
    cube, _ = as_mesh([Solid("box", (5, 5, 5), (1, 1, 1), 1.0)])
    for azimuth in range(-180, 181, 15):
        for elevation in (4, 26):
            pixels, _ = render_mesh(fitted(cube), replace(camera_at(azimuth, elevation), noise=0.0), False)
            edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
            assert np.ptp(edge) == 0, "all of it is in the picture"


def test_faces_over_each_other_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meshes, "MOST_MET", 1000)
    mesh, _ = as_mesh(catalogue.build("wardrobe", rng()))
    with pytest.raises(DataError, match="over each other"):
        render_mesh(fitted(mesh), camera_at(0, 15), False)


def test_portions_of_any_size_see_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = fitted(as_mesh(catalogue.build("tube television", rng()))[0])
    whole, _ = render_mesh(mesh, camera_at(30, 20), True)
    monkeypatch.setattr(meshes, "AT_ONCE", 50)
    np.testing.assert_array_equal(render_mesh(mesh, camera_at(30, 20), True)[0], whole)


def test_one_file_of_an_object_gives_both_inputs_and_its_angle_changes_them(task: Objects) -> None:
    sample = task.gallery()[0]
    content = task.example_mesh(sample)
    front, rear = (task.read(name, content, "thing.obj") for name in NAMES)
    assert isinstance(front, Picture)
    assert isinstance(rear, Picture)
    assert front.pixels.shape == rear.pixels.shape == (SIDE, SIDE)
    assert (front.pixels != rear.pixels).any()
    turned = task.read("front", content, "thing.obj", {"azimuth": 180, "elevation": 15})
    assert isinstance(turned, Picture)
    assert np.abs(turned.pixels.astype(int) - rear.pixels).mean() < 0.1 * 255, "the rear, with other noise"
    found = task.prepare("front", front)
    assert torch.equal(found.tensor[0], as_half(front.pixels))
    assert "azimuth of 0°" in found.notes[0]
    assert "kinds of simple solids" in found.notes[0]
    grey = task.read("front", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3", "a.obj")
    assert "no colours" in grey.note  # type: ignore[attr-defined]


def as_half(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy((pixels / np.float32(255)).astype(np.float16).astype(np.float32))


@pytest.mark.parametrize(
    "options", [{"azimuth": 181}, {"elevation": 90}, {"up": "x"}, {"azimuth": "far"}, {"height": 3}]
)
def test_an_angle_that_cannot_be_is_refused(task: Objects, options: dict[str, object]) -> None:
    with pytest.raises((DataError, UnknownName)):
        task.read("front", task.example_mesh(task.gallery()[0]), "a.obj", options)


def test_shipped_models_know_their_objects_when_they_come_as_files() -> None:
    """Eight objects of the test split, one of each kind, as a person would bring them."""
    task = Objects()
    model = Model.open(Library().find("objects", "mmpareto"))
    right = 0
    for number, kind in enumerate(CLASSES):
        content = as_obj(captures.parts("test", kind, number))
        right += model.predict({name: task.read(name, content, "a.obj") for name in NAMES})["front-rear"].answer == kind
    assert right >= 7
