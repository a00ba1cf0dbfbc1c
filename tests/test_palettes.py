"""The colours of inputs and methods: told apart by everybody, and read on both backgrounds."""

from __future__ import annotations

import re
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures
from mmlab.viz.predict.segmentation import MANY, REGIONS

# Full dichromacy, of linear RGB. Source: Machado, Oliveira & Fernandes, A Physiologically-based Model for Simulation of
# Color Vision Deficiency, IEEE TVCG 2009, Table 1 of the supplement (severity 1.0)
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
EVERY = (*theme.MODALITIES, *theme.METHODS, theme.RIGHT, theme.WRONG, theme.MUTED)
APART = 12.0  # CIE 1976; 2.3 is just noticed side by side (Mahy et al., 1994), and lines and dots are small


def linear(colour: str) -> NDArray[np.float64]:
    value = np.array(theme.rgb(colour)) / 255
    return np.asarray(np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4))


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* of linear RGB, under D65."""
    ratio = XYZ @ rgb.clip(0, 1) / WHITE
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(first: str, second: str, vision: str) -> float:
    one, other = (lab(VISION[vision] @ linear(colour)) for colour in (first, second))
    return float(np.linalg.norm(one - other))


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(
    "palette", [theme.MODALITIES, theme.METHODS, (theme.RIGHT, theme.WRONG, theme.ACCENT), REGIONS, MANY]
)
def test_no_two_colours_look_alike(palette: tuple[str, ...], vision: str) -> None:
    for first, second in combinations(palette, 2):
        assert apart(first, second, vision) >= APART, (first, second)


def test_the_distance_finds_colours_that_look_alike() -> None:
    assert apart("#B97A00", "#CF5C08", "usual") > 20
    assert apart("#B97A00", "#CF5C08", "deuteranopia") < 3
    assert apart("#FFFFFF", "#000000", "usual") == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize(
    "colour", dict.fromkeys((*theme.MODALITIES, *theme.METHODS, theme.RIGHT, theme.WRONG, theme.MUTED))
)
def test_every_colour_reads_on_both_backgrounds(colour: str) -> None:
    assert theme.contrast(colour, theme.LIGHT) >= 3
    assert theme.contrast(colour, theme.DARK) >= 3


def text_colours() -> list[tuple[str, str]]:
    """The colours of text that the style sheets and the theme set, each with what it stands on."""
    root = Path(__file__).resolve().parent.parent
    found = []
    for sheet in sorted((root / "mmlab" / "ui").rglob("*.css")):
        for line in sheet.read_text("utf-8").splitlines():
            pairs = re.findall(r"(?<![-\w])color: light-dark\((#\w+), (#\w+)\)", line)
            for light, dark in [] if 'kind="primary"' in line else pairs:  # that of buttons is below
                found += [(light, theme.LIGHT), (dark, theme.DARK)]
    themes = tomllib.loads((root / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
    for colours in (themes["light"], themes["dark"]):
        for ground in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
            found += [(colours[name], ground) for name in ("textColor", "linkColor")]
    return [*found, ("#FFFFFF", themes["light"]["primaryColor"]), ("#0C1118", themes["dark"]["primaryColor"])]


@pytest.mark.parametrize(("colour", "ground"), dict.fromkeys(text_colours()))
def test_text_is_read_on_what_it_stands_on(colour: str, ground: str) -> None:
    assert theme.contrast(colour, ground) >= 4.5


@pytest.mark.parametrize("scale", [theme.SEQUENTIAL, theme.DIVERGING], ids=["sequential", "diverging"])
def test_numbers_in_a_table_read_on_every_colour_of_its_scale(scale: list[list[Any]]) -> None:
    low = -1 if scale is theme.DIVERGING else 0
    values = np.linspace(low, 1, 49).reshape(7, 7)
    _, numbers = evidence_figures.table(values, list("ABCDEFG"), "cosine", (low, 1)).data
    inks = dict(zip(zip(numbers.y, numbers.x, strict=True), numbers.textfont.color, strict=True))
    for down, row in enumerate("ABCDEFG"):
        for across, column in enumerate("ABCDEFG"):
            shade = theme.on_scale((values[down, across] - low) / (1 - low), scale)
            assert theme.contrast(inks[row, column], shade) >= 4.5


def test_a_colour_between_two_stops_is_their_mixture() -> None:
    scale = [[0.0, "#000000"], [0.5, "#204060"], [1.0, "#FFFFFF"]]
    assert [theme.on_scale(share, scale) for share in (-1, 0, 0.25, 0.5, 1, 2)] == [
        *("#000000", "#000000", "#102030", "#204060", "#FFFFFF", "#FFFFFF")
    ]
