"""How the points of a cloud are coloured: by names or by numbers, as changes that a drawn figure takes in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.phrases import say
from mmlab.viz.base.theme import MUTED, RIGHT, SEQUENTIAL, WRONG
from mmlab.viz.embed.plotly_base import GROUPS, packed

SIZE, SMALLEST, LARGEST = 4.5, 3.0, 11.0
REST = "others"


@dataclass(frozen=True)
class CategoryColours:
    """A colour per name: `codes` [K, N] are positions in `names` and `colours`."""

    names: tuple[str, ...]
    colours: tuple[str, ...]
    codes: NDArray[np.integer]

    def marker(self, chosen: NDArray[np.integer]) -> dict[str, Any]:
        """Marker attributes of the points at the flat positions `chosen`."""
        count = len(self.names)
        steps = [[(i + side) / count, colour] for i, colour in enumerate(self.colours) for side in (0, 1)]
        return {
            "marker.color": packed(self.codes.reshape(-1)[chosen], "u"),
            "marker.colorscale": [steps],
            "marker.cmin": -0.5,
            "marker.cmax": count - 0.5,
            "marker.size": SIZE,
        }

    def legend(self, shown: NDArray[np.integer]) -> str:
        """Swatches with how many of the `shown` points each name has."""
        counts = np.bincount(self.codes.reshape(-1)[shown], minlength=len(self.names))
        swatches = "".join(
            f'<span style="--c:{colour}">{escape(say(name))} <em>{count:,}</em></span>'
            for name, colour, count in zip(self.names, self.colours, counts, strict=True)
            if count
        )
        return f'<p class="mm-swatches">{swatches}</p>'


@dataclass(frozen=True)
class NumberColours:
    """A shade per number `values` [K, N]; with `sized` larger numbers are larger dots, too."""

    unit: str
    values: NDArray[np.floating]
    sized: bool = False

    def marker(self, chosen: NDArray[np.integer]) -> dict[str, Any]:
        """Marker attributes of the points at the flat positions `chosen`; the outer 2 % share the end colours."""
        values = self.values.reshape(-1)[chosen]
        low, high = self.span(chosen)
        share = np.clip((values - low) / ((high - low) or 1.0), 0, 1)
        size = packed(SMALLEST + np.nan_to_num(share) * (LARGEST - SMALLEST)) if self.sized else SIZE
        return {
            "marker.color": packed(np.nan_to_num(values, nan=low)),
            "marker.colorscale": [SEQUENTIAL],
            "marker.cmin": low,
            "marker.cmax": high,
            "marker.size": [size] if self.sized else SIZE,
        }

    def span(self, chosen: NDArray[np.integer]) -> tuple[float, float]:
        """The numbers that get the first and the last colour."""
        values = self.values.reshape(-1)[chosen]
        values = values[np.isfinite(values)]
        low, high = np.quantile(values, (0.02, 0.98)) if len(values) else (0.0, 1.0)
        return float(low), float(high)

    def legend(self, shown: NDArray[np.integer]) -> str:
        """A bar of the colours with its ends."""
        low, high = self.span(shown)
        ramp = ", ".join(colour for _, colour in SEQUENTIAL)
        sized = f", {say('larger dots for more')}" if self.sized else ""
        return (
            f'<p class="mm-ramp">{escape(say(self.unit))}{sized} <span>{low:.2f}</span>'
            f'<i style="background:linear-gradient(90deg, {ramp})"></i><span>{high:.2f}</span></p>'
        )


PointColours = CategoryColours | NumberColours


def of_categories(names: Sequence[str], codes: NDArray[np.integer], judged: bool = False) -> CategoryColours:
    """Names with the colours of the place they have in their list; right and wrong have theirs, `others` is grey."""
    if judged:
        return CategoryColours(tuple(names), (RIGHT, WRONG), codes)
    colours = [MUTED if name == REST else GROUPS[i % len(GROUPS)] for i, name in enumerate(names)]
    return CategoryColours(tuple(names), tuple(colours), codes)


def of_combinations(letters: Sequence[str], samples: int) -> CategoryColours:
    """Combinations as names; by how many inputs they have where there are too many of them for colours."""
    rows = np.arange(len(letters))
    if len(letters) <= len(GROUPS):
        return of_categories(letters, np.broadcast_to(rows[:, None], (len(letters), samples)))
    sizes = np.array([len(text) for text in letters])
    kinds = sorted(set(sizes.tolist()))
    codes = np.searchsorted(kinds, sizes)
    names = [say("{count} input" if size == 1 else "{count} inputs", count=size) for size in kinds]
    return of_categories(names, np.broadcast_to(codes[:, None], (len(letters), samples)))


def restyled(colours: PointColours, panels: Sequence[NDArray[np.integer]]) -> tuple[Mapping[str, Any], list[int]]:
    """What recolours traces 0, 1, … whose points stand at these flat positions, one after the other."""
    found = [colours.marker(chosen) for chosen in panels]
    shared = ("marker.colorscale", "marker.cmin", "marker.cmax")
    everything = np.concatenate(list(panels)) if panels else np.zeros(0, int)
    common = colours.marker(everything)
    per_trace = {name: [_bare(each[name]) for each in found] for name in ("marker.color", "marker.size")}
    return {**per_trace, **{name: common[name] for name in shared}}, list(range(len(panels)))


def _bare(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value
