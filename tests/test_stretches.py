"""A stretch of a recording blanked: what is left by hand, under which place and share, and where a model sees it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmlab.core.errors import DataError, Unsupported
from mmlab.core.modality_kinds import MODALITY_KINDS, modality_kind
from mmlab.core.recordings import Clip, Picture, Raw, Series, Sound, Strokes
from mmlab.core.time_axis import Stretch, Timeline
from mmlab.modalities import corruption, stretches
from mmlab.modalities.audio.spectrogram import prepare_sound
from mmlab.modalities.path.resample import prepare_strokes
from mmlab.ui.components import stretch_picker
from mmlab.ui.session.url_state import InputCorruption

TONE = Sound(np.full(10, 0.5, np.float32), 10)
RISING = Series(np.arange(1, 11, dtype=np.float32)[:, None] * [1, 10], 5.0, ("x", "y"))
CLIP = Clip(np.full((4, 2, 3), 200, np.uint8))
LINE = Strokes((np.array([[0, 0], [60, 0]], np.float32), np.array([[60, 10], [60, 50]], np.float32)))
GIVEN: dict[str, Raw] = {"sound": TONE, "series": RISING, "frames": CLIP, "path": LINE}


def timeline(raw: Raw) -> Timeline:
    return stretches.axis_of(raw).timeline(raw)


def test_the_kinds_that_run_over_time_are_those_that_say_so() -> None:
    there = {name for name in MODALITY_KINDS if modality_kind(name).time_axis() is not None}
    assert there >= set(GIVEN)
    assert all(stretches.BLANKED in corruption.corruptions_of(name) for name in there)
    assert not there & {"image", "scan", "text", "vector"}


def test_the_length_of_each_is_in_its_own_unit() -> None:
    found = {name: (timeline(raw).length, timeline(raw).unit) for name, raw in GIVEN.items()}
    assert found == {
        "sound": (1.0, "seconds"),
        "series": (2.0, "seconds"),
        "frames": (4.0, "frames"),
        "path": (100.0, "% of the way"),
    }


def test_a_sound_is_silent_from_one_moment_to_another() -> None:
    found = stretches.blanked(TONE, Stretch(0.2, 0.3))
    assert isinstance(found, Sound)
    assert found.wave.tolist() == [0.5, 0.5, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert TONE.wave.tolist() == [0.5] * 10, "the recording itself stays"


@pytest.mark.parametrize(
    ("stretch", "expected"),
    [
        (Stretch(0.4, 0.6), [1, 2, 2, 2, 2, 6, 7, 8, 9, 10]),
        (Stretch(0.0, 0.6), [4, 4, 4, 4, 5, 6, 7, 8, 9, 10]),
        (Stretch(1.4, 9.0), [1, 2, 3, 4, 5, 6, 7, 7, 7, 7]),
        (Stretch(0.0, 2.0), [0] * 10),
        (Stretch(3.0, 1.0), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ],
)
def test_a_sensor_holds_the_value_beside_the_stretch(stretch: Stretch, expected: list[int]) -> None:
    found = stretches.blanked(RISING, stretch)
    assert isinstance(found, Series)
    np.testing.assert_array_equal(found.values, np.array(expected)[:, None] * [1, 10])


def test_the_time_of_a_sensor_is_that_of_the_part_that_counts() -> None:
    found = stretches.blanked(replace(RISING, part=(0.4, 1.4)), Stretch(0.0, 0.4))
    assert isinstance(found, Series)
    assert found.values[:, 0].tolist() == [1, 2, 5, 5, 5, 6, 7, 8, 9, 10]
    whole = stretches.blanked(replace(RISING, part=(0.4, 1.4)), Stretch(0.0, 1.0))
    assert isinstance(whole, Series)
    assert whole.values[:, 0].tolist() == [1, 2, 0, 0, 0, 0, 0, 8, 9, 10], "nothing is left of what counts"


def test_frames_of_a_clip_are_black() -> None:
    found = stretches.blanked(CLIP, Stretch(1, 2))
    assert isinstance(found, Clip)
    assert found.pixels[:, 0, 0].tolist() == [200, 0, 0, 200]


@pytest.mark.parametrize(
    ("stretch", "expected"),
    [
        (Stretch(10, 20), [[[0, 0], [10, 0]], [[30, 0], [60, 0]], [[60, 10], [60, 50]]]),
        (Stretch(50, 25), [[[0, 0], [50, 0]], [[60, 25], [60, 50]]]),
        (Stretch(0, 60), [[[60, 10], [60, 50]]]),
        (Stretch(60, 40), [[[0, 0], [60, 0]]]),
        (Stretch(0, 100), []),
    ],
)
def test_a_pen_is_lifted_over_a_part_of_its_way(stretch: Stretch, expected: list[object]) -> None:
    """The way between strokes does not count: 60 are drawn to the right, then 40 down."""
    found = stretches.blanked(LINE, stretch)
    assert isinstance(found, Strokes)
    assert [stroke.tolist() for stroke in found.strokes] == expected


def test_a_dot_is_lifted_with_the_stretch_that_it_lies_in() -> None:
    dotted = Strokes((*LINE.strokes, np.array([[9, 9]], np.float32)))
    kept, lifted = (stretches.blanked(dotted, stretch) for stretch in (Stretch(10, 20), Stretch(90, 10)))
    assert isinstance(kept, Strokes)
    assert isinstance(lifted, Strokes)
    assert kept.strokes[-1].tolist() == [[9, 9]]
    assert lifted.strokes[-1].tolist() == [[9, 9]], "it is drawn after the last of the way"
    assert len(stretches.blanked(Strokes((np.zeros((1, 2), np.float32),)), Stretch(0, 100)).strokes) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(("place", "expected"), [("beginning", 0), ("middle", 3), ("end", 6)])
def test_a_share_is_blanked_at_its_place(place: str, expected: int) -> None:
    found = stretches.blanked_share(TONE, 0.4, place)
    assert isinstance(found, Sound)
    assert np.flatnonzero(found.wave == 0).tolist() == list(range(expected, expected + 4))


def test_at_random_the_place_is_that_of_the_seed_and_a_larger_share_holds_a_smaller_one() -> None:
    tone = Sound(np.full(101, 0.5, np.float32), 10)
    starts = set()
    for seed in range(20):
        before: set[int] = set()
        for share in np.linspace(0, 1, 11):
            found = [stretches.blanked_share(tone, float(share), stretches.RANDOM, seed) for _ in range(2)]
            assert isinstance(found[0], Sound)
            assert isinstance(found[1], Sound)
            blank = set(np.flatnonzero(found[0].wave == 0).tolist())
            assert np.array_equal(found[0].wave, found[1].wave)
            assert len(blank) == int(share * 101 + 0.5)
            assert before <= blank
            before = blank
            starts.add(min(blank)) if 0.45 < share < 0.55 else None
    assert len(starts) > 10


def test_what_is_no_place_no_share_and_no_time_is_said() -> None:
    with pytest.raises(DataError, match="no place 'left'"):
        stretches.blanked_share(TONE, 0.5, "left")
    with pytest.raises(DataError, match=r"1\.5 is no share"):
        stretches.blanked_share(TONE, 1.5, "end")
    with pytest.raises(Unsupported, match="no time in a picture"):
        stretches.blanked(Picture(np.zeros((2, 2), np.uint8)), Stretch(0, 1))


def test_a_chosen_stretch_goes_before_the_severity() -> None:
    found = corruption.degrade(TONE, "blanked", 5, seed=1, stretch=Stretch(0.0, 0.1))
    assert isinstance(found, Sound)
    assert found.wave.tolist() == [0] + [0.5] * 9
    shared = corruption.degrade(TONE, "blanked", 3, seed=1)
    assert isinstance(shared, Sound)
    assert int((shared.wave == 0).sum()) == 4, "35 % of ten, and halves go upwards"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.3-0.75", Stretch(0.3, 0.45)),
        ("3-5", Stretch(3, 2)),
        ("0-100", Stretch(0, 100)),
        ("0.25-0.5", Stretch(0.25, 0.25)),
    ],
)
def test_a_stretch_stands_in_an_address_as_its_ends(text: str, expected: Stretch) -> None:
    assert Stretch.parsed(text) == expected
    assert expected.text == text
    assert InputCorruption("sound", "blanked", 3, expected).text == f"sound:blanked:{text}"


@pytest.mark.parametrize(
    "text", ["", "3", "5-3", "3-3", "-1-2", "nan-1", "1e9-2", "0-" + "9" * 12, "0.1-0.2-0.3", "a-b"]
)
def test_what_is_no_stretch_is_none(text: str) -> None:
    assert Stretch.parsed(text) is None


def test_the_screen_says_that_the_input_is_still_given() -> None:
    assert stretches.in_words(TONE, Stretch(0.2, 0.3)) == (
        "Still given, with a stretch blanked: silence from 0.20 to 0.50 of 1.00 seconds."
    )
    assert stretches.in_words(CLIP, Stretch(1, 2)) == (
        "Still given, with a stretch blanked: black frames from 2 to 3 of 4 frames."
    )


def test_frames_are_counted_and_moments_are_not() -> None:
    of_frames, of_seconds = timeline(CLIP), timeline(TONE)
    assert [stretches.ends(of_frames, Stretch(start, 2)) for start in (0, 2)] == ["1–2", "3–4"]
    assert stretches.ends(of_frames, Stretch(2, 1)) == "3"
    assert stretches.ends(of_seconds, Stretch(0.2, 0.3)) == "0.20–0.50"
    assert stretches.ends(timeline(LINE), Stretch(10, 20)) == "10–30"


def test_a_stretch_is_found_in_what_a_model_sees() -> None:
    """A spectrogram puts the word in the middle: the same second is elsewhere in it."""
    time = np.arange(16_000) / 8_000
    voice = Sound((0.5 * np.sin(2 * np.pi * 600 * time) * (np.abs(time - 1.5) < 0.3)).astype(np.float32), 8_000)
    found = stretches.seen_part(voice, Stretch(1.4, 0.2), lambda raw: prepare_sound(raw).tensor)
    assert found is not None
    assert found == pytest.approx((0.4, 0.6), abs=0.04), "1.024 s around 1.5"
    assert stretches.seen_part(voice, Stretch(0.1, 0.2), lambda raw: prepare_sound(raw).tensor) is None
    part = stretches.seen_part(RISING, Stretch(0.4, 0.6), lambda raw: torch.from_numpy(raw.values.T))  # type: ignore[attr-defined]
    assert part == (0.2, 0.5)
    frames = stretches.seen_part(CLIP, Stretch(1, 2), lambda raw: torch.from_numpy(raw.pixels[None]))  # type: ignore[attr-defined]
    assert frames == (0.25, 0.75)


def test_a_lifted_way_of_a_pen_is_a_straight_line_to_a_model() -> None:
    """Three sides of a square: 25 up, the line across instead of 50 to the right and 25 up, 25 up."""
    three = Strokes((np.array([[0, 0], [0, 50], [50, 50], [50, 0]], np.float32),))
    found = stretches.seen_part(three, Stretch(100 / 6, 200 / 3), lambda raw: prepare_strokes(raw).tensor)
    assert found == pytest.approx((1 / 4, 3 / 4), abs=0.01)
    for at_an_end in (Stretch(0, 30), Stretch(70, 30)):
        assert stretches.seen_part(three, at_an_end, lambda raw: prepare_strokes(raw).tensor) is None


@pytest.mark.parametrize("kind", GIVEN)
def test_timelines_and_shades_are_svg_of_finite_numbers(kind: str) -> None:
    axis, raw = stretches.axis_of(GIVEN[kind]), GIVEN[kind]
    drawn = axis.strip(raw, "#2B7BBB", 640, 72)
    shape = {"sound": (1, 4, 8), "series": (2, 8), "path": (2, 8), "frames": (1, 4, 5, 5)}[kind]
    shaded = axis.shade(np.random.default_rng(0).random(shape), (0.25, 0.5), 240, 240, "#FFFFFF")
    for text in (drawn, shaded):
        assert text.startswith("<")
        assert "nan" not in text


@pytest.mark.parametrize(("text", "expected"), [("0.2 0.5", (0.2, 0.5)), ("0.9 -3", (0.0, 0.9)), ("1 7", (1.0, 1.0))])
def test_what_is_dragged_lies_inside_the_timeline(text: str, expected: tuple[float, float]) -> None:
    assert stretch_picker.parsed(text) == expected


@pytest.mark.parametrize("text", [None, "", "1", "a b", "nan 1", "1 2 3"])
def test_what_a_browser_cannot_have_meant_is_nothing(text: object) -> None:
    assert stretch_picker.parsed(text) is None
