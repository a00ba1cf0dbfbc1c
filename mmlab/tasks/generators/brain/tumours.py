"""Simulated tumours and look-alikes in a head: shapes in millimetres, cut by the slices.

A tumour has a core (enhancing rim and nodules around necrosis) in oedema, as gliomas do. Its shape is a ball whose
radius is disturbed by smooth noise, so that neighbouring slices belong together. All sizes are ours: they span from
what a slice of 3.2 mm pixels can just show to a third of a hemisphere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.modalities.scan.grid import APART, PIXEL
from mmlab.tasks.generators.brain.anatomy import Head
from mmlab.tasks.generators.brain.random_fields import smooth_field

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Grid = Sequence[Floats]  # mm of each voxel: up, back, right
REGIONS = ("wt", "tc", "et")  # whole tumour, tumour core, enhancing tumour: each within the one before (BraTS)
LESIONS = ("oedema", "necrosis", "enhancing", "spot", "vessel")

DEEP = 17.0  # mm: least depth of a tumour's centre
RADIUS = (11.0, 25.0)  # mm: core
SWELLING = (1.35, 2.3)  # oedema over core
FLATTENED = (0.75, 1.35)  # axes of the ball over each other
ROUGH_CORE, ROUGH_OEDEMA, ROUGHNESS = 0.16, 0.22, 17.0  # share of the radius; mm between knots
ALONG_WHITE = 0.35  # how much farther oedema spreads in white matter
RIM = (2.3, 10.5)  # mm: thickness of what enhances
GAPS, NODULES, PATCHES = (-0.6, 2.2), (0.9, 2.2), 15.0  # thresholds of a field with knots this many mm apart
SOFT = 0.6  # pixels: how far a lesion's edge blurs into tissue

SPOTS, SPOT_RADIUS = 9, (2.6, 6.5)  # most white-matter hyperintensities of a head; mm
VESSELS, VESSEL_STEPS, BEND = (15, 45), (3, 12), 0.35  # how many; pixels long; radians a step
PLEXUS_SHARE, PLEXUS_DEPTH, PLEXUS = 0.5, 26.0, 0.9  # heads that show it; mm; threshold of a field


@dataclass(frozen=True)
class Findings:
    """labels: bool `[3, Z, Y, X]` for `REGIONS`; shares: of `LESIONS` in each voxel, soft-edged, at most 1 in all."""

    labels: Flags
    shares: Floats


def findings(head: Head, has_tumour: bool, rng: np.random.Generator) -> Findings:
    """What is in a head: a tumour about the middle slice, or none; spots, vessels and plexus in any case."""
    grid = np.meshgrid(*head.axes, indexing="ij")
    none = np.zeros_like(head.brain)
    oedema, core, enhancing = _tumour(head, grid, rng) if has_tumour else (none, none, none)
    whole = oedema | core
    spot = _spots(head, grid, rng) & ~whole
    vessel = (_vessels(head, rng) | _plexus(head, rng)) & ~whole
    masks = np.stack([oedema, core & ~enhancing, enhancing, spot, vessel])
    shares = ndimage.gaussian_filter(masks.astype(np.float64), (0, 0, SOFT, SOFT))
    return Findings(np.stack([whole, core, enhancing]), shares / np.maximum(shares.sum(0), 1))


def _tumour(head: Head, grid: Grid, rng: np.random.Generator) -> tuple[Flags, Flags, Flags]:
    """Oedema, core, and what of the core enhances."""
    centre, radius = _place(head, rng), rng.uniform(*RADIUS)
    inward = 1 - _reach(grid, centre, radius, ROUGH_CORE, head, rng)
    core = (inward > 0) & head.brain
    spread = _reach(grid, centre, radius * rng.uniform(*SWELLING), ROUGH_OEDEMA, head, rng)
    white, _, csf = head.tissue
    oedema = (spread - ALONG_WHITE * (white - 0.5) < 1) & head.brain & (csf < 0.6) & ~core
    patches = smooth_field(head.axes, PATCHES, rng)
    rim = inward * radius < rng.uniform(*RIM)
    # the ring is broken by chance, and nodules lie inside: what enhances cannot be guessed from the core's outline
    enhancing = core & ((rim & (patches <= rng.uniform(*GAPS))) | (patches < -rng.uniform(*NODULES)))
    return oedema, core, enhancing


def _place(head: Head, rng: np.random.Generator) -> Floats:
    """A point deep in tissue on the slice at height 0, in mm."""
    slice_ = int(np.abs(head.axes[0]).argmin())
    fit = (head.depth[slice_] > DEEP) & (head.tissue[2, slice_] < 0.5)
    rows, columns = np.nonzero(fit if fit.any() else head.brain[slice_])
    chosen = rng.integers(len(rows))
    return np.array([head.axes[0][slice_], head.axes[1][rows[chosen]], head.axes[2][columns[chosen]]])


def _reach(grid: Grid, centre: Floats, radius: float, rough: float, head: Head, rng: np.random.Generator) -> Floats:
    """Distance from the centre over the radius, disturbed: 1 is the surface of a rough, flattened ball."""
    angle = rng.uniform(0, np.pi)
    up, back, right = (axis - middle for axis, middle in zip(grid, centre, strict=True))
    along, across = np.cos(angle) * back + np.sin(angle) * right, np.cos(angle) * right - np.sin(angle) * back
    across, up = across * rng.uniform(*FLATTENED), up * rng.uniform(*FLATTENED)
    distance = np.sqrt(up**2 + along**2 + across**2) / radius
    return distance + rough * smooth_field(head.axes, ROUGHNESS, rng)


def _spots(head: Head, grid: Grid, rng: np.random.Generator) -> Flags:
    """White-matter hyperintensities: small balls, bright in FLAIR and T2."""
    found = np.zeros_like(head.brain)
    places = np.argwhere(head.tissue[0] > 0.8)
    for _ in range(rng.integers(0, SPOTS + 1) if len(places) else 0):
        chosen = places[rng.integers(len(places))]
        centre = np.array([axis[index] for axis, index in zip(head.axes, chosen, strict=True)])
        found |= _reach(grid, centre, rng.uniform(*SPOT_RADIUS), 0.2, head, rng) < 1
    return found & head.brain


def _vessels(head: Head, rng: np.random.Generator) -> Flags:
    """Vessels that enhance: paths that bend at random, one voxel thick."""
    places = np.argwhere(head.brain)
    count, longest = int(rng.integers(*VESSELS)), VESSEL_STEPS[1]
    start = places[rng.integers(len(places), size=count)]
    heading = rng.uniform(0, 2 * np.pi, (count, 1)) + rng.normal(0, BEND, (count, longest)).cumsum(1)
    climb = rng.normal(0, BEND, (count, 1)) * PIXEL / APART
    steps = np.stack([np.broadcast_to(climb, heading.shape), np.sin(heading), np.cos(heading)], -1)
    path = np.round(start[:, None] + steps.cumsum(1)).astype(int)
    drawn = np.arange(longest) < rng.integers(*VESSEL_STEPS, size=(count, 1))
    inside = ((path >= 0) & (path < head.brain.shape)).all(-1) & drawn
    found = np.zeros_like(head.brain)
    found[tuple(path[inside].T)] = True
    return found & head.brain


def _plexus(head: Head, rng: np.random.Generator) -> Flags:
    """Choroid plexus in the ventricles of some heads: it enhances."""
    field = smooth_field(head.axes, PATCHES, rng)
    shown = rng.random() < PLEXUS_SHARE
    return shown & (head.tissue[2] > 0.6) & (head.depth > PLEXUS_DEPTH) & (field > PLEXUS)
