"""Damage that a person can do to a recording, by kind and severity, to see how an answer holds.

Acts on raw recordings, before they are brought to the model's world. Deterministic under `seed`. Severity runs from 1
(barely noticed) to 5 (hard for a person); what each step means stands in the tables below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.raw import Picture, Raw, Sound, Strokes

Floats = NDArray[np.float64]
Steps = tuple[float, float, float, float, float]
SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Damage:
    """One kind of damage: a label for people, what the numbers in `steps` mean, one number per severity."""

    label: str
    unit: str
    steps: Steps
    act: Callable[[Any, float, np.random.Generator], Any]


def _grain(pixels: Floats, spread: float, rng: np.random.Generator) -> Floats:
    return pixels + rng.normal(0, spread * _contrast(pixels), pixels.shape)


def _blurred(pixels: Floats, share: float, rng: np.random.Generator) -> Floats:
    sigma = share * max(pixels.shape[:2])
    return ndimage.gaussian_filter(pixels, (sigma, sigma, 0)[: pixels.ndim])


def _faded(pixels: Floats, kept: float, rng: np.random.Generator) -> Floats:
    paper = _rim(pixels)
    return paper + kept * (pixels - paper)


def _covered(pixels: Floats, share: float, rng: np.random.Generator) -> Floats:
    """A band over the part that differs from the rim, in the colour of the rim."""
    paper = _rim(pixels)
    far = np.abs(pixels - paper).reshape(*pixels.shape[:2], -1).max(-1)
    rows, columns = np.nonzero(far >= 0.4 * far.max())
    angle, place = rng.uniform(0, np.pi), rng.random()
    grid = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    across = grid[0] * np.sin(angle) + grid[1] * np.cos(angle)
    inside = across[rows, columns]
    start = inside.min() + np.ptp(inside) * (1 - share) * place
    hidden = (across >= start) & (across <= start + np.ptp(inside) * share)
    return np.where(hidden if pixels.ndim == 2 else hidden[..., None], paper, pixels)


def _contrast(pixels: Floats) -> float:
    return max(float(np.ptp(np.percentile(pixels, (1, 99)))), 1.0)


def _rim(pixels: Floats) -> Floats:
    """The median colour of the outermost pixels: what the paper looks like."""
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.asarray(np.median(rim, axis=0))


def _hiss(wave: Floats, decibel: float, rng: np.random.Generator) -> Floats:
    noise = rng.normal(0, 1, len(wave))
    return wave + noise * _loudness(wave) * 10 ** (-decibel / 20)


def _clipped(wave: Floats, share: float, rng: np.random.Generator) -> Floats:
    limit = max(float(np.abs(wave).max()) * share, 1e-6)
    return np.clip(wave, -limit, limit)


def _muffled(wave: Floats, hertz_share: float, rng: np.random.Generator) -> Floats:
    """Without delay, forwards and backwards."""
    from scipy import signal  # a slow import that only this damage needs

    filter_ = signal.butter(2, hertz_share, output="sos")
    return np.asarray(signal.sosfiltfilt(filter_, wave, padlen=0))


def _gapped(wave: Floats, share: float, rng: np.random.Generator) -> Floats:
    """Holes of a fiftieth of the recording each, spread over it."""
    pieces = 50
    keep = np.ones(pieces)
    keep[rng.permutation(pieces)[: round(share * pieces)]] = 0
    return wave * keep[np.arange(len(wave)) * pieces // max(len(wave), 1)]


def _loudness(wave: Floats) -> float:
    """Root mean square of the loudest tenth, so that silence around a word does not count."""
    squares = np.sort(np.square(wave))
    return float(np.sqrt(squares[-max(1, len(squares) // 10) :].mean()))


def _shaken(strokes: list[Floats], share: float, rng: np.random.Generator) -> list[Floats]:
    size = _size(strokes)
    return [stroke + rng.normal(0, share * size, stroke.shape) for stroke in strokes]


def _cut_short(strokes: list[Floats], share: float, rng: np.random.Generator) -> list[Floats]:
    """The last part of the path, by length, was never drawn."""
    lengths = [np.hypot(*np.diff(stroke, axis=0).T) for stroke in strokes]
    left = (1 - share) * sum(float(steps.sum()) for steps in lengths)
    kept: list[Floats] = []
    for stroke, steps in zip(strokes, lengths, strict=True):
        along = np.concatenate([[0.0], np.cumsum(steps)])
        if left >= along[-1]:
            kept.append(stroke)
        elif left > 0:
            end = [float(np.interp(left, along, stroke[:, axis])) for axis in (0, 1)]
            kept.append(np.concatenate([stroke[along < left], [end]]))
        left -= float(along[-1])
    return kept


def _coarse(strokes: list[Floats], cells: float, rng: np.random.Generator) -> list[Floats]:
    step = _size(strokes) / cells
    return [np.round(stroke / step) * step for stroke in strokes]


def _size(strokes: list[Floats]) -> float:
    return max(float(np.ptp(np.concatenate(strokes), axis=0).max()), 1e-6)


_TABLE: dict[str, dict[str, Damage]] = {
    "image": {
        "noise": Damage("Noise", "spread of the grain over the contrast", (0.1, 0.25, 0.45, 0.7, 1.0), _grain),
        "blur": Damage("Blur", "radius over the longer side", (0.012, 0.025, 0.045, 0.07, 0.1), _blurred),
        "contrast": Damage("Faded", "contrast that is left", (0.6, 0.4, 0.25, 0.12, 0.06), _faded),
        "occlusion": Damage("Covered", "share of the digit that is covered", (0.1, 0.2, 0.3, 0.42, 0.55), _covered),
    },
    "sound": {
        "noise": Damage("Background noise", "signal over noise, dB", (20.0, 12.0, 5.0, 0.0, -5.0), _hiss),
        "clipping": Damage("Clipping", "share of the peak that passes", (0.5, 0.25, 0.12, 0.05, 0.02), _clipped),
        "muffling": Damage("Muffled", "cut-off over half the rate", (0.5, 0.35, 0.22, 0.14, 0.08), _muffled),
        "dropouts": Damage("Dropouts", "share of the recording that is missing", (0.1, 0.2, 0.35, 0.5, 0.65), _gapped),
    },
    "path": {
        "jitter": Damage("Shaky hand", "shake over the digit's size", (0.015, 0.03, 0.06, 0.1, 0.16), _shaken),
        "missing": Damage("Not finished", "share of the path that is missing", (0.1, 0.2, 0.35, 0.5, 0.65), _cut_short),
        "coarse": Damage("Coarse grid", "cells over the digit's size", (16.0, 10.0, 6.0, 4.0, 3.0), _coarse),
    },
}
DAMAGES: dict[str, tuple[str, ...]] = {kind: tuple(table) for kind, table in _TABLE.items()}


def kind_of(raw: Raw) -> str:
    """The kind of modality that a recording belongs to, "" where no damage is known for it."""
    return {Picture: "image", Sound: "sound", Strokes: "path"}.get(type(raw), "")


def label(kind: str, damage: str) -> str:
    """Plain words for a damage: `Background noise`."""
    return _found(kind, damage).label


def describe(kind: str, damage: str, severity: int) -> str:
    """What a severity means in numbers: `signal over noise, dB: 5`."""
    found = _found(kind, damage)
    return f"{found.unit}: {found.steps[_step(severity)]:g}"


def degrade(raw: Raw, damage: str, severity: int, seed: int = 0) -> Raw:
    """The recording, damaged. `severity` 1 to 5; raises UnknownName for a damage that its kind does not have."""
    found = _found(kind_of(raw), damage)
    strength, rng = found.steps[_step(severity)], np.random.default_rng(seed)
    if isinstance(raw, Picture):
        pixels = found.act(raw.pixels.astype(np.float64), strength, rng)
        return Picture(np.clip(np.round(pixels), 0, 255).astype(np.uint8))
    if isinstance(raw, Sound):
        wave = found.act(raw.wave.astype(np.float64), strength, rng)
        return Sound((wave / max(1.0, float(np.abs(wave).max(initial=0.0)))).astype(np.float32), raw.rate)
    assert isinstance(raw, Strokes)
    if sum(len(stroke) for stroke in raw.strokes) < 2:
        return raw  # nothing is drawn
    return Strokes(tuple(stroke.astype(np.float32) for stroke in found.act(_fine(raw), strength, rng) if len(stroke)))


def _fine(raw: Strokes) -> list[Floats]:
    """Strokes of few points with more in between, so that a hand can shake on the way too."""
    found: list[Floats] = []
    for stroke in raw.strokes:
        points = stroke.astype(np.float64)
        if 2 <= len(points) < 12:
            places = np.linspace(0, len(points) - 1, 3 * len(points) - 2)
            points = np.stack([np.interp(places, np.arange(len(points)), points[:, axis]) for axis in (0, 1)], 1)
        found.append(points)
    return found


def _found(kind: str, damage: str) -> Damage:
    table = _TABLE.get(kind, {})
    if damage not in table:
        raise UnknownName(f"There is no damage '{damage}' for this.", f"There are: {', '.join(table) or 'none'}.")
    return table[damage]


def _step(severity: int) -> int:
    if severity not in SEVERITIES:
        raise DataError(f"There is no severity {severity}.", "Use 1 to 5.")
    return severity - 1
