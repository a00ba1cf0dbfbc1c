"""The task `actions`: what a frame and true motion can tell, its splits, its pack, and inputs from anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.recordings import Flow, Picture, Sound
from mmlab.core.task import Task
from mmlab.modalities.corruption import corruptions_of, degrade
from mmlab.modalities.flow.vectors import vectors_of
from mmlab.modalities.image.decode import encode_picture
from mmlab.tasks import cached_splits
from mmlab.tasks.actions import CLASSES, FOREIGN, MODALITIES, SIDE, Actions
from mmlab.tasks.generators.actions import clips, figures, filming, motions, sample_pack, scenes
from mmlab.tasks.generators.actions.catalogue import ACTIONS, MOTIONS, SCENES
from tests.shipped_packs import check_pack, check_shipped_classes

SPLITS = ("train", "valid", "test")
NAMES = MODALITIES.names


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Actions]:
    """Small splits, in a cache of their own; of the test split, what the pack is made of."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MMLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setattr(clips, "VIDEOS", {"train": 20, "valid": 10, "test": sample_pack.COUNT})
    cached_splits.forget()
    yield Actions()
    patch.undo()
    cached_splits.forget()


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def still(pan: tuple[float, float] = (0.0, 0.0)) -> filming.Camera:
    """A camera without noise."""
    return filming.Camera(np.zeros(2), np.array(pan), 1.0, 0.0)


def somebody(seed: int = 0) -> tuple[scenes.Scene, figures.Person, figures.Pose]:
    draw = rng(seed)
    scene = scenes.Scene.drawn("gym", draw)
    person = figures.Person.drawn(draw, scene.colours[3])
    return scene, person, figures.Pose.drawn(draw)


# what can be told from what


def test_some_actions_share_a_scene_some_a_motion_and_none_both() -> None:
    pairs = list(ACTIONS.values())
    places, moves = ([pair[side] for pair in pairs] for side in (0, 1))
    assert len(set(pairs)) == len(CLASSES) > len(set(places)) > len(set(moves))
    assert (set(places), set(moves)) == (set(SCENES), set(MOTIONS))


def test_a_frame_tells_nothing_of_the_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same gym, weight lifting and squats begin alike."""
    frames = {}
    for action in ("weight lifting", "squats"):
        frames[action] = clips._clip("a", "b", action, [1], [2])
    first, second = frames.values()
    assert np.array_equal(first.first, second.first)
    assert not np.array_equal(first.motion, second.motion)


def test_true_motion_tells_nothing_of_the_scene() -> None:
    """Weight lifting is the same motion as a basketball shot, wherever it is."""
    first, second = (clips._clip("a", "b", action, [1], [2]) for action in ("weight lifting", "basketball shot"))
    assert np.array_equal(first.motion, second.motion)
    assert not np.array_equal(first.first, second.first)


# how it moves


def test_a_turned_part_moves_the_further_the_farther_from_its_joint() -> None:
    _, person, pose = somebody()
    turned = np.zeros(len(figures.JOINTS))
    turned[figures.JOINTS.index("left forearm")] = 0.3
    before, after = (figures.capsules(person, each) for each in (pose, pose.moved(np.zeros(2), turned)))
    went = np.hypot(*np.moveaxis(after.ends - before.ends, -1, 0))
    lengths = np.hypot(*np.moveaxis(np.diff(before.ends, axis=1)[:, 0], -1, 0))
    forearm = int(went.sum(1).argmax())
    assert went[forearm] == pytest.approx([0, 2 * np.sin(0.15) * lengths[forearm]])
    assert np.delete(went, forearm, 0).max() == pytest.approx(0, abs=1e-12), "nothing else moves"


@pytest.mark.parametrize("seed", range(3))
def test_who_bends_the_knees_keeps_the_feet_where_they_are(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motions, "RESTLESS", 0.0)
    _, person, pose = somebody(seed)
    after = motions.next_pose("bend", person, pose, rng(seed))
    assert motions._feet(person, after) == pytest.approx(motions._feet(person, pose))
    assert abs(after.hip[1] - pose.hip[1]) > 0.001


@pytest.mark.parametrize("motion", MOTIONS)
def test_every_motion_goes_both_ways(motion: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motions, "RESTLESS", 0.0)
    _, person, pose = somebody()
    signs = {
        tuple(np.sign(motions.next_pose(motion, person, pose, rng(seed)).angles - pose.angles)) for seed in range(9)
    }
    assert len(signs) == 2
    assert np.array_equal(*(np.abs(each) for each in signs))


def test_a_pan_moves_everything_the_other_way() -> None:
    _, person, pose = somebody()
    motion = filming.true_motion(person, (pose, pose), still((1 / SIDE, 0.5 / SIDE)))
    assert motion[0] == pytest.approx(-1)
    assert motion[1] == pytest.approx(-0.5)


def test_true_motion_leads_to_where_the_same_is_seen() -> None:
    """Followed along it, a part of one colour is that part again in the second frame, but where it comes to an edge."""
    _, person, pose = somebody(4)
    after = motions.next_pose("swing", person, pose, rng(1))
    camera = still()
    motion = filming.true_motion(person, (pose, after), camera)
    before, then = (figures.capsules(person, each) for each in (pose, after))
    places = filming._places(1)
    which = filming._topmost(before, places)
    landed = np.round(np.moveaxis(places, -1, 0) * SIDE - 0.5 + motion).astype(int).clip(0, SIDE - 1)
    found = filming._topmost(then, places)[landed[1], landed[0]]
    inside = which >= 0
    assert (found[inside] == which[inside]).mean() > 0.8


def test_the_estimate_is_nearer_to_the_truth_than_no_motion() -> None:
    """Where limbs move by half a pixel or more it is not exact, and leaves far less than nothing would."""
    errors, none = [], []
    for number, action in enumerate(CLASSES):
        clip = clips._clip("a", "b", action, [3, number], [4, number])
        moving = np.hypot(*(clip.motion - np.median(clip.motion, (1, 2), keepdims=True))) > 0.5
        off = vectors_of(clip.flow) - clip.motion
        errors.append(np.hypot(*off)[moving].mean())
        none.append(np.hypot(*clip.motion)[moving].mean())
    assert np.mean(errors) < 0.75 * np.mean(none)


def test_it_errs_no_more_than_opencv() -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed (opencv-python-headless)")
    ours, theirs = [], []
    for number, action in enumerate(CLASSES * 2):
        clip = clips._clip("a", "b", action, [5, number], [6, number])
        grey = [np.round(pixels @ clips.LUMA).astype(np.uint8) for pixels in (clip.first, clip.second)]
        found = cv2.calcOpticalFlowFarneback(*grey, None, 0.5, 3, 9, 5, 5, 1.1, 0).transpose(2, 0, 1)
        ours.append(np.hypot(*(vectors_of(clip.flow) - clip.motion)).mean())
        theirs.append(np.hypot(*(found - clip.motion)).mean())
    assert np.mean(ours) < 1.25 * np.mean(theirs)


# its splits and its pack


def test_it_keeps_the_protocol_and_says_that_all_is_simulated(task: Actions) -> None:
    assert isinstance(task, Task)
    assert (NAMES, task.sources(), task.info.output.kind) == (("frame", "flow"), ("built-in",), "classification")
    assert "rendered" in task.about
    assert json.loads(json.dumps(task.describe()))["simulated"] == ["the figures", "the scenes", "the camera"]
    with pytest.raises(DataError, match="no real clips"):
        task.samples("test", "real")


def test_splits_are_balanced_and_videos_are_held_out(task: Actions) -> None:
    seen: list[set[str]] = []
    for split in SPLITS:
        found = task.samples(split)
        assert len(found) == len(set(found.ids)) == clips.VIDEOS[split] * clips.CLIPS
        assert len(set(found.target.bincount().tolist())) == 1
        for modality, least in zip(MODALITIES, (0, -1), strict=True):
            values = found.inputs[modality.name].float()
            assert values.shape == (len(found), *modality.shape)
            assert least <= float(values.min()) < float(values.max()) <= 1
        kinds = {(group, int(target)) for group, target in zip(found.groups, found.target, strict=True)}
        assert len(kinds) == len(set(found.groups)) == clips.VIDEOS[split]
        seen.append(set(found.groups))
    assert len(set.union(*seen)) == sum(map(len, seen))


def test_the_videos_of_two_splits_are_not_the_same_under_other_names() -> None:
    first, second, again = (next(clips.recordings(split)) for split in ("train", "test", "train"))
    assert not np.array_equal(first.first, second.first)
    assert np.array_equal(first.first, again.first)
    assert np.array_equal(first.flow.pixels, again.flow.pixels)


def test_the_pack_is_what_the_renderer_makes_and_small() -> None:
    check_pack(sample_pack, 600_000)


def test_a_shipped_file_gives_the_row_of_its_sample(task: Actions) -> None:
    check_shipped_classes(task, sample_pack.COUNT, 13, FOREIGN, "Scene: ")


def test_augmentation_is_a_function_of_its_seed_and_changes_nothing_it_is_given(task: Actions) -> None:
    batch = task.samples("train").batch(range(16))
    before = {name: value.clone() for name, value in batch.inputs.items()}
    first, again, other = (task.augment(batch.inputs, seed) for seed in (5, 5, 6))
    for name, value in batch.inputs.items():
        assert first[name].shape == value.shape
        assert -1 <= float(first[name].min()) <= float(first[name].max()) <= 1
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], other[name])
        assert torch.equal(value, before[name])


# inputs from anybody


@pytest.mark.parametrize("shape", [(2, 2, 3), (3, 700, 3), (33, 31, 3), (50, 60)])
def test_inputs_of_any_size_are_prepared_and_said_to_be_foreign(task: Actions, shape: tuple[int, ...]) -> None:
    pixels = rng(3).integers(0, 256, shape, dtype=np.uint8)
    given = {"frame": Picture(pixels)} | ({"flow": Flow(pixels)} if len(shape) == 3 else {})
    for name, raw in given.items():
        found = task.prepare(name, raw)
        assert found.tensor.shape == MODALITIES[name].shape
        assert -1 <= float(found.tensor.min()) <= float(found.tensor.max()) <= 1
        assert FOREIGN in found.notes


def test_what_is_no_frame_and_no_flow_is_refused(task: Actions) -> None:
    with pytest.raises(DataError, match="blank"):
        task.prepare("frame", Picture(np.full((50, 50), 70, np.uint8)))
    with pytest.raises(DataError, match="not a picture"):
        task.prepare("frame", Sound(np.ones(8000, np.float32), 8000))
    with pytest.raises(DataError, match="not optical flow"):
        task.prepare("flow", Picture(np.zeros((40, 40, 3), np.uint8)))
    with pytest.raises(DataError, match="needs two directions"):
        task.read("flow", encode_picture(Picture(np.eye(40, dtype=np.uint8))))
    for ask in (lambda: task.read("sound", b""), lambda: task.prepare("sound", Picture(np.eye(40, dtype=np.uint8)))):
        with pytest.raises(UnknownName):
            ask()


@pytest.mark.parametrize(("name", "damage"), [(n, d) for n in NAMES for d in corruptions_of(MODALITIES[n].kind)])
def test_corrupted_samples_are_still_samples(task: Actions, name: str, damage: str) -> None:
    raw = task.example("test-0001").raw[name]
    plain = task.prepare(name, raw).tensor
    mild, bad = (task.prepare(name, degrade(raw, damage, severity)).tensor for severity in (1, 5))
    assert float((bad - plain).abs().mean()) > float((mild - plain).abs().mean()) > 0
