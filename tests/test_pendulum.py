"""The task `pendulum`: its physics by hand, what a picture and a sound can know, its pack, and inputs from anybody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.recordings import Picture, Text, Vector
from mmlab.core.task import Split, Task
from mmlab.tasks.generators.pendulum import dynamics, episodes, senses
from mmlab.tasks.generators.pendulum.sample_pack import COUNT, PACK, encode_sound, items, read_sound
from mmlab.tasks.pendulum import Pendulum

SPLITS: tuple[Split, ...] = ("train", "valid", "test")


def one(value: float) -> np.ndarray:
    return np.array([value])


# how it swings


def test_a_step_by_hand() -> None:
    angle, speed = dynamics.swing(one(np.pi / 2), one(1.0), one(1.0))
    assert speed[0] == pytest.approx(1 + (15 * 1 + 3 * 1) * 0.05)
    assert angle[0] == pytest.approx(np.pi / 2 + speed[0] * 0.05)
    assert dynamics.swing(one(np.pi / 2), one(7.9), 2.0)[1][0] == dynamics.FASTEST
    assert dynamics.swing(one(0.0), one(0.0), 100.0)[1][0] == pytest.approx(3 * 2 * 0.05), "no push is stronger than 2"


def test_it_is_the_pendulum_of_gymnasium() -> None:
    gymnasium = pytest.importorskip("gymnasium", reason="gymnasium is not installed (the extra rl)")
    theirs = gymnasium.make("Pendulum-v1").unwrapped
    theirs.reset(seed=0)
    angle, speed = one(2.5), one(-1.5)
    theirs.state = np.array([2.5, -1.5])
    for push in np.random.default_rng(0).uniform(-3, 3, 50):
        worth = dynamics.reward(angle, speed, push)
        angle, speed = dynamics.swing(angle, speed, push)
        _, reward, *_ = theirs.step(np.array([push]))
        assert float(worth[0]) == pytest.approx(float(reward))
        assert theirs.state == pytest.approx(np.array([angle[0], speed[0]]))


def test_standing_still_upright_is_worth_most() -> None:
    worth = dynamics.reward(np.array([0.0, np.pi, 0.0, 2 * np.pi]), np.array([0.0, 0.0, 1.0, 0.0]), 0.0)
    assert worth.tolist() == pytest.approx([0.0, -(np.pi**2), -0.1, 0.0])


# what is seen and heard


def test_the_picture_shows_the_tip_where_it_is() -> None:
    for angle, (row, column) in {0.0: (4, 16), np.pi: (28, 16), np.pi / 2: (16, 4), -np.pi / 2: (16, 28)}.items():
        picture = senses.seen(one(angle))[0]
        tip = np.argwhere(picture > 250).mean(0)
        assert tip == pytest.approx((row, column), abs=1.5), angle


def test_a_picture_cannot_tell_the_speed_and_the_pitch_can() -> None:
    angle = np.full(2, 2.0)
    assert np.array_equal(*senses.seen(angle))
    heard = senses.heard(angle, np.array([3.0, -3.0]))
    assert np.abs(heard[0, :3] - heard[1, :3]).min() > 10
    assert np.array_equal(heard[0, 3:], heard[1, 3:]), "loudness is of the place alone"


def test_pitch_and_loudness_by_hand() -> None:
    """Hanging and swinging anticlockwise: the tip moves right, away from the left microphone."""
    left, right, top, *loudness = senses.heard(one(np.pi), one(4.0))[0]
    towards_right = 4.0 * 2.2 / np.hypot(2.2, 1.2)
    assert right == pytest.approx(440 * 20 / (20 - towards_right), abs=0.06)
    assert left == pytest.approx(440 * 20 / (20 + towards_right), abs=0.06)
    assert top == pytest.approx(440.0, abs=0.06)
    assert loudness == pytest.approx([1 / (2.2**2 + 1.2**2)] * 2 + [1 / 3.2**2], abs=1e-4)


# its splits


@pytest.fixture(scope="module")
def task() -> Pendulum:
    return Pendulum()


def test_it_keeps_the_protocol(task: Pendulum) -> None:
    assert isinstance(task, Task)
    with pytest.raises(DataError, match="no real recordings"):
        task.samples("test", "real")
    with pytest.raises(UnknownName):
        task.example("test-999-0")


def test_episodes_are_held_out_and_the_target_is_where_the_tip_will_be(task: Pendulum) -> None:
    seen: set[str] = set()
    for split in SPLITS:
        samples, found = task.samples(split), episodes.moments(split)
        assert len(samples) == task.describe()["sizes"][split] == len(set(samples.ids))
        assert seen.isdisjoint(samples.groups)
        seen |= set(samples.groups)
        assert float(samples.target.abs().max()) <= 1
        angle, speed = found.angle.copy(), found.speed.copy()
        for _ in range(5):
            angle, speed = dynamics.swing(angle, speed, 0.0)
        np.testing.assert_allclose(samples.target.numpy(), -np.sin(angle), atol=1e-6)


def test_a_state_is_the_place_and_the_speed() -> None:
    found = episodes.moments("test")
    np.testing.assert_allclose(np.square(found.state()[:, :2]).sum(1), 1)
    assert np.array_equal(found.state()[:, 2], found.speed)


def test_what_is_stacked_is_what_one_sample_at_a_time_gives(task: Pendulum) -> None:
    samples = task.samples("test")
    for name in task.gallery()[:5]:
        row = samples.ids.index(name)
        shown = task.example(name)
        for modality in task.info.modalities.names:
            assert torch.equal(
                task.prepare(modality, shown.raw[modality]).tensor, samples.inputs[modality][row].float()
            )
        assert shown.target == pytest.approx(float(samples.target[row]), abs=1e-4)


def test_variation_keeps_the_scene(task: Pendulum) -> None:
    inputs = {name: value[:8].float() for name, value in task.samples("valid").inputs.items()}
    varied = task.augment(inputs, 3)
    assert all(torch.equal(varied[name], task.augment(inputs, 3)[name]) for name in inputs)
    assert float((varied["image"] - inputs["image"]).abs().max()) <= 0.21
    assert 0 < float((varied["sound"] - inputs["sound"]).abs().max()) < 0.4


def test_the_pack_is_what_the_simulation_makes() -> None:
    assert len(PACK.index) == COUNT
    assert PACK.differences(items()) == []


# inputs from anybody


def test_a_sound_goes_to_a_file_and_back() -> None:
    sound = Vector(np.array([440.1, 512.0, 399.9, 0.2, 0.1234, 0.05]), senses.NAMES)
    back = read_sound(encode_sound(sound), "sound.csv")
    assert np.array_equal(back.values, sound.values)
    assert read_sound(b"440.1 512 399.9 0.2 0.1234 0.05\n").values.tolist() == back.values.tolist()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"1,2,3\n", "3 columns"),
        (b"1,2,3,4,5,6\n1,2,3,4,5,6\n", "2 rows"),
        (b"a,b\n1,2\n", "no column"),
    ],
)
def test_a_wrong_sound_gets_its_sentence(content: bytes, said: str, task: Pendulum) -> None:
    with pytest.raises(DataError, match=said):
        task.read("sound", content, "sound.csv")


def test_numbers_that_no_microphone_gives_are_refused_and_a_strange_pitch_is_said(task: Pendulum) -> None:
    with pytest.raises(DataError, match="not above 0"):
        task.prepare("sound", Vector(np.array([440.0, 440, 440, 0.1, 0.0, 0.1]), senses.NAMES))
    with pytest.raises(DataError, match="not what three microphones"):
        task.prepare("sound", Text("hum"))
    found = task.prepare("sound", Vector(np.array([44.0, 440, 440, 0.1, 0.1, 0.1]), senses.NAMES))
    assert "no swing is as fast" in found.notes[0]


def test_a_picture_of_another_size_is_cut_and_said(task: Pendulum, tmp_path: Path) -> None:
    found = task.prepare("image", Picture(np.zeros((60, 90), np.uint8)))
    assert found.tensor.shape == (1, 32, 32)
    assert "in the middle" in found.notes[0]
    with pytest.raises(DataError, match="not a picture"):
        task.prepare("image", Text("a pendulum"))
