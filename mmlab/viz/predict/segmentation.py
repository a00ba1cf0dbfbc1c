"""Segmentation of an image: ground truth, prediction, their differences, and the model's uncertainty.

HTML and SVG of a few kilobytes, so that a toggle or a slider redraws all of it at once. Colours are told apart by
colour-blind people (they differ in lightness, too), and are none of a modality's.

>>> regions.panel(base, regions.fills(found), regions.outline(truth[0]), "RegionPrediction by DMRNet")
"""

from __future__ import annotations

import io
import math
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmlab.core.phrases import say
from mmlab.viz.base.theme import rgb
from mmlab.viz.predict.prediction_cards import strip, warned

Flags = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
REGIONS = ("#35B8C9", "#F4DE4F", "#E8453C", "#B9A5F2")  # outermost first: Paul Tol's bright hues, lightness apart
FEW = len(REGIONS)  # more regions have the colours below, and numbers in the picture and in the legend as well
MANY = (  # Paul Tol's muted hues, in an order in which the first, which are often large, are pale
    *("#88CCEE", "#DDCC77", "#DDDDDD", "#AA4499", "#CC6677"),
    *("#44AA99", "#332288", "#999933", "#882255", "#117733"),
)
MISSED, EXTRA = "#E66100", "#5D8DF5"
TRUTH = "#FFFFFF"
HATCH, STRIPES = ("#4D4D4D", "#B3B3B3"), 28  # of what nobody labelled: two greys; stripes across a picture
WIDE = 1.8  # times as wide as high: the planes of a scan beside each other
FILL, CHANGE = 0.5, 0.78  # how much of the picture a colour covers
UNCERTAINTY = ((0.0, (0, 0, 0)), (0.5, (150, 60, 130)), (1.0, (255, 225, 150)))


@dataclass(frozen=True)
class Score:
    """How well a region overlaps, 0 to 1, and that in words; NaN where nothing can."""

    name: str
    share: float
    text: str


@dataclass(frozen=True)
class RegionPrediction:
    """What one method makes of a picture.

    panels: captions with drawings; scores: by region its overlap with what `against` names, by this `measure`; places:
    of these regions among all, where some are left out. warning: why not to rely on it. overlap: that of all regions in
    words; good: whether it is enough, None where the truth is not known.
    """

    title: str
    answer: str
    said: str
    panels: Sequence[tuple[str, str]]
    scores: Sequence[Score]
    against: str
    change: str
    places: Sequence[int] = ()
    regions: int = 0
    warning: str = ""
    measure: str = "Dice"
    overlap: str = ""
    good: bool | None = None


def colour_of(place: int, count: int) -> str:
    """The colour of one of `count` regions; those of more than there are colours share some."""
    palette = REGIONS if count <= FEW else MANY
    return palette[place % len(palette)]


def cards(shown: Sequence[RegionPrediction]) -> str:
    """All methods as a grid that wraps."""
    strip_of = [(each.title, each.overlap, each.good) for each in shown]
    return f'<div class="mm-cards mm-areas">{"".join(_card(each) for each in shown)}</div>{strip(strip_of)}'


def panel(base: Floats, layer: NDArray[np.uint8], lines: str, what: str) -> str:
    """A grey picture `[H, W]` in [0, 1] under colours `[H, W, 4]`, with outlines on top."""
    height, width = base.shape
    grey = np.round(np.clip(base, 0, 1) * 255).astype(np.uint8)
    images = "".join(_image(pixels, width, height) for pixels in (grey, layer))
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{images}{lines}</svg>'
    source = f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}"
    kind = "mm-area mm-planes" if width > WIDE * height else "mm-area"
    return f'<img class="{kind}" src="{source}" alt="{escape(what, quote=True)}">'


def fills(regions: Flags) -> NDArray[np.uint8]:
    """Nested regions `[R, H, W]` as colours, the innermost on top: `[H, W, 4]`."""
    layer = np.zeros((*regions.shape[1:], 4), np.uint8)
    for place, region in enumerate(regions):
        layer[region] = (*rgb(colour_of(place, len(regions))), round(255 * FILL))
    return layer


def changes(difference: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Where too little (below 0) and too much (above 0) was found, as colours."""
    layer = np.zeros((*difference.shape, 4), np.uint8)
    for sign, colour in ((-1, MISSED), (1, EXTRA)):
        layer[np.sign(difference) == sign] = (*rgb(colour), round(255 * CHANGE))
    return layer


def uncertainties(entropy: Floats) -> NDArray[np.uint8]:
    """The uncertainty in [0, 1] as colours; transparent where it is zero."""
    places, colours = [place for place, _ in UNCERTAINTY], np.array([colour for _, colour in UNCERTAINTY], float)
    mixed = [np.interp(entropy, places, colours[:, channel]) for channel in range(3)]
    return np.stack([*mixed, 235 * np.clip(entropy * 4, 0, 1)], -1).astype(np.uint8)


def outlines(regions: Flags, dashed: bool = False) -> str:
    """The edges of regions `[R, H, W]`, the outermost first, in their colours over a dark line."""
    count = len(regions)
    return "".join(_outline(region, colour_of(place, count), dashed) for place, region in enumerate(regions))


def hatched(unlabelled: Flags) -> str:
    """Stripes over the pixels `[H, W]` that nobody labelled; nothing where there are none."""
    if not unlabelled.any():
        return ""
    edges = np.diff(np.pad(unlabelled, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    runs = zip(rows.tolist(), starts.tolist(), (ends - starts).tolist(), strict=True)
    drawn = "".join(f"M{x} {y}h{width}v1h-{width}z" for y, x, width in runs)
    step = max(unlabelled.shape) / STRIPES
    grey = f'<rect width="{step:.2f}" height="{step:.2f}" fill="{HATCH[0]}" fill-opacity=".6"/>'
    stripe = f'<rect width="{step / 2:.2f}" height="{step:.2f}" fill="{HATCH[1]}" fill-opacity=".8"/>'
    size = f'width="{step:.2f}" height="{step:.2f}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
    return f'<defs><pattern id="u" {size}>{grey}{stripe}</pattern></defs><path d="{drawn}" fill="url(#u)"/>'


def numbered(names: Sequence[str]) -> list[str]:
    """Names of regions, with the number of each in front where colours cannot tell them apart."""
    return [f"{place} {name}" for place, name in enumerate(names, 1)] if len(names) > FEW else list(names)


def numbers(regions: Flags) -> str:
    """The number of each of many regions `[R, H, W]`, in its middle; nothing where colours tell them apart."""
    if len(regions) <= FEW:
        return ""
    size = max(regions.shape[1:]) / 14
    return "".join(_number(place, region, size) for place, region in enumerate(regions, 1) if region.any())


def _number(place: int, region: Flags, size: float) -> str:
    """At the pixel of a region that is nearest to the middle of its pixels, so that it lies on the region itself."""
    pixels = np.argwhere(region)
    y, x = pixels[np.abs(pixels - np.median(pixels, 0)).sum(1).argmin()] + 0.5
    style = f'font-size="{size:.1f}" font-family="sans-serif" text-anchor="middle" dominant-baseline="central"'
    ink = f'fill="#fff" stroke="#000" stroke-width="{size / 6:.2f}" paint-order="stroke"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style} {ink}>{place}</text>'


def legend(names: Sequence[str], truth: bool, somewhere: Flags | None = None, unlabelled: bool = False) -> str:
    """The colours in words. truth: whether differences are against the truth, or against everything given.

    somewhere: which of many regions there are in the drawings, `[R]`; only these are listed. unlabelled: whether there
    are pixels that nobody labelled.
    """
    smaller = say("smaller than the truth") if truth else say("smaller than with all inputs")
    larger = say("larger than the truth") if truth else say("larger than with all inputs")
    listed = [
        (colour_of(place, len(names)), name)
        for place, name in enumerate(numbered(names))
        if len(names) <= FEW or somewhere is None or somewhere[place]
    ]
    marks = [*listed, (MISSED, smaller), (EXTRA, larger)]
    swatches = "".join(f'<span style="--c:{colour}">{escape(name)}</span>' for colour, name in marks)
    if unlabelled:
        swatches += f'<span class="mm-hatched">{escape(say("unlabelled, not counted"))}</span>'
    line = say("dashed lines: the truth") if truth else say("dashed lines: with all inputs")
    return f'<p class="mm-swatches">{swatches}<em>{line}</em></p>'


def _card(found: RegionPrediction) -> str:
    figures = "".join(
        f"<figure>{drawn}<figcaption>{escape(text)}</figcaption></figure>" for text, drawn in found.panels
    )
    places = found.places or range(len(found.scores))
    rows = "".join(
        _row(colour_of(place, found.regions), found.measure, score)
        for place, score in zip(places, found.scores, strict=True)
    )
    return (
        f'<section class="mm-card" aria-label="{escape(found.title, quote=True)}"><h3>{escape(found.title)}</h3>'
        f'<div class="mm-answer"><b data-answer class="mm-long">{escape(found.answer)}</b></div>'
        f'<p class="mm-sure">{escape(found.said)}</p>{warned(found.warning)}<div class="mm-three">{figures}</div>'
        f'<p class="mm-muted">{escape(found.against)}</p>'
        f'<div class="mm-bars" role="list">{rows}</div><p class="mm-change">{escape(found.change)}</p></section>'
    )


def _row(colour: str, measure: str, score: Score) -> str:
    width, value = score.share if math.isfinite(score.share) else 0.0, escape(score.text)
    return (
        f'<div class="mm-row mm-region" role="listitem" title="{measure}, {escape(score.name, quote=True)}: {value}" '
        f'style="--c:{colour}"><span class="mm-name">{escape(score.name)}</span>'
        f'<span class="mm-track"><i style="width:{100 * width:.1f}%"></i></span>'
        f'<span class="mm-value">{value}</span></div>'
    )


def _outline(region: Flags, colour: str, dashed: bool) -> str:
    """The sides of pixels that part a region from the rest, as one path of short lines."""
    padded = np.pad(region, 1)
    rows, columns = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    flat = "".join(f"M{x} {y}h1" for y, x in zip(rows.tolist(), columns.tolist(), strict=True))
    rows, columns = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    steep = "".join(f"M{x} {y}v1" for y, x in zip(rows.tolist(), columns.tolist(), strict=True))
    if not flat:
        return ""
    broken = ' stroke-dasharray=".55 .45"' if dashed else ""
    under = f'<path d="{flat}{steep}" fill="none" stroke="#000" stroke-opacity=".7" stroke-width=".62"/>'
    return f'{under}<path d="{flat}{steep}" fill="none" stroke="{colour}" stroke-width=".38"{broken}/>'


def _image(pixels: NDArray[np.uint8], width: int, height: int) -> str:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    source = f"data:image/png;base64,{b64encode(target.getvalue()).decode()}"
    return f'<image href="{source}" width="{width}" height="{height}" style="image-rendering:pixelated"/>'
