"""How far an input is from the training data: the numbers by hand, the shipped models, and what the Bench says."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from mmlab.analysis.robustness import out_of_distribution
from mmlab.analysis.robustness.neighbour_distance import LEVEL, NeighbourTest, to_neighbours
from mmlab.core.errors import DataError
from mmlab.core.task import TASKS
from mmlab.inference.predictor import Model
from mmlab.modalities.flow.decode import encode_flo
from mmlab.storage.library import Library
from mmlab.ui.components import background_task
from tests.apps import app_at, html, show_library
from tests.library import untrained


def test_the_distance_is_that_to_the_last_of_the_nearest_neighbours() -> None:
    bank = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0], [30.0, 40.0]])
    rows = np.array([[0.0, 0.0], [6.0, 8.0]])
    assert to_neighbours(rows, bank, 1) == pytest.approx([0, 0])
    assert to_neighbours(rows, bank, 2) == pytest.approx([5, 5])
    assert to_neighbours(rows, bank, 3) == pytest.approx([10, 10])


def line(count: int, first: float = 0.0) -> np.ndarray:
    return np.arange(first, first + count, dtype=float)[:, None]


def test_the_p_value_counts_the_held_out_samples_that_lie_as_far() -> None:
    """In the middle of 0, 1, …, 99 the tenth neighbour is 5 away; ten more for each step beyond an end."""
    test = NeighbourTest.learn([line(100)], [[np.vstack([np.full((180, 1), 49.5), line(19, 100.0)])]])
    near, beyond, far = (test.of([np.array([place])]) for place in (49.5, 109.0, 1000.0))
    assert near.p == 1
    assert near.nearer == 0
    assert beyond.p == pytest.approx((1 + 10) / (1 + 199))
    assert beyond.nearer == pytest.approx(189 / 199)
    assert far.p == pytest.approx(1 / 200)
    assert (near.is_far, beyond.is_far, far.is_far) == (False, False, True)


def test_of_several_views_the_one_in_which_it_lies_farthest_counts() -> None:
    rng = np.random.default_rng(0)
    banks = [rng.normal(size=(300, 2)), 1000 * rng.normal(size=(300, 2))]
    held_out = [rng.normal(size=(400, 2)), 1000 * rng.normal(size=(400, 2))]
    test = NeighbourTest.learn(banks, [held_out])
    usual = [np.zeros(2), np.zeros(2)]
    assert not test.of(usual).is_far
    assert test.of([usual[0], np.full(2, 1e4)]).is_far
    assert test.of([np.full(2, 10.0), usual[1]]).is_far


def test_no_more_of_the_held_out_samples_count_as_far_than_is_said() -> None:
    rng = np.random.default_rng(1)
    held_out = [rng.standard_t(2, size=(500, 3))]
    test = NeighbourTest.learn([rng.standard_t(2, size=(400, 3))], [held_out])
    far = sum(test.of([row]).is_far for row in held_out[0])
    assert 0 < far / 500 <= LEVEL


def test_of_several_splits_the_one_in_which_it_is_least_rare_counts() -> None:
    near, wide = np.full((150, 1), 49.5), np.linspace(-300, 400, 150)[:, None]
    place = [np.array([150.0])]
    assert NeighbourTest.learn([line(100)], [[near]]).of(place).is_far
    both = NeighbourTest.learn([line(100)], [[near], [wide]]).of(place)
    assert not both.is_far
    assert both.p == NeighbourTest.learn([line(100)], [[wide]]).of(place).p
    assert NeighbourTest.learn([line(100)], [[near], [wide[:50]]]).of(place).is_far, "too small to be asked"


def test_how_numbers_are_spread_does_not_depend_on_where_they_are() -> None:
    picture = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    found = out_of_distribution.spread_view(
        torch.cat([picture, picture.roll(3, 2), picture.flatten().sort()[0].view_as(picture)])
    )
    ranks = out_of_distribution.RANKS
    assert found.shape == (3, 3 * ranks), "levels, steps down, steps across"
    assert found[:, :ranks] == pytest.approx(np.tile(found[0, :ranks], (3, 1))), "the same numbers"
    assert found[2, ranks:].max() < found[0, ranks:].max(), "in order, neighbours are closer"
    assert out_of_distribution.spread_view(torch.ones(2, 5)).tolist() == [[1.0] * 5] * 2
    assert np.isfinite(out_of_distribution.spread_view(torch.rand(1, 2, 1, 9000))).all(), (
        "an axis of one place has no steps"
    )


def test_noise_is_no_digit_although_it_lies_near_many_of_them() -> None:
    model, known = learned("digits", "joint")
    noise = (np.random.default_rng(0).integers(0, 256, (64, 64))).astype(np.uint8)
    target = io.BytesIO()
    Image.fromarray(noise).save(target, "PNG")
    task = TASKS["digits"]()
    tensor = task.prepare("image", task.read("image", target.getvalue(), "noise.png")).tensor
    assert out_of_distribution.measure(model, known, {"image": tensor})["image"].is_far


def test_too_few_samples_are_said() -> None:
    with pytest.raises(DataError, match="too few"):
        NeighbourTest.learn([line(100)], [[line(98)], [line(98)]])
    with pytest.raises(DataError, match="too few"):
        NeighbourTest.learn([line(10)], [[line(200)]])


def test_an_input_is_averaged_to_few_cells_and_keeps_its_channels() -> None:
    assert out_of_distribution.input_view(torch.ones(2, 3, 40, 40)).shape == (2, 3 * 16 * 16)
    assert out_of_distribution.input_view(torch.ones(2, 6, 50)).shape == (2, 6 * 16)
    assert out_of_distribution.input_view(torch.ones(2, 2, 9)).shape == (2, 2 * 9)
    assert out_of_distribution.input_view(torch.ones(2, 5)).shape == (2, 5)
    assert out_of_distribution.input_view(torch.ones(2, 1, 8, 40, 40)).shape == (2, 8 * 16 * 16)


def test_long_rows_are_drawn_together_and_stay_about_as_far_apart() -> None:
    rows = torch.randn(20, 50_000, generator=torch.Generator().manual_seed(1))
    short = out_of_distribution.input_view(rows)
    assert short.shape == (20, 4096)
    near, far = np.linalg.norm(short[0] - short[1:], axis=1), torch.linalg.norm(rows[0] - rows[1:], dim=1).numpy()
    assert np.abs(near / far - 1).max() < 0.1
    assert np.allclose(out_of_distribution.input_view(rows[3:4])[0], short[3], atol=1e-4), "each by itself"


def noise() -> bytes:
    target = io.BytesIO()
    soundfile.write(target, np.random.default_rng(0).normal(0, 0.2, 16_000), 16_000, format="WAV")
    return target.getvalue()


def photo_of_a_seven() -> bytes:
    """Black on white paper, as with a phone."""
    pixels = np.full((480, 640), 235, np.uint8)
    pixels[90:110, 200:440] = 30
    for row in range(100, 400):
        pixels[row, 430 - row // 2 : 455 - row // 2] = 30
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


@cache
def learned(task: str, method: str) -> tuple[Model, dict[str, NeighbourTest]]:
    """A shipped model, and what it measures distances by."""
    model = Model.open(Library().find(task, method))
    return model, out_of_distribution.learn(model)


def turning_camera() -> bytes:
    """Everything goes round, which nothing in the clips does."""
    down, across = np.mgrid[-32:32, -32:32]
    return encode_flo(0.1 * np.stack([-down, across]))


FOREIGN = [
    ("faces", "infrared", photo_of_a_seven(), "seven.png"),
    ("faces", "depth", photo_of_a_seven(), "seven.png"),
    ("digits", "sound", noise(), "noise.wav"),
    ("actions", "frame", photo_of_a_seven(), "seven.png"),
    ("actions", "flow", turning_camera(), "turn.flo"),
    ("rooms", "color", photo_of_a_seven(), "seven.png"),
    ("rooms", "depth", photo_of_a_seven(), "seven.png"),
]


@cache
def share_far(task: str, method: str) -> dict[str, float]:
    """How large a part of the test samples is called far, by each input of this task that stands above."""
    model, known = learned(task, method)
    test, names = TASKS[task]().samples("test"), [case[1] for case in FOREIGN if case[0] == task]
    found = [
        out_of_distribution.measure(model, known, {name: test.inputs[name][row] for name in names})
        for row in range(0, len(test), 12)
    ]
    return {name: float(np.mean([each[name].is_far for each in found])) for name in names}


@pytest.mark.slow
@pytest.mark.parametrize(("task", "modality", "content", "name"), FOREIGN)
def test_shipped_models_find_foreign_inputs_far_and_the_test_samples_not(
    task: str, modality: str, content: bytes, name: str
) -> None:
    of_task = TASKS[task]()
    foreign = of_task.prepare(modality, of_task.read(modality, content, name)).tensor
    for method in ("joint",) if task in ("actions", "rooms") else ("joint", "dropout", "dmrnet"):  # one is enough there
        model, known = learned(task, method)
        assert out_of_distribution.measure(model, known, {modality: foreign})[modality].is_far, method
        assert share_far(task, method)[modality] <= 4 * LEVEL, "a part of them, so with some slack"


def test_the_bench_measures_an_upload_and_says_on_the_answer_that_it_is_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untrained(tmp_path, "digits", "joint")
    show_library(monkeypatch, tmp_path)
    app = app_at("predict", 120, task="digits", sample="test-0001").run()
    app.session_state["mmlab.samples"] = True
    app.session_state["mmlab.tab"] = "Upload"
    app.run()
    app.file_uploader(key="bring.digits.sound.File").upload("noise.wav", noise(), "audio/wav").run()
    assert "is far from the training data" not in html(app)
    for name in list(background_task._running_tasks().works):
        background_task.wait(name)
    app.run()
    assert "Sound is far from the training data" in html(app)
    assert "Sound is unlike the training data." in html(app)
    assert "Distance of each input to the training data" in " ".join(each.value for each in app.markdown)
    app.query_params["sample"] = "test-0001"
    app.run()
    assert "far from the training data" not in html(app), "a shipped sample is what others are compared with"
