"""Attribution maps over a model's input: images and HTML that a toggle redraws in a millisecond.

>>> attribution.overlay("sound", world.arrays["sound"], found.maps[key]["sound"], scales=scales)
>>> attribution.difference("image", world.arrays["image"], with_map - without_map)
>>> attribution.share_bars(found.shares, modalities, colours, selected="image-sound")      # fit for `picking.board`

Overlays lie on a dark ground, differences on paper, in light and dark alike, so that the two are never confused.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from mmlab.core.drawing import Floats, Paint, Scales
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.number_text import percent
from mmlab.core.phrases import say
from mmlab.core.recordings import Raw
from mmlab.viz.base.theme import DIVERGING, INK_DARK, INK_LIGHT, MUTED, chip, rgb
from mmlab.viz.inputs.raster import HEAT, heat_table

Words = Sequence[str]
Part = tuple[float, float]  # from and to, as shares of the time of what a model sees

GROUND, PAPER = "#12161D", "#F3F3F0"
MORE, LESS = str(DIVERGING[-1][1]), str(DIVERGING[0][1])


def overlay(
    kind: str,
    array: Floats,
    heat: Floats,
    label: str = "",
    scales: Scales | None = None,
    words: Words = (),
    blank: Part | None = None,
) -> str:
    """A map in [0, 1] over what the model sees: `[H, W]` over pictures and spectrograms, `[T]` along paths and series.

    `array` is what enters the encoder, without a batch dimension; `words` are those of a text, by place; `blank` is
    hatched: a stretch of the recording that was blanked.
    """
    what = say("Attribution map of {input}: brighter is more", input=label or say("the input"))
    return _panel(kind, array, heat, HOT, what, scales, words, blank)


def difference(
    kind: str,
    array: Floats,
    change: Floats,
    label: str = "",
    scales: Scales | None = None,
    words: Words = (),
    blank: Part | None = None,
) -> str:
    """What a second map has more (blue) or less (orange) than a first one, in [-1, 1]."""
    what = say(
        "Change of the attribution map of {input}: blue is more, orange is less", input=label or say("the input")
    )
    return _panel(kind, array, change, CHANGE, what, scales, words, blank)


def nothing(kind: str, array: Floats, label: str = "", scales: Scales | None = None, words: Words = ()) -> str:
    """An input that is switched off: dimmed, without a map."""
    zero = np.zeros(np.shape(array)[1:] or np.shape(array))
    drawn = _panel(kind, array, zero, HOT, say("{input} is off", input=label or say("the input")), scales, words)
    return f'<div style="opacity:.3">{drawn}</div>'


def scales(kind: str, shape: tuple[int, ...], raw: Raw) -> Scales | None:
    """The axes of a panel: seconds and hertz for a spectrogram, seconds for a series; None where there are none."""
    return modality_kind(kind).drawing().scales(shape, raw)


def legend(diverging: bool = False) -> str:
    """The colours in words, as one line of HTML."""
    low, high = (say("less with it"), say("more with it")) if diverging else (say("least"), say("most"))
    stops = ((0.0, LESS), (0.5, PAPER), (1.0, MORE)) if diverging else ((0.0, GROUND), *HEAT[1:])
    colours = ",".join(f"{colour} {place:.0%}" for place, colour in stops)
    strip = "display:inline-block;width:5.5rem;height:.7rem;border-radius:.35rem"
    strip = f"{strip};background:linear-gradient(90deg,{colours})"
    line = "display:flex;gap:.5rem;align-items:center;font-size:.85rem;opacity:.85;margin:0"
    return f'<p style="{line}">{low}<span style="{strip}"></span>{high}</p>'


def share_bars(
    shares: Mapping[str, Mapping[str, float]],
    letters: Mapping[str, str],
    labels: Mapping[str, str],
    colours: Mapping[str, str],
    selected: str,
) -> str:
    """A stacked bar per combination, in the modalities' colours with their letters. Each row can be picked."""
    rows = []
    for key, parts in shares.items():
        present = key.split("-")
        chips = "".join(chip(letters[name], colours[name], name in present) for name in letters)
        said = ", ".join(f"{labels[name]} {percent(parts[name])}" for name in present)
        ring = "box-shadow:0 0 0 2px currentColor;" if key == selected else ""
        button = (
            "display:flex;gap:.6rem;align-items:center;width:100%;padding:.2rem .35rem;margin:.15rem 0;border:0;"
            f"background:none;color:inherit;font:inherit;cursor:pointer;border-radius:.5rem;{ring}"
        )
        bar = stacked({name: parts[name] for name in present}, letters, colours)
        rows.append(
            f'<button data-pick="{escape(key, quote=True)}" aria-pressed="{str(key == selected).lower()}" '
            f'style="{button}" aria-label="{escape(said, quote=True)}" title="{escape(said, quote=True)}">'
            f'<span style="flex:none;display:flex;gap:.2rem">{chips}</span>{bar}</button>'
        )
    return "".join(rows)


def parts_table(heads: Sequence[str], lines: Mapping[str, Sequence[str]]) -> str:
    """A row per input, by its name in words, and a column per way to say how much comes through it."""
    top = "".join(f"<th>{escape(head)}</th>" for head in (say("Input"), *heads))
    body = ""
    for name, cells in lines.items():
        numbers = "".join(f'<td class="mm-num">{escape(cell)}</td>' for cell in cells)
        body += f"<tr><td>{escape(name)}</td>{numbers}</tr>"
    table = f'<table class="mm-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="mm-scroll">{table}</div>'


def stacked(parts: Mapping[str, float], letters: Mapping[str, str], colours: Mapping[str, str]) -> str:
    """One bar of parts that add up to 1, in tints of the modalities' colours with their letters in the page's ink."""
    pieces = "".join(_piece(letters[name], colours[name], part) for name, part in parts.items())
    bar = "display:flex;flex:1;min-width:0;height:1.55rem;border-radius:.3rem;overflow:hidden;gap:1px"
    return f'<span style="{bar}">{pieces}</span>'


def map_shift(first: Floats, second: Floats) -> float:
    """The part of a map's mass that lies elsewhere in the other: 0 for the same shape, 1 for no overlap.

    Half the L1 distance of the two, each divided by its sum (total variation); NaN where one is empty.
    """
    if first.sum() <= 0 or second.sum() <= 0:
        return float("nan")
    return float(0.5 * np.abs(first / first.sum() - second / second.sum()).sum())


def _piece(letter: str, colour: str, share: float) -> str:
    text = f"{letter} {percent(share)}" if share >= 0.2 else letter if share >= 0.07 else ""
    style = (
        f"width:{100 * share:.2f}%;background:color-mix(in srgb, {colour} 30%, transparent);color:inherit;"
        f"box-shadow:inset 0 0 0 2px {colour};font-size:.8rem;font-weight:600;display:flex;"
        "align-items:center;justify-content:center;white-space:nowrap;overflow:hidden"
    )
    return f'<span style="{style}">{escape(text)}</span>'


def _panel(
    kind: str,
    array: Floats,
    values: Floats,
    paint: Paint,
    what: str,
    scales: Scales | None,
    words: Words,
    blank: Part | None = None,
) -> str:
    array, values = np.asarray(array, np.float32), np.asarray(values, np.float32)
    made = modality_kind(kind).drawing().panel(array, values, paint, scales, words)
    inside, said = made.inside, f"{what}. {made.said}" if made.said else what
    axis = modality_kind(kind).time_axis()
    if blank is not None and axis is not None:
        inside += axis.shade(array, blank, made.width, made.height, paint.ink)
        said = f"{said}; {say('the blanked stretch is hatched')}"
    return _svg(made.width, made.height, inside, paint.ground, said, made.scales)


def _hot(values: Floats) -> NDArray[np.uint8]:
    """RGBA of a map in [0, 1]: nothing where it is zero."""
    values = np.clip(values, 0, 1)
    return _with_alpha(heat_table()[(values * 255).astype(np.uint8)], 0.88 * values**0.8)


def _diverging(values: Floats) -> NDArray[np.uint8]:
    """RGBA of a change in [-1, 1]."""
    colours = np.where(values[..., None] > 0, np.array(rgb(MORE)), np.array(rgb(LESS))).astype(np.uint8)
    return _with_alpha(colours, 0.92 * np.clip(np.abs(values), 0, 1) ** 0.8)


def _with_alpha(colours: NDArray[np.uint8], alpha: Floats) -> NDArray[np.uint8]:
    return np.concatenate((colours, np.asarray(255 * alpha[..., None], np.uint8)), -1)


def _svg(width: int, height: int, inside: str, ground: str, what: str, scales: Scales | None) -> str:
    left, below = (52 if scales.y.text else 12, 42) if scales else (0, 0)
    top = 6 if scales else 0
    text = _labels(width, height, scales) if scales else ""
    box = f"{-left} {-top} {width + left + (10 if scales else 0)} {height + below + top}"
    size = f'width="{width + left}" height="{height + below}"'
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {size}>'
        f'<rect width="{width}" height="{height}" fill="{ground}"/>{inside}{text}</svg>'
    )
    style = f"width:100%;max-width:{width + left + 30}px;height:auto;display:block;border-radius:6px"
    source = f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}"
    return f'<img src="{source}" alt="{escape(what, quote=True)}" style="{style}">'


def _labels(width: int, height: int, scales: Scales) -> str:
    style = f'font-size="14" font-family="sans-serif" fill="{MUTED}"'
    across = "".join(
        f'<text x="{place * width:.1f}" y="{height + 17}" text-anchor="middle">{escape(text)}</text>'
        for place, text in zip(scales.x.at, scales.x.text, strict=True)
    )
    up = "".join(
        f'<text x="-6" y="{(1 - place) * height + 5:.1f}" text-anchor="end">{escape(text)}</text>'
        for place, text in zip(scales.y.at, scales.y.text, strict=True)
    )
    titles = (
        f'<text x="{width / 2}" y="{height + 36}" text-anchor="middle">{escape(say(scales.x.title))}</text>'
        f'<text x="-6" y="12" text-anchor="end">{escape(say(scales.y.title))}</text>'
    )
    return f"<g {style}>{across}{up}{titles}</g>"


HOT = Paint(_hot, GROUND, INK_DARK, paper=False)
CHANGE = Paint(_diverging, PAPER, INK_LIGHT, paper=True)
