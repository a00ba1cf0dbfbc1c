"""All combinations of a whole test set as a lattice: a score with its interval in each node, and on each edge what the
removed modality costs.

Arrow keys remove and add: down takes away the modality that costs most, up gives back the one that gains most, left
and right go to neighbours; a modality's letter switches it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from mmlab.viz.base.svg import PAPER, chip
from mmlab.viz.base.theme import ACCENT, WRONG
from mmlab.viz.predict.combination_lattice import Lattice, Node, State, is_crowded
from mmlab.viz.predict.combination_lattice import lattice as arranged
from mmlab.viz.predict.node_shape import FEW, MANY, NARROW, NARROW_COUNT, PLAIN, NodeShape

WIDEST = 9.0
LABELLED = 3  # with more modalities than this only the edges of the selected node carry numbers


@dataclass(frozen=True)
class Scored:
    """One combination: its score with the interval, in numbers and in words."""

    names: tuple[str, ...]
    score: float
    low: float
    high: float
    text: str
    words: str

    @property
    def key(self) -> str:
        """`image-sound`."""
        return "-".join(self.names)


@dataclass(frozen=True)
class Frame:
    """How the lattice is drawn: letters and colours by modality, the selected key, and how a cost is written.

    span: the scores between which colours, intervals and costs lie, to compare drawings; the nodes' own by default.
    """

    letters: Mapping[str, str]
    colours: Mapping[str, str]
    selected: str
    higher_is_better: bool
    is_share: bool
    span: tuple[float, float] | None = None

    def cost(self, upper: Scored, lower: Scored) -> float:
        """How much worse the lower combination is; negative where removing helps, 0 where one has no score."""
        lost = upper.score - lower.score
        if not math.isfinite(lost):
            return 0.0
        return lost if self.higher_is_better else -lost

    def text(self, cost: float) -> str:
        """`−12`, `+0.3`: the change when the modality leaves."""
        change = -cost if self.higher_is_better else cost
        shown = f"{100 * change:.0f}" if self.is_share else f"{change:.1f}" if abs(change) >= 1 else f"{change:.2f}"
        if float(shown) == 0:
            return "0"
        return (f"+{shown}" if change > 0 else shown).replace("-", "−")


def svg(scored: Sequence[Scored], frame: Frame, title: str) -> str:
    """The lattice; every node is a button that carries its key and the keys of its neighbours."""
    states = [State(item.names, item.text, 0.0, None, True) for item in scored]
    drawn = arranged(states, frame.letters, None, frame.selected, _shape(len({n for s in states for n in s.names})))
    by_key = {item.key: item for item in scored}
    crowded = is_crowded(drawn)
    span = frame.span or _span(scored)
    edges = [e for e in drawn.edges if not crowded or frame.selected in (e.upper, e.lower)]
    costs = [frame.cost(by_key[e.upper], by_key[e.lower]) for e in edges]
    largest = span[1] - span[0] if frame.span else max((abs(cost) for cost in costs), default=0.0)
    most = largest or 1.0
    inside = [
        _line(drawn, e.upper, e.lower, frame.colours[e.removed], cost / most)
        for e, cost in zip(edges, costs, strict=True)
    ]
    beside: dict[str, str] = {}
    for e, cost in zip(edges, costs, strict=True):
        if crowded:  # a label on a line would lie on other boxes
            beside[e.lower if e.upper == frame.selected else e.upper] = frame.text(cost)
        elif frame.selected in (e.upper, e.lower) or len(drawn.modalities) <= LABELLED:
            text = frame.text(cost)
            inside.append(_label(drawn, e.upper, e.lower, frame.letters[e.removed], text, frame.selected))
    inside += [_node(node, drawn.shape, by_key, frame, span, beside.get(node.state.key, "")) for node in drawn.nodes]
    size = f'viewBox="0 0 {drawn.width:.0f} {drawn.height:.0f}" style="max-width:{drawn.width * 1.7:.0f}px"'
    label, many = escape(title, quote=True), " mm-many" if crowded else ""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="mm-lattice{many}" role="group" aria-label="{label}" {size}'
    return f'{head} font-family="system-ui, sans-serif">{"".join(inside)}</svg>'


def _shape(modalities: int) -> NodeShape:
    """Boxes with room for a score, and of many modalities also for what the way from the selected one costs."""
    if modalities <= FEW:
        return PLAIN
    return replace(NARROW if modalities == NARROW_COUNT else MANY, lines=2 if modalities == NARROW_COUNT else 3)


def _span(scored: Sequence[Scored]) -> tuple[float, float]:
    """Lowest and highest score or end of an interval, of those that there are."""
    ends = [end for item in scored for end in (item.score, item.low, item.high) if math.isfinite(end)] or [0.0, 1.0]
    return min(ends), max(ends)


def _line(drawn: Lattice, upper: str, lower: str, colour: str, share: float) -> str:
    """As broad as the removal is costly; dashed where it helps."""
    x1, y1, x2, y2 = _ends(drawn, upper, lower)
    dash = ' stroke-dasharray="4 4"' if share < 0 else ""
    return (
        f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" fill="none" stroke="{colour}" stroke-opacity=".75" '
        f'stroke-width="{1.2 + abs(share) * (WIDEST - 1.2):.1f}"{dash}/>'
    )


def _label(drawn: Lattice, upper: str, lower: str, letter: str, text: str, selected: str) -> str:
    x1, y1, x2, y2 = _ends(drawn, upper, lower)
    along = _along(drawn, upper, abs(x2 - x1) > 1, upper == selected)
    x, y = x1 + along * (x2 - x1), y1 + along * (y2 - y1)
    wide = 9 + 5.2 * len(text)
    return (
        f'<rect x="{x - wide / 2:.1f}" y="{y - 6.5:.1f}" width="{wide:.1f}" height="13" rx="6" {PAPER}/>'
        f'<text x="{x:.1f}" y="{y + 3.4:.1f}" text-anchor="middle" font-size="9.5" font-weight="600" '
        f'fill="currentColor"><title>without {escape(letter)}</title>{escape(text)}</text>'
    )


def _along(drawn: Lattice, upper: str, slanted: bool, from_selected: bool) -> float:
    """How far down its line a label stands so that it meets no other."""
    if len(drawn.modalities) > LABELLED:  # only the lines of the selected node have labels: they stand at the other end
        return 0.66 if from_selected else 0.34
    alone = len(drawn.node(upper).state.names) == len(drawn.modalities)
    return 0.24 if slanted and not alone else 0.62  # slanted lines cross half way


def _ends(drawn: Lattice, upper: str, lower: str) -> tuple[float, float, float, float]:
    top, bottom = drawn.node(upper), drawn.node(lower)
    return top.x, top.y + drawn.shape.high / 2, bottom.x, bottom.y - drawn.shape.high / 2


def _node(
    node: Node, size: NodeShape, by_key: Mapping[str, Scored], frame: Frame, span: tuple[float, float], beside: str
) -> str:
    """beside: what the way from the selected one costs, where no line can say it."""
    item = by_key[node.state.key]
    left, top = node.x - size.wide / 2, node.y - size.high / 2
    share = (item.score - span[0]) / ((span[1] - span[0]) or 1.0) if math.isfinite(item.score) else 0.0
    good = share if frame.higher_is_better else 1 - share
    shape = f'x="{left:.1f}" y="{top:.1f}" width="{size.wide:g}" height="{size.high:.1f}" rx="10"'
    box = (
        f'<rect {shape} {PAPER}/><rect {shape} fill="{ACCENT}" fill-opacity="{0.05 + 0.4 * max(0.0, good):.2f}" '
        f'stroke="{ACCENT}" stroke-width="1.4"/>'
    )
    wide = min(4.0, size.gap / 2 + 0.8)
    ring = (
        f'<rect class="mm-ring" x="{left - wide:.1f}" y="{top - wide:.1f}" width="{size.wide + 2 * wide:.1f}" '
        f'height="{size.high + 2 * wide:.1f}" '
        f'rx="14" fill="none" stroke="currentColor" stroke-width="{2.4 if node.selected else 0}"/>'
    )
    text = (
        f'<text x="{node.x:.1f}" y="{top + size.text_from + 1:.1f}" text-anchor="middle" font-size="12" '
        f'font-weight="700" fill="currentColor">{escape(item.text)}</text>'
    )
    if beside:
        text += (
            f'<text x="{node.x:.1f}" y="{top + size.text_from + 1 + size.line:.1f}" text-anchor="middle" '
            f'font-size="{size.several:g}" fill="currentColor">{escape(beside)}</text>'
        )
    label = escape(item.words, quote=True)
    keys = escape(_keys(item, by_key, frame), quote=True)
    return (
        f'<g data-pick="{escape(item.key, quote=True)}" data-keys="{keys}" role="button" tabindex="0" '
        f'aria-label="{label}" aria-pressed="{str(node.selected).lower()}"><title>{label}</title>'
        f"{ring}{box}{_chips(node, size, frame)}{text}{_whisker(item, node, size, span)}</g>"
    )


def _chips(node: Node, size: NodeShape, frame: Frame) -> str:
    step = min(15.0, (size.wide - 8) / max(len(node.letters), 1))
    first = node.x - step * (len(node.letters) - 1) / 2
    pairs = zip(node.state.names, node.letters, strict=True)
    radius = min(7.0, step / 2 - 0.5)
    y = node.y - size.high / 2 + size.chips_at - 1
    return "".join(
        chip(first + i * step, y, radius, letter, frame.colours[name], size.several)
        for i, (name, letter) in enumerate(pairs)
    )


def _whisker(item: Scored, node: Node, size: NodeShape, span: tuple[float, float]) -> str:
    """The interval at the bottom of the box, over the range of all combinations."""
    low, high = span
    room, left = size.wide - 12, node.x - size.wide / 2 + 6
    y = node.y + size.high / 2 - 5

    def place(value: float) -> float:
        return left + room * (value - low) / ((high - low) or 1.0)

    line = f'<path d="M{left:.1f} {y:.1f}h{room:g}" stroke="currentColor" stroke-opacity=".18" stroke-width="1"/>'
    if not all(map(math.isfinite, (item.score, item.low, item.high))):
        return line
    return line + (
        f'<path d="M{place(item.low):.1f} {y:.1f}H{place(item.high):.1f}" stroke="currentColor" stroke-width="2.6" '
        f'stroke-opacity=".7" stroke-linecap="round"/>'
        f'<circle cx="{place(item.score):.1f}" cy="{y:.1f}" r="2.4" fill="{WRONG}"/>'
    )


def _keys(item: Scored, by_key: Mapping[str, Scored], frame: Frame) -> str:
    """Which key leads where, as `ArrowDown:image s:image-pen`."""
    order = tuple(frame.letters)
    found: dict[str, str] = {}
    without = [other for other in by_key.values() if set(other.names) < set(item.names) and _one_less(item, other)]
    more = [other for other in by_key.values() if set(other.names) > set(item.names) and _one_less(other, item)]
    if without:
        found["ArrowDown"] = max(without, key=lambda other: frame.cost(item, other)).key
    if more:
        found["ArrowUp"] = max(more, key=lambda other: frame.cost(other, item)).key
    for name, letter in frame.letters.items():
        wanted = tuple(n for n in order if (n in item.names) != (n == name))
        if "-".join(wanted) in by_key:
            found[letter.lower()] = "-".join(wanted)
    return " ".join(f"{key}:{target}" for key, target in found.items())


def _one_less(upper: Scored, lower: Scored) -> bool:
    return len(upper.names) == len(lower.names) + 1
