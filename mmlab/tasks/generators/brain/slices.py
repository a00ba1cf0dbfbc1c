"""The items of the task `brain`: slices of a simulated patient in four contrasts, as files would hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.core.recordings import Scan
from mmlab.core.task import Split
from mmlab.modalities.scan.grid import APART
from mmlab.tasks.generators.brain.anatomy import TISSUES, Head, head
from mmlab.tasks.generators.brain.mri_signal import SEQUENCES, Patient, patient, signals
from mmlab.tasks.generators.brain.random_fields import smooth_field
from mmlab.tasks.generators.brain.tumours import LESIONS, Findings, findings

Floats = NDArray[np.float64]
SEED = 30
CODES: dict[Split, int] = {"train": 0, "valid": 1, "test": 2}
HEIGHTS = (0.28, 0.58)  # of the middle slice in the anatomy: where tumours and ventricles are, below the crown
HEALTHY = 0.06  # of the cases have no tumour
TEXTURE, TEXTURE_SPACING = 0.06, 7.0  # of lesions, alike in all contrasts: share of the signal; mm between knots (ours)
BIAS, BIAS_SPACING = 0.13, 93.0  # of the receiving coil: share of the signal; mm between knots (ours)
NOISE = (0.045, 0.15)  # least and most, over the spread of the signal in the brain (ours)
BRIGHTEST = 99.8  # percentile of the brain that becomes white in a file


@dataclass(frozen=True)
class Plan:
    """How a split is cut: numbers of cases, slices of each, and steps between them."""

    cases: int
    slices: int
    step: int


# Many cases of few slices, for slices of a case are alike. The first cases of the test split are small volumes
PLANS: dict[Split, Plan] = {"train": Plan(190, 6, 2), "valid": Plan(36, 4, 2), "test": Plan(34, 4, 2)}
VOLUMES, VOLUME = 4, 14


@dataclass(frozen=True)
class Item:
    """One slice of a case whose slices lie `apart` mm from each other.

    raw: a grey picture by contrast, 0 outside the brain; labels: bool `[3, H, W]` for `REGIONS`.
    """

    id: str
    case: str
    apart: float
    raw: dict[str, Scan]
    labels: NDArray[np.bool_]


def sizes() -> dict[str, int]:
    """How many slices each split has."""
    return {split: sum(len(offsets(split, case)) for case in range(plan.cases)) for split, plan in PLANS.items()}


def offsets(split: Split, case: int) -> Floats:
    """Where the slices of a case lie, in slices from its middle."""
    plan = PLANS[split]
    count, step = (VOLUME, 1) if is_volume(split, case) else (plan.slices, plan.step)
    return np.array([float(place - count // 2) * step for place in range(count)])


def is_volume(split: Split, case: int) -> bool:
    """Whether a case is one of the small volumes; those always have a tumour in the middle."""
    return split == "test" and case < VOLUMES


def case_items(split: Split, case: int) -> Iterator[Item]:
    """The slices of a case, from below, always the same."""
    rng = np.random.default_rng((SEED, CODES[split], case))
    whole = is_volume(split, case)
    has_tumour = bool(rng.random() >= HEALTHY) or whole
    places = offsets(split, case)
    shift = 0.0 if whole else float(rng.integers(-3, 4))  # slices beside the tumour's middle too
    found = head(rng.uniform(*HEIGHTS), places + shift, rng)
    lesions = findings(found, has_tumour, rng)
    scans = scan(found, lesions, patient(rng), rng)
    name = f"{split}-{case:03d}"
    for index in range(len(places)):
        raw = {contrast: _picture(volume[index], found.brain[index]) for contrast, volume in scans.items()}
        apart = APART * float(places[1] - places[0])
        yield Item(f"{name}-{index:02d}", name, apart, raw, lesions.labels[:, index])


def scan(found: Head, lesions: Findings, somebody: Patient, rng: np.random.Generator) -> dict[str, Floats]:
    """Each contrast of a head, `[Z, Y, X]`: signals of what is in a voxel, coil, noise, blur."""
    texture = [1 + TEXTURE * smooth_field(found.axes, TEXTURE_SPACING, rng) for _ in range(3)]
    left = 1 - lesions.shares.sum(0)
    shares = [*(found.tissue * left), *(share * grain for share, grain in zip(lesions.shares, texture, strict=False))]
    shares += list(lesions.shares[3:])
    volumes = {}
    for contrast, sequence in SEQUENCES.items():
        pure = signals(sequence, somebody)
        signal = np.tensordot([pure[name] for name in (*TISSUES, *LESIONS)], np.stack(shares), 1)
        signal = signal * (1 + BIAS * smooth_field(found.axes, BIAS_SPACING, rng))
        spread = sequence.noise * rng.uniform(*NOISE) * signal[found.brain].std()
        noise = rng.normal(0, spread, (2, *signal.shape))
        magnitude = np.hypot(signal + noise[0], noise[1])  # Rician: Gudbjartsson and Patz, MRM 34 (1995)
        blur = rng.uniform(*sequence.blur)
        volumes[contrast] = ndimage.gaussian_filter(magnitude, (0, blur, blur))
    return volumes


def _picture(values: Floats, brain: NDArray[np.bool_]) -> Scan:
    """A slice as a file keeps it: 0 outside the brain, 1 to 255 inside."""
    top = np.percentile(values[brain], BRIGHTEST) if brain.any() else 1.0
    grey = np.clip(np.round(values / top * 255), 1, 255)
    return Scan((grey * brain).astype(np.uint8))
