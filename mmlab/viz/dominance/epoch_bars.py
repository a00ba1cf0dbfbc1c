"""The shares of the inputs at a few epochs of a training, as stacked bars that can be picked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from mmlab.core.phrases import say
from mmlab.core.spans import divisor
from mmlab.viz.explain.attribution_maps import stacked


def bars(
    parts: Mapping[int, Mapping[str, float]],
    letters: Mapping[str, str],
    labels: Mapping[str, str],
    colours: Mapping[str, str],
    selected: int,
) -> str:
    """A bar per epoch (from 0, shown from 1). Each carries its number from 1 as its pick."""
    rows = "".join(_bar(epoch, each, letters, labels, colours, selected) for epoch, each in parts.items())
    return f'<div class="mm-epochs">{rows}</div>'


def _bar(
    epoch: int,
    parts: Mapping[str, float],
    letters: Mapping[str, str],
    labels: Mapping[str, str],
    colours: Mapping[str, str],
    selected: int,
) -> str:
    said = ", ".join(f"{labels[name]} {100 * part:.0f} %" for name, part in parts.items())
    name = say("epoch {epoch}", epoch=epoch + 1)
    label = escape(f"{name}: {said}", quote=True)
    pressed = f'aria-pressed="{str(epoch == selected).lower()}" aria-label="{label}" title="{label}"'
    there = {name: part for name, part in parts.items() if part > 0}
    return f'<button data-pick="{epoch + 1}" {pressed}><span>{name}</span>{stacked(there, letters, colours)}</button>'


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Lowest and highest, with room where all are alike."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low, low + divisor(abs(low)))
