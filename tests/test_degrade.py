"""Corruption of recordings: every kind and severity works, is repeatable, and gets worse with severity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.modality_kinds import MODALITY_KINDS
from mmlab.core.recordings import (
    Clip,
    FeatureSequence,
    Flow,
    Picture,
    Raw,
    Scan,
    ScanVolume,
    Series,
    Sound,
    Strokes,
    Text,
    Vector,
)
from mmlab.modalities import corruption


def picture() -> Picture:
    pixels = np.full((60, 40, 3), 230, np.uint8)
    pixels[10:50, 15:25] = 20
    return Picture(pixels)


def sound() -> Sound:
    time = np.arange(8000) / 8000
    wave = 0.5 * np.sin(2 * np.pi * 900 * time) * (np.abs(time - 0.5) < 0.2)
    return Sound(wave.astype(np.float32), 8000)


def strokes() -> Strokes:
    turn = np.linspace(0, 6, 30)
    circle = np.stack([50 + 40 * np.cos(turn), 50 + 50 * np.sin(turn)], 1)
    return Strokes((circle.astype(np.float32), np.array([[0, 0], [90, 90]], np.float32)))


def series() -> Series:
    time = np.arange(100)[:, None] / 50
    values = np.sin(2 * np.pi * time * [1, 2, 3]) + np.array([0, 0, 1])
    return Series(values.astype(np.float32), 50.0, ("x", "y", "z"), "g")


def scan() -> Scan:
    """A grey head with a bright spot, on black."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    head = (np.hypot(x, y) < 0.8) * 120.0 + (np.hypot(x - 0.3, y) < 0.2) * 100
    return Scan(head.astype(np.uint8))


def clip() -> Clip:
    """A bright bar that goes to the right."""
    across = np.arange(40)[None, None] - 6 - 3 * np.arange(8)[:, None, None]
    return Clip(np.where(np.abs(across) < 4, 220, 30).repeat(24, 1).astype(np.uint8))


def volume() -> ScanVolume:
    """A ball with a bright core, on black."""
    far = np.sqrt((np.mgrid[-1:1:12j, -1:1:20j, -1:1:20j] ** 2).sum(0))
    return ScanVolume(((far < 0.9) * 90.0 + (far < 0.4) * 110).astype(np.uint8))


def sequence() -> FeatureSequence:
    """Three features of twelve words, of which one was not measured."""
    values = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    there = np.arange(12) != 4
    return FeatureSequence(np.where(there[:, None], values, 0), there, ("1", "2", "3"))


def flow() -> Flow:
    """A square that goes down to the right, and nothing else."""
    pixels = np.full((40, 30, 3), 128, np.uint8)
    pixels[10:25, 8:20, :2] = (190, 160)
    return Flow(pixels)


RAWS: dict[str, Raw] = {
    "flow": flow(),
    "frames": clip(),
    "image": picture(),
    "sound": sound(),
    "path": strokes(),
    "sequence": sequence(),
    "series": series(),
    "scan": scan(),
    "volume": volume(),
    "text": Text("A slow start, and then one of the warmest and funniest films I have seen in years!"),
}
CASES = [(kind, name) for kind in MODALITY_KINDS for name in corruption.corruptions_of(kind)]


def numbers(raw: Raw) -> np.ndarray:
    if isinstance(raw, Picture | Scan | Clip):
        return raw.pixels.astype(float)
    if isinstance(raw, ScanVolume):
        return raw.voxels.astype(float)
    if isinstance(raw, Sound):
        return raw.wave.astype(float)
    if isinstance(raw, Series | FeatureSequence):
        return raw.values.astype(float)
    if isinstance(raw, Text):
        return np.frombuffer(raw.text.encode("utf-32"), np.uint32).astype(float)
    assert isinstance(raw, Strokes)
    return np.concatenate(raw.strokes).astype(float)


def test_every_kind_with_a_reader_has_corruptions() -> None:
    assert {kind for kind in MODALITY_KINDS if corruption.corruptions_of(kind)} == set(RAWS)
    assert all(corruption.kind_of(raw) == kind for kind, raw in RAWS.items())


@pytest.mark.parametrize(("kind", "name"), CASES)
@pytest.mark.parametrize("severity", corruption.SEVERITIES)
def test_a_corruption_keeps_the_kind_and_is_repeatable(kind: str, name: str, severity: int) -> None:
    raw = RAWS[kind]
    first, again = (corruption.degrade(raw, name, severity, seed=3) for _ in range(2))
    assert type(first) is type(raw)
    np.testing.assert_array_equal(numbers(first), numbers(again))
    assert np.isfinite(numbers(first)).all()
    if isinstance(first, Picture) and isinstance(raw, Picture):
        assert first.pixels.shape == raw.pixels.shape
        assert first.pixels.dtype == np.uint8
    if isinstance(first, Sound):
        assert first.wave.dtype == np.float32
        assert np.abs(first.wave).max() <= 1


@pytest.mark.parametrize(("kind", "name"), [case for case in CASES if case[0] not in ("path", "text")])
def test_more_severity_changes_more(kind: str, name: str) -> None:
    clean = numbers(RAWS[kind])
    far = [
        np.mean(
            [np.abs(numbers(corruption.degrade(RAWS[kind], name, level, seed)) - clean).mean() for seed in range(8)]
        )
        for level in corruption.SEVERITIES
    ]
    assert far == sorted(far)
    assert far[0] > 0


def test_a_path_is_cut_to_its_share() -> None:
    def length(raw: Raw) -> float:
        assert isinstance(raw, Strokes)
        return sum(float(np.hypot(*np.diff(stroke, axis=0).T).sum()) for stroke in raw.strokes)

    raw = strokes()
    for severity, missing in zip(corruption.SEVERITIES, (0.1, 0.2, 0.35, 0.5, 0.65), strict=True):
        assert length(corruption.degrade(raw, "missing", severity)) == pytest.approx(
            (1 - missing) * length(raw), rel=1e-3
        )


def test_what_does_not_exist_is_said() -> None:
    with pytest.raises(UnknownName, match="noise"):
        corruption.degrade(picture(), "echo", 1)
    with pytest.raises(UnknownName, match="none"):
        corruption.degrade(Vector(np.zeros(1, np.float32), ("a",)), "noise", 1)
    with pytest.raises(DataError, match="1 to 5"):
        corruption.degrade(picture(), "noise", 6)


def test_extreme_recordings_survive() -> None:
    flat = Picture(np.zeros((2, 2), np.uint8))
    silence = Sound(np.zeros(4, np.float32), 8000)
    dot = Strokes((np.zeros((1, 2), np.float32),))
    empty, still = (Series(np.zeros((rows, 1), np.float32), 50.0, ("x",)) for rows in (0, 3))
    texts = [Text(each) for each in ("", "  ", "a", "I", "éß", "?!", "one two", "x" * 5000)]
    for raw in (flat, silence, dot, Strokes(()), empty, still, *texts):
        for name in corruption.corruptions_of(corruption.kind_of(raw)):
            corruption.degrade(raw, name, 5)


def test_only_the_part_that_counts_is_corrupted() -> None:
    raw = replace(series(), part=(0.5, 1.5))
    for name in corruption.corruptions_of("series"):
        corrupted = corruption.degrade(raw, name, 5, seed=1)
        changed = np.flatnonzero((numbers(corrupted) != numbers(raw)).any(1))
        assert len(changed) > 10
        assert changed.min() >= 25
        assert changed.max() < 75


def test_a_turned_sensor_measures_the_same_lengths() -> None:
    turned = numbers(corruption.degrade(series(), "turned", 4, seed=2))
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(numbers(series()), axis=1), atol=1e-5)


def test_lost_packets_hold_the_last_value() -> None:
    lost = numbers(corruption.degrade(series(), "dropouts", 4, seed=0))
    assert (np.diff(lost, axis=0) == 0).all(1).sum() == pytest.approx(0.5 * 100, abs=1)


def said(name: str, severity: int, seed: int = 0) -> list[str]:
    raw = corruption.degrade(RAWS["text"], name, severity, seed)
    assert isinstance(raw, Text)
    return raw.text.split()


def test_more_severity_leaves_less_of_a_text() -> None:
    assert isinstance(RAWS["text"], Text)
    words = RAWS["text"].text.split()
    for name in corruption.corruptions_of("text"):
        kept = []
        for severity in corruption.SEVERITIES:
            tries = [said(name, severity, seed) for seed in range(20)]
            kept.append(np.mean([sum(a == b for a, b in zip(each, words, strict=False)) for each in tries]))
        assert kept == sorted(kept, reverse=True), name
        assert kept[-1] < kept[0] < len(words), name


def test_lost_and_mixed_words_are_those_of_the_text() -> None:
    assert isinstance(RAWS["text"], Text)
    words = RAWS["text"].text.split()
    for severity, share in zip(corruption.SEVERITIES, (0.1, 0.25, 0.4, 0.6, 0.8), strict=True):
        assert said("cut", severity) == words[: len(words) - round(share * len(words))]
        left = said("lost", severity)
        assert len(left) == len(words) - round(share * len(words))
        assert set(left) <= set(words)
        assert sorted(said("mixed", severity)) == sorted(words)


def test_a_letter_is_left_out_of_words_although_it_is_a_word_somewhere() -> None:
    for seed in range(300):
        raw = corruption.degrade(Text("a banana salad"), "typos", 1, seed)
        assert isinstance(raw, Text)
        if len(raw.text.replace(" ", "")) < 12:
            assert raw.text.split()[0] in ("a", *"qsz"), "the word of one letter stays"
            return
    pytest.fail("Nothing was ever left out.")


def test_every_text_keeps_a_word() -> None:
    for name in corruption.corruptions_of("text"):
        for seed in range(30):
            for text in ("a", "I am", "no!", "- - yes"):
                raw = corruption.degrade(Text(text), name, 5, seed)
                assert isinstance(raw, Text)
                assert any(letter.isalnum() for letter in raw.text)


def test_words_for_people() -> None:
    assert corruption.label("sound", "muffling") == "Low-pass filter"
    assert corruption.describe("sound", "noise", 3) == "signal over noise, dB: 5"
