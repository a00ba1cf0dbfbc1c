"""What all drawings of embeddings share: packed arrays, axes, sizes, colours."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmlab.viz.base.theme import INK_LIGHT, METHODS, TEMPLATE

Points = NDArray[np.float32]
GROUPS = (*METHODS, "#3C9DA6", "#A5485A")
HEIGHT = 480
LABEL: dict[str, Any] = {"font": {"color": INK_LIGHT, "size": 13}, "bgcolor": "rgba(255,255,255,0.85)", "borderpad": 2}
PACKED = {"f": ("f4", np.float32), "i": ("i4", np.int32), "u": ("u1", np.uint8)}


def packed(values: ArrayLike, kind: str = "f") -> dict[str, str]:
    """An array as Plotly reads it from JSON: base64 of 32-bit numbers (f), whole numbers (i) or bytes (u)."""
    name, dtype = PACKED[kind]
    return {"dtype": name, "bdata": b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode()}


def axis(title: str | None) -> dict[str, Any]:
    """An axis with numbers where it has a title; one that has no meaning shows none."""
    plain = {"showgrid": False, "zeroline": False, "showticklabels": title is not None, "ticks": ""}
    return {**plain, "title": {"text": title}}


def layout(
    titles: tuple[str, ...] | None, legend: bool = True, equal: bool = True, height: int = HEIGHT
) -> dict[str, Any]:
    """What maps and paths share. Axes without titles have no meaning and show no numbers."""
    across, up = titles[:2] if titles else (None, None)
    return {
        "template": TEMPLATE,
        "height": height,
        "dragmode": "pan",
        "showlegend": legend,
        "legend": {"itemsizing": "constant", "orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "xaxis": axis(across),
        "yaxis": {**axis(up), "scaleanchor": "x" if equal else None},
    }
