"""Two images of a training as pixels, for programs that show images beside curves: the lattice and the dominance.

>>> pictures(rows, Frame.of(task.info), "digits/gmd/seed0, epoch 5")["lattice"].shape  # RGB, [H, W, 3]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import higher_is_better, is_share
from mmlab.core.number_text import measured, percent
from mmlab.core.outputs import Output
from mmlab.core.task import TaskInfo
from mmlab.viz.base import theme
from mmlab.viz.predict.combination_lattice import CROWDED, Lattice, State, lattice
from mmlab.viz.predict.node_shape import PLAIN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pixels = NDArray[np.uint8]
Rows = Sequence[Mapping[str, Any]]
DPI = 100
SHARES, LENGTHS = "share of |gradient × activation|", "length of the gradient in the encoder"


@dataclass(frozen=True)
class Frame:
    """Letters and labels of the modalities by name, in the task's order, and the kind of answer."""

    letters: Mapping[str, str]
    labels: Mapping[str, str]
    output: Output

    @classmethod
    def of(cls, info: TaskInfo) -> Frame:
        """That of a task."""
        letters = {item.name: item.letter for item in info.modalities}
        return cls(letters, {item.name: item.label for item in info.modalities}, info.output)

    def colour(self, name: str) -> str:
        """That of a modality on every page."""
        return theme.modality_colour(list(self.letters).index(name))


def pictures(rows: Rows, frame: Frame, title: str) -> dict[str, Pixels]:
    """`lattice`: the scores on validation after the last epoch; `dominance`: what leads the training, over the epochs.

    Each where the epochs have its numbers.
    """
    found = {"lattice": _lattice(rows[-1], frame, title), "dominance": _dominance(rows, frame, title)}
    return {name: pixels for name, pixels in found.items() if pixels is not None}


def _lattice(row: Mapping[str, Any], frame: Frame, title: str) -> Pixels | None:
    tables = row.get("metrics", {})
    metric = frame.output.logged({name for each in tables.values() for name in each})
    scores = {key: each.get(metric) for key, each in tables.items()}
    known = {key: math.nan if score is None else float(score) for key, score in scores.items()}
    parts = {key: tuple(key.split("-")) for key in known}
    unknown = {name for each in parts.values() for name in each} - set(frame.letters)
    if unknown or not any(map(math.isfinite, known.values())):
        return None
    drawn = lattice([State(parts[key], "", None, None, True) for key in known], frame.letters, shape=PLAIN)
    figure = _figure(max(drawn.width / 60, 3.6), drawn.height / 60 + 0.4, f"{title}: {metric} on validation")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1 - 0.4 / (drawn.height / 60 + 0.4)))
    axes.set(xlim=(0, drawn.width), ylim=(drawn.height, 0))
    axes.set_axis_off()
    axes.set_aspect("equal")
    _edges(axes, drawn, frame)
    _nodes(axes, drawn, known, frame, metric)
    return _pixels(figure)


def _edges(axes: Any, drawn: Lattice, frame: Frame) -> None:
    whole = "-".join(drawn.modalities)
    for edge in drawn.edges:
        if len(drawn.modalities) > CROWDED and edge.upper != whole:
            continue
        top, bottom = drawn.node(edge.upper), drawn.node(edge.lower)
        ends = [top.x, bottom.x], [top.y + PLAIN.high / 2, bottom.y - PLAIN.high / 2]
        axes.plot(*ends, color=frame.colour(edge.removed), linewidth=1.8, alpha=0.75)


def _nodes(axes: Any, drawn: Lattice, scores: Mapping[str, float], frame: Frame, metric: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    finite = [score for score in scores.values() if math.isfinite(score)]
    low, span = min(finite), (max(finite) - min(finite)) or 1.0
    for node in drawn.nodes:
        score = scores[node.state.key]
        share = (score - low) / span if math.isfinite(score) else 0.0
        good = share if higher_is_better(metric) else 1 - share
        corner = node.x - PLAIN.wide / 2 + 4, node.y - PLAIN.high / 2 + 4
        box: dict[str, Any] = {"boxstyle": "round,pad=4", "edgecolor": theme.ACCENT, "zorder": 3}
        for fill in ((1.0, 1.0, 1.0), (*_rgb(theme.ACCENT), 0.05 + 0.4 * good)):
            axes.add_patch(FancyBboxPatch(corner, PLAIN.wide - 8, PLAIN.high - 8, facecolor=fill, **box))
        letters = " ".join(node.letters)
        size = min(9.0, 9.0 * 13 / max(len(letters), 1))
        ink = {"ha": "center", "va": "center", "zorder": 4, "parse_math": False, "color": theme.INK_LIGHT}
        axes.text(node.x, node.y - 9, letters, fontsize=size, **ink)
        axes.text(
            node.x,
            node.y + 9,
            percent(score) if is_share(metric) else measured(score, 2),
            fontsize=10,
            fontweight="bold",
            **ink,
        )


def _dominance(rows: Rows, frame: Frame, title: str) -> Pixels | None:
    from matplotlib.ticker import MaxNLocator

    shares = [row.get("logs", {}).get("shares", {}) for row in rows]
    lengths = [row.get("gradient_norm", {}) for row in rows]
    panels = {name: each for name, each in ((SHARES, shares), (LENGTHS, lengths)) if any(each)}
    if not panels:
        return None
    figure = _figure(4.6 * len(panels), 3.2, title)
    epochs = [row["epoch"] + 1 for row in rows]
    for place, (name, each) in enumerate(panels.items(), 1):
        axes = figure.add_subplot(1, len(panels), place)
        for modality in frame.letters:
            values = [math.nan if line.get(modality) is None else float(line[modality]) for line in each]
            (line,) = axes.plot(epochs, values, color=frame.colour(modality), marker="o", markersize=3)
            line.set_label(f"{frame.letters[modality]} {frame.labels[modality]}".replace("$", r"\$"))
        axes.set_ylim(0, 1 if name == SHARES else None)
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("epoch", fontsize=9)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.25)
    axes.legend(fontsize=8)
    figure.subplots_adjust(left=0.05, right=0.99, bottom=0.15, top=0.83, wspace=0.12)
    return _pixels(figure)


def _figure(wide: float, high: float, title: str) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((wide, high), dpi=DPI)
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=9, y=1 - 0.06 / high, va="top", parse_math=False)
    return figure


def _pixels(figure: Figure) -> Pixels:
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[attr-defined]  # it is Agg's


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
