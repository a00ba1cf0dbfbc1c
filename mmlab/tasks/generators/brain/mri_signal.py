"""MRI signals of tissue: signal equations, relaxation times and the contrast agent, at 3 tesla.

Sources. Healthy tissue: Wansapura et al., JMRI 9 (1999) 531, T1 and T2 of white and grey matter at 3 T, rounded.
Cerebrospinal fluid: within 4 to 4.5 s and 1.5 to 2 s of the literature on 3 T. Proton densities relative to water:
Tofts, Quantitative MRI of the Brain (2003). Tumour: T1 within what fingerprinting finds in gliomas (de Blank et al.,
Radiology: Imaging Cancer 1, 2019: solid tumour 1444 +- 254 ms, around it 1261 +- 359 ms), T2 and densities ours, in
the order oedema < enhancing < necrosis for T1. Sequences: textbook spin echo and inversion recovery with the times
of a clinical protocol. What is marked "ours" was set so that the contrasts rank as they do for models trained on
BraTS 2018: oedema shows in FLAIR and T2, the core in T1ce, little in T1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

RELAXIVITY = 5.0  # litres per millimole and second: gadobutrol in plasma at 3 T, Rohrer et al., Invest Radiol 40 (2005)


@dataclass(frozen=True)
class Tissue:
    """t1, t2 in ms; density of protons relative to water; uptake of contrast agent in mmol per litre (ours)."""

    t1: float
    t2: float
    density: float
    uptake: float = 0.0

    def enhanced(self, strength: float = 1.0) -> float:
        """T1 in ms after contrast agent: 1 / T1' = 1 / T1 + relaxivity x concentration."""
        return 1000 / (1000 / self.t1 + RELAXIVITY * self.uptake * strength)


TISSUES: Mapping[str, Tissue] = {
    "wm": Tissue(830, 75, 0.70),
    "gm": Tissue(1330, 95, 0.82, uptake=0.01),
    "csf": Tissue(4000, 1500, 1.0),
    "oedema": Tissue(1380, 138, 0.86),
    "enhancing": Tissue(1500, 132, 0.87, uptake=0.29),
    "necrosis": Tissue(1750, 185, 0.90, uptake=0.007),
    "spot": Tissue(1250, 135, 0.82),  # white-matter hyperintensity, of no interest here
    "vessel": Tissue(1600, 120, 0.85, uptake=0.48),  # and choroid plexus
}


@dataclass(frozen=True)
class Sequence:
    """A contrast: times in ms, and how noisy and blurred it is.

    inversion: None for a spin echo. noise: over the usual noise; blur: spread in pixels, least and most (both ours:
    T2 is often scanned in thick slices).
    """

    repetition: float
    echo: float
    inversion: float | None
    agent: bool
    noise: float
    blur: tuple[float, float]

    def signal(self, t1: float, t2: float, density: float) -> float:
        """Spin echo: density (1 - exp(-TR/T1)) exp(-TE/T2); inversion recovery, its magnitude:

        density |1 - 2 exp(-TI/T1) + exp(-TR/T1)| exp(-TE/T2) (Haacke et al., Magnetic Resonance Imaging, 1999).
        """
        recovered = 1 - math.exp(-self.repetition / t1)
        if self.inversion is not None:
            recovered = abs(1 - 2 * math.exp(-self.inversion / t1) + math.exp(-self.repetition / t1))
        return density * recovered * math.exp(-self.echo / t2)


SEQUENCES: Mapping[str, Sequence] = {
    "flair": Sequence(9000, 120, 2500, agent=False, noise=0.8, blur=(0.2, 0.6)),
    "t1": Sequence(600, 10, None, agent=False, noise=1.1, blur=(0.2, 0.6)),
    "t1ce": Sequence(600, 10, None, agent=True, noise=1.0, blur=(0.2, 0.6)),
    "t2": Sequence(4500, 100, None, agent=False, noise=2.6, blur=(0.7, 1.2)),
}


@dataclass(frozen=True)
class Patient:
    """How the tissues of one patient differ from the table: factors per tissue, and how strongly tumour enhances."""

    t1: Mapping[str, float]
    t2: Mapping[str, float]
    density: Mapping[str, float]
    enhancement: float


T1_SPREAD, T2_SPREAD, DENSITY_SPREAD = 0.08, 0.10, 0.02  # between people, of the table's values (ours)
ENHANCEMENT = (0.5, 1.8)  # least and most uptake of a tumour over the table's (ours)
FAINT_OEDEMA, FAINT = 0.35, (0.92, 0.82)  # share of patients whose oedema hardly shows; factors of its T1 and T2 (ours)


def patient(rng: np.random.Generator) -> Patient:
    """The relaxation times of somebody."""
    t1 = {name: rng.normal(1, T1_SPREAD) for name in TISSUES}
    t2 = {name: rng.normal(1, T2_SPREAD) for name in TISSUES}
    density = {name: rng.normal(1, DENSITY_SPREAD) for name in TISSUES}
    if rng.random() < FAINT_OEDEMA:
        t1["oedema"], t2["oedema"] = t1["oedema"] * FAINT[0], t2["oedema"] * FAINT[1]
    return Patient(t1, t2, density, rng.uniform(*ENHANCEMENT))


def signals(sequence: Sequence, somebody: Patient) -> dict[str, float]:
    """The signal of each pure tissue under a sequence."""
    found = {}
    for name, tissue in TISSUES.items():
        strength = somebody.enhancement if name == "enhancing" else 1.0
        t1 = (tissue.enhanced(strength) if sequence.agent else tissue.t1) * somebody.t1[name]
        t2, density = tissue.t2 * somebody.t2[name], tissue.density * somebody.density[name]
        found[name] = sequence.signal(t1, t2, density)
    return found
