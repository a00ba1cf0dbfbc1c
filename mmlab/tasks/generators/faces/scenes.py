"""The scenes in front of the three cameras, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Scenes:
    """What is before the cameras, a row per capture. Lengths are in half pictures; a face spans most of one.

    Of the person: size `[N, 2]`; eyes `[N, 2]`, how far apart and how low; mouth `[N]`, how low; skin `[N, 3]`, the
    share of red, green and blue light that it returns; infrared `[N]`, the same at 850 nm; hairline `[N]`, a phase.

    Of the capture: middle `[N, 2]` of the face; yaw `[N]`, by how much its features move sideways; light `[N, 3]`,
    where it comes from, of length 1.

    Of the print, without meaning where `live`: curl `[N]`, 0 for flat; mould `[N]`, how far it takes on the shape of
    a face, 0 to 1; tilt `[N, 2]`; cut `[N, 3]`, whether eyes, nose and mouth are; tint `[N, 3]` added by the printer
    and brightness `[N]` it multiplies by; blur `[N]` in pixels; behind `[N, 3]`, how bright the attacker's face is
    beside the printed one. At 850 nm: contrast `[N]` of the ink; falloff `[N]` of the lamp on the sheet; fidelity
    `[N]`, how far the print looks like skin; gap `[N]`, how bright it is behind a cut.
    """

    live: Flags
    size: Floats
    eyes: Floats
    mouth: Floats
    skin: Floats
    infrared: Floats
    hairline: Floats
    middle: Floats
    yaw: Floats
    light: Floats
    curl: Floats
    mould: Floats
    tilt: Floats
    cut: Flags
    tint: Floats
    brightness: Floats
    blur: Floats
    behind: Floats
    contrast: Floats
    falloff: Floats
    fidelity: Floats
    gap: Floats

    def take(self, rows: NDArray[np.integer] | slice | Flags) -> Scenes:
        """The captures at `rows`."""
        return Scenes(*(getattr(self, field.name)[rows] for field in fields(self)))
