"""What a sensor recorded and what a model really sees, drawn by kind. PNG or SVG, small enough to stand in the page.

Every drawing is `bytes` of an image; `data_uri` puts one into HTML or `st.image`. `heat` lays a map in [0, 1] over it
(Grad-CAM): `[H, W]` of any size over pictures and spectrograms, `[T]` along paths and series.

>>> views.recorded(item.raw["sound"], colour)                       # waveform
>>> views.seen("sound", world.arrays["sound"], colour)              # spectrogram
>>> views.seen("sound", world.arrays["sound"], colour, heat=heat)   # with a map over it
>>> views.thumbnail(item.raw, colours)                              # for a gallery: of the first input that is there
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmlab.core.recordings import Picture, Raw, Scan, Series, Sound, Strokes, Text, Vector
from mmlab.viz.base.theme import MODALITIES, SEQUENTIAL, rgb
from mmlab.viz.inputs import numeric_row, time_series
from mmlab.viz.inputs import text as texts
from mmlab.viz.inputs.brightness import shown_range

Floats = NDArray[np.floating[Any]]
WIDE, HIGH = 320, 160
LARGEST, SMALL = 320, 32
SCAN = (-2.5, 3.5)  # spreads about the mean of a slice that become black and white
STEPS = 400  # points of a drawn wave: more cannot be seen at this width


@dataclass(frozen=True)
class Drawing:
    """An image with what it shows in words.

    crisp: its pixels are the data, do not smooth them. wide: it has axes, which need room.
    """

    content: bytes
    kind: str
    alt: str
    crisp: bool = False
    wide: bool = False

    @property
    def data_uri(self) -> str:
        """For `src=` in HTML."""
        return f"data:image/{self.kind};base64,{b64encode(self.content).decode()}"

    @property
    def html(self) -> str:
        """The image as an element."""
        look = ' class="mm-crisp"' if self.crisp else ' class="mm-wide"' if self.wide else ""
        return f'<img{look} src="{self.data_uri}" alt="{escape(self.alt, quote=True)}">'


def recorded(raw: Raw, colour: str, label: str = "") -> Drawing:
    """What a sensor recorded, or a person brought."""
    what = label or "The recording"
    if isinstance(raw, Picture):
        height, width = raw.pixels.shape[:2]
        return Drawing(_png(_fitted(raw.pixels)), "png", f"{what}: a picture of {width} by {height} pixels", width < 96)
    if isinstance(raw, Sound):
        seconds = len(raw.wave) / raw.rate
        return Drawing(_wave(raw.wave, colour), "svg+xml", f"{what}: a sound of {seconds:.1f} seconds, as its wave")
    if isinstance(raw, Strokes):
        return Drawing(_strokes(raw.strokes, colour), "svg+xml", f"{what}: {len(raw.strokes)} pen strokes")
    if isinstance(raw, Series):
        return _recorded_series(raw, colour, what)
    if isinstance(raw, Vector):
        values = raw.values.tolist()
        text = f"{what}: {numeric_row.in_words(raw.names, values)}"
        return Drawing(numeric_row.rows(raw.names, values, colour).encode(), "svg+xml", text)
    return Drawing(texts.drawing(raw.text.split(), colour), "svg+xml", f"{what}: “{raw.text}”", wide=True)


def seen(
    kind: str,
    array: Floats,
    colour: str,
    label: str = "",
    heat: Floats | None = None,
    of: Raw | None = None,
    words: Sequence[str] = (),
) -> Drawing:
    """What the model sees of one input: `array` is exactly what enters the encoder, without a batch dimension.

    of: the recording that it was made from, which knows names and seconds. words: of a text, by place.
    """
    what = f"What the model sees of {label or 'it'}"
    if words:
        return Drawing(texts.drawing(words, colour), "svg+xml", f"{what}: {' '.join(words)}", wide=True)
    if kind == "series":
        return _seen_series(np.asarray(array, np.float32), colour, what, heat, of)
    draw = {"image": _seen_picture, "sound": _seen_sound, "path": _seen_path, "scan": _seen_scan}.get(kind)
    if draw is None:
        flat = np.asarray(array, np.float32).reshape(1, -1)
        return Drawing(_png(palette(_unit(flat))), "png", f"{what}: {flat.size} numbers", crisp=True)
    return draw(np.asarray(array, np.float32), colour, what, heat)


def thumbnail(raws: Mapping[str, Raw], colours: Mapping[str, str]) -> Drawing:
    """A small drawing of a sample: of its first input that can be told at a glance, pictures first."""
    order = (Picture, Scan, Strokes, Text, Series, Sound, Vector)
    name = min(raws, key=lambda name: next(i for i, kind in enumerate(order) if isinstance(raws[name], kind)))
    raw = raws[name]
    if isinstance(raw, Picture):
        raw = Picture(_fitted(raw.pixels, SMALL))
    if isinstance(raw, Series):
        drawn = time_series.small(raw.values.T, colours.get(name, MODALITIES[0]))
        return Drawing(drawn.encode(), "svg+xml", "Sample: the curves of a sensor")
    return recorded(raw, colours.get(name, MODALITIES[0]), "Sample")


def palette(values: Floats) -> NDArray[np.uint8]:
    """Values in [0, 1] as colours of the sequential palette: `[...]` -> uint8 `[..., 3]`."""
    return _table()[np.clip(np.asarray(values) * 255, 0, 255).astype(np.uint8)]


def over(pixels: NDArray[np.uint8], heat: Floats) -> NDArray[np.uint8]:
    """A map in [0, 1] laid over colours `[H, W, 3]`, stronger where it is higher."""
    size = (pixels.shape[1], pixels.shape[0])
    image = Image.fromarray(np.asarray(heat, np.float32)).resize(size, Image.Resampling.BILINEAR)
    scaled = np.clip(np.asarray(image), 0, 1)
    weight = (0.15 + 0.6 * scaled)[..., None]
    return np.asarray((1 - weight) * pixels + weight * _heat_table()[(scaled * 255).astype(np.uint8)], np.uint8)


def _seen_picture(array: Floats, colour: str, what: str, heat: Floats | None) -> Drawing:
    planes = array if array.ndim == 3 else array[None]
    colours = planes[:3] if len(planes) >= 3 else np.repeat(planes[:1], 3, 0)
    pixels = np.asarray(shown_range(colours).transpose(1, 2, 0) * 255, np.uint8)
    text = f"{what}: a picture of {pixels.shape[1]} by {pixels.shape[0]} pixels"
    if heat is not None:
        return Drawing(_png(over(_enlarged(pixels), heat)), "png", f"{text}, with the map of where it looks")
    return Drawing(_png(pixels), "png", text, crisp=True)


def _seen_scan(array: Floats, colour: str, what: str, heat: Floats | None) -> Drawing:
    """Mean 0 and spread 1 in the head, exactly 0 outside, which is black."""
    return _seen_picture(scan_grey(array)[None], colour, what, heat)


def scan_grey(array: Floats) -> Floats:
    """A slice `[1, H, W]` as a model sees it, as greys `[H, W]` in [0, 1]: 0 outside the head."""
    plane = np.asarray(array, np.float32)[0]
    return np.where(plane == 0, 0.0, np.clip((plane - SCAN[0]) / (SCAN[1] - SCAN[0]), 0.02, 1))


def _seen_sound(array: Floats, colour: str, what: str, heat: Floats | None) -> Drawing:
    """Low pitch at the bottom. The heat lies over a grey spectrogram, so that two palettes never mix."""
    rows = _unit(array.reshape(-1, array.shape[-1]))[::-1]
    text = f"{what}: pitch from low to high against time"
    if heat is None:
        return Drawing(_png(palette(rows)), "png", text, crisp=True)
    grey = np.repeat(np.asarray(rows * 255, np.uint8)[..., None], 3, 2)
    laid = over(_enlarged(grey), np.asarray(heat)[::-1])
    return Drawing(_png(laid), "png", f"{text}, with the map of where it looks")


def _seen_path(array: Floats, colour: str, what: str, heat: Floats | None) -> Drawing:
    points = array[:2].T
    text = f"{what}: {len(points)} points along the pen's path"
    if heat is None:
        return Drawing(_dots(points, [colour] * len(points)), "svg+xml", text)
    values = np.interp(np.linspace(0, 1, len(points)), np.linspace(0, 1, len(heat)), heat)
    colours = [_hex(_heat_table()[int(value * 255)]) for value in np.clip(values, 0, 1)]
    return Drawing(_dots(points, colours, values), "svg+xml", f"{text}, with the map of where it looks")


def _recorded_series(raw: Series, colour: str, what: str) -> Drawing:
    seconds = len(raw.values) / raw.rate
    text = f"{what}: {' and '.join(raw.columns[:6])} over {seconds:.1f} seconds{f', in {raw.unit}' if raw.unit else ''}"
    drawn = time_series.chart(raw.values.T, raw.columns, colour, raw.unit, seconds, raw.part)
    return Drawing(drawn.encode(), "svg+xml", text, wide=True)


def _seen_series(array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None) -> Drawing:
    """Over seconds where the recording is known, over steps otherwise."""
    rows = array.reshape(-1, array.shape[-1])
    text = f"{what}: {len(rows)} curves of {rows.shape[1]} steps"
    names, seconds = (of.columns, of.seconds) if isinstance(of, Series) else ((), float(rows.shape[1]))
    bands = _bands(heat, *time_series.plot_size()) if heat is not None else ""
    drawn = time_series.chart(rows, names, colour, "", seconds, under=bands)
    return Drawing(drawn.encode(), "svg+xml", text, wide=True)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def _fitted(pixels: NDArray[np.uint8], largest: int = LARGEST) -> NDArray[np.uint8]:
    if max(pixels.shape[:2]) <= largest:
        return pixels
    image = Image.fromarray(pixels)
    image.thumbnail((largest, largest), Image.Resampling.BOX)
    return np.asarray(image)


def _enlarged(pixels: NDArray[np.uint8], side: int = 168) -> NDArray[np.uint8]:
    times = max(1, side // max(pixels.shape[:2]))
    return pixels.repeat(times, 0).repeat(times, 1)


def _unit(values: Floats) -> Floats:
    low, high = float(values.min()), float(values.max())
    return (values - low) / max(high - low, 1e-9)


def _wave(wave: Floats, colour: str) -> bytes:
    """The outline of a wave: lowest and highest value per step, as one filled shape."""
    pieces = np.array_split(wave, min(STEPS, max(len(wave), 1)))
    high = np.array([piece.max(initial=0.0) for piece in pieces])
    low = np.array([piece.min(initial=0.0) for piece in pieces])
    loudest = max(float(high.max()), float(-low.min()), 1e-6)
    x = np.linspace(0, WIDE, len(pieces))
    upper, lower = 80 - 76 * high / loudest, 80 - 76 * low[::-1] / loudest
    outline = [*zip(x, upper, strict=True), *zip(x[::-1], lower, strict=True)]
    shape = f'<polygon points="{_points(outline)}" fill="{colour}" stroke="{colour}" stroke-width="1"/>'
    return _svg(WIDE, HIGH, f'<path d="M0 80H{WIDE}" stroke="{colour}" stroke-width="1" opacity=".5"/>{shape}')


def _strokes(strokes: Sequence[Floats], colour: str) -> bytes:
    place = _placed(np.concatenate(strokes), WIDE // 2)
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    lines = "".join(
        f'<polyline points="{_points(part)}" fill="none" stroke="{colour}" stroke-width="7" stroke-linecap="round"'
        ' stroke-linejoin="round"/>'
        for part in np.split(place, ends)
    )
    return _svg(WIDE // 2, WIDE // 2, lines)


def _dots(points: Floats, colours: Sequence[str], weights: Floats | None = None) -> bytes:
    """Points joined by a line, the first one hollow, so that the direction is seen."""
    place = _placed(points, WIDE // 2)
    radius = np.full(len(points), 5.0) if weights is None else 4 + 6 * np.asarray(weights)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{colour if i else "none"}" stroke="{colour}" '
        'stroke-width="2.5"/>'
        for i, ((x, y), r, colour) in enumerate(zip(place, radius, colours, strict=True))
    )
    line = f'<polyline points="{_points(place)}" fill="none" stroke="#7B8794" stroke-width="2"/>'
    return _svg(WIDE // 2, WIDE // 2, line + dots)


def _placed(points: Floats, side: int) -> Floats:
    """Points `[n, 2]` brought into a square with a margin, aspect kept."""
    low, high = points.min(0), points.max(0)
    scale = 0.8 * side / max(float((high - low).max()), 1e-9)
    return (points - (low + high) / 2) * scale + side / 2


def _bands(heat: Floats, width: int, height: int) -> str:
    wide = width / len(heat)
    return "".join(
        f'<rect x="{i * wide:.1f}" y="0" width="{wide + 0.5:.1f}" height="{height}" '
        f'fill="{_hex(_heat_table()[int(value * 255)])}" opacity="{0.7 * value:.2f}"/>'
        for i, value in enumerate(np.clip(heat, 0, 1))
    )


def _points(places: Iterable[Sequence[float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _svg(width: int, height: int, inside: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{inside}</svg>'.encode()


def _hex(colour: NDArray[np.uint8]) -> str:
    return "#{:02X}{:02X}{:02X}".format(*colour)


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint8]:
    return _between([(float(stop), str(colour)) for stop, colour in SEQUENTIAL])


@lru_cache(maxsize=1)
def _heat_table() -> NDArray[np.uint8]:
    """Black-body order: each step is lighter than the one before, so it reads in grey, too."""
    return _between([(0.0, "#2A1A4A"), (0.35, "#A8325A"), (0.65, "#F0803C"), (1.0, "#FFF2A8")])


def _between(stops: Sequence[tuple[float, str]]) -> NDArray[np.uint8]:
    places, colours = [place for place, _ in stops], np.array([rgb(colour) for _, colour in stops])
    grid = np.linspace(0, 1, 256)
    return np.stack([np.interp(grid, places, colours[:, i]) for i in range(3)], 1).astype(np.uint8)
