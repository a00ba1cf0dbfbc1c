"""All combinations of one sample as a lattice: everything on top, single inputs at the bottom.

`lattice` arranges, `svg` draws. The drawing takes its ink from the page (`currentColor`), so it is right in light and
dark; each node carries `data-pick="image-sound"`, works as a button, and says in words what it shows.

>>> drawn = lattice.lattice(nodes, letters, selected="image-sound")
>>> lattice.svg(drawn, colours)"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mmlab.core.number_text import percent
from mmlab.core.phrases import say
from mmlab.viz.base.svg import PAPER, chip
from mmlab.viz.base.theme import RIGHT, WRONG
from mmlab.viz.predict.node_shape import PLAIN, AnswerText, NodeShape, fitting, in_lines, size_of
from mmlab.viz.predict.number_line import minus

GAP_HIGH, GAP_LAYER, GAP_SPLIT = 12, 40, 26  # between rows of a layer, and layers: of one row each, and of several
MARGIN = 6
NUMBER = 0.6  # how full the box of a number is, which has no share
CROWDED = 4  # more modalities than this: only the lines of the selected node are drawn, the others would be a mat
LETTER = 0.9  # the radius of the circle around a letter on a line, by its size
ALONG = (0.36, 0.5, 0.64, 0.28, 0.72, 0.43, 0.57, 0.24, 0.76)  # where on a line it may stand, the best first
LARGER = 2.0  # how much larger than drawn it may be on the screen


@dataclass(frozen=True)
class State:
    """What is known of one combination. good: right or wrong, None where the truth is not known.

    share: of the answer, 0 to 1; None for a number, which is another answer where `same` or `good` differs.
    labels: of an answer that has several, of which as many are named as there is room for.
    """

    names: tuple[str, ...]
    answer: str
    share: float | None
    good: bool | None
    same: bool
    labels: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """`image-sound`."""
        return "-".join(self.names)


@dataclass(frozen=True)
class Node:
    """A combination at its place (the middle of its box)."""

    state: State
    letters: tuple[str, ...]
    labels: tuple[str, ...]
    x: float
    y: float
    selected: bool


@dataclass(frozen=True)
class Edge:
    """From a combination to the one without `removed`; `flips`: that changes the answer."""

    upper: str
    lower: str
    removed: str
    flips: bool


@dataclass(frozen=True)
class Lattice:
    """The Hasse diagram of all non-empty combinations."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    modalities: tuple[str, ...]
    width: float
    height: float
    shape: NodeShape = PLAIN

    def node(self, key: str) -> Node:
        """The node of a combination. Raises KeyError."""
        for node in self.nodes:
            if node.state.key == key:
                return node
        raise KeyError(key)


def lattice(
    states: Sequence[State],
    letters: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
    selected: str = "",
    shape: NodeShape | None = None,
) -> Lattice:
    """Arrange the combinations in layers by size, the largest on top; a wide layer takes several rows.

    `letters` and `labels` by modality, in the task's order. Inputs that were not given simply have no state.
    shape: of the nodes; by default one in which what is said of them fits.
    """
    order = tuple(name for name in letters if any(name in state.names for state in states))
    box = shape or fitting(len(order), [_spoken(state) for state in states])
    rows = _rows(states, box.per_row)
    layer = GAP_LAYER if len(rows) == len(order) else GAP_SPLIT
    width = 2 * MARGIN + max(len(row) for _, row in rows) * (box.wide + box.gap) - box.gap
    nodes: list[Node] = []
    y, last = MARGIN + box.high / 2, rows[0][0]
    for place, (size, row) in enumerate(rows):
        if place:
            y += box.high + (GAP_HIGH if size == last else layer)
        last = size
        left = (width - len(row) * (box.wide + box.gap) + box.gap + box.wide) / 2
        for column, state in enumerate(row):
            marks = tuple(letters[name] for name in state.names)
            words = tuple((labels or letters)[name] for name in state.names)
            x = left + column * (box.wide + box.gap)
            nodes.append(Node(state, marks, words, x, y, state.key == selected))
    return Lattice(tuple(nodes), _edges(states), order, width, y + box.high / 2 + MARGIN, box)


def svg(drawn: Lattice, colours: Mapping[str, str], letters: Mapping[str, str], title: str = "") -> str:
    """The lattice as SVG: one string, to be put into a page or saved."""
    crowded = is_crowded(drawn)
    chosen = {node.state.key for node in drawn.nodes if node.selected}
    shown = [edge for edge in drawn.edges if not crowded or chosen & {edge.upper, edge.lower}]
    flipped = {key for edge in shown if crowded and edge.flips for key in (edge.upper, edge.lower)} - chosen
    inside = [_line(drawn, edge) for edge in shown]
    if not crowded:
        inside += _letters(drawn, [edge for edge in shown if edge.flips], colours, letters)
    inside += [_box(node, drawn.shape, colours, node.state.key in flipped) for node in drawn.nodes]
    size = f'viewBox="0 0 {drawn.width:.0f} {drawn.height:.0f}" style="max-width:{drawn.width * LARGER:.0f}px"'
    label = escape(title or say("All combinations of the inputs"), quote=True)
    kind = "mm-lattice mm-many" if crowded else "mm-lattice"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" role="group" aria-label="{label}" {size}'
    return f'{head} font-family="system-ui, sans-serif">{"".join(inside)}</svg>'


def is_crowded(drawn: Lattice) -> bool:
    """Whether all lines together would be a mat: of many modalities, and where a layer takes several rows."""
    rows = {node.y for node in drawn.nodes}
    return len(drawn.modalities) > CROWDED or len(rows) > len({len(node.state.names) for node in drawn.nodes})


def _rows(states: Sequence[State], most: int) -> list[tuple[int, list[State]]]:
    """Layers from the largest combination down, each cut into even rows of at most so many."""
    rows = []
    for size in sorted({len(state.names) for state in states}, reverse=True):
        layer = [state for state in states if len(state.names) == size]
        pieces = -(-len(layer) // most)
        per_row = -(-len(layer) // pieces)
        rows += [(size, layer[start : start + per_row]) for start in range(0, len(layer), per_row)]
    return rows


def _edges(states: Sequence[State]) -> tuple[Edge, ...]:
    by_names = {state.names: state for state in states}
    found = []
    for state in states:
        for removed in state.names:
            lower = by_names.get(tuple(name for name in state.names if name != removed))
            if lower is not None:
                found.append(Edge(state.key, lower.key, removed, _told(state) != _told(lower)))
    return tuple(found)


def _told(state: State) -> tuple[str, bool | None, bool]:
    """What a change of is a change of the answer."""
    return "" if state.share is None else state.answer, state.good, state.same


def _ends(drawn: Lattice, edge: Edge) -> tuple[float, float, float, float]:
    upper, lower = drawn.node(edge.upper), drawn.node(edge.lower)
    return upper.x, upper.y + drawn.shape.high / 2, lower.x, lower.y - drawn.shape.high / 2


def _line(drawn: Lattice, edge: Edge) -> str:
    x1, y1, x2, y2 = _ends(drawn, edge)
    style = (
        f'stroke="{WRONG}" stroke-width="2.2" stroke-dasharray="5 4"'
        if edge.flips
        else 'stroke="currentColor" stroke-width="1.2" opacity=".28"'
    )
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" fill="none" {style}/>'


def _letters(
    drawn: Lattice, edges: Sequence[Edge], colours: Mapping[str, str], letters: Mapping[str, str]
) -> list[str]:
    """On each line the input whose removal changes the answer."""
    size = drawn.shape.several
    found = []
    for edge, (x, y) in zip(edges, letter_places(drawn, edges), strict=True):
        back = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{0.95 * size:.1f}" {PAPER}/>'
        found.append(back + chip(x, y, LETTER * size, f"−{letters[edge.removed]}", colours[edge.removed], size))
    return found


def letter_places(drawn: Lattice, edges: Sequence[Edge]) -> list[tuple[float, float]]:
    """A place on each line, a third of the way down at best, where it meets none of the others."""
    apart = 2 * LETTER * drawn.shape.several + 1
    found: list[tuple[float, float]] = []
    for edge in edges:
        x1, y1, x2, y2 = _ends(drawn, edge)
        ways = ALONG if abs(x2 - x1) > 1 else sorted(ALONG, key=lambda way: abs(way - 0.5))
        places = [(x1 + way * (x2 - x1), y1 + way * (y2 - y1)) for way in ways]
        room = [min((math.dist(place, other) for other in found), default=math.inf) for place in places]
        free = next((row for row, each in enumerate(room) if each >= apart), room.index(max(room)))
        found.append(places[free])
    return found


def _box(node: Node, shape: NodeShape, colours: Mapping[str, str], is_flipped: bool) -> str:
    """Round and green where right, cornered and orange where wrong; fuller where the model is surer.

    is_flipped: whether it answers otherwise than the selected one, which a dashed ring says where no line can.
    """
    state = node.state
    fine = state.same if state.good is None else state.good
    colour, corner = (RIGHT, 15) if fine else (WRONG, 2)
    left, top = node.x - shape.wide / 2, node.y - shape.high / 2
    full = 0.06 + 0.44 * (NUMBER if state.share is None else state.share) ** 2
    at = f'x="{left:.1f}" y="{top:.1f}" width="{shape.wide:g}" height="{shape.high:.1f}"'
    box = (
        f'<rect {at} rx="{corner}" {PAPER}/><rect {at} rx="{corner}" fill="{colour}" '
        f'fill-opacity="{full:.2f}" stroke="{colour}" stroke-width="1.6"/>'
    )
    wide = min(4.0, shape.gap / 2 + 0.8)  # of the ring around the box
    line = f'stroke="{WRONG}" stroke-width="2" stroke-dasharray="5 4"' if is_flipped else 'stroke="currentColor"'
    if not is_flipped:
        line += f' stroke-width="{2.4 if node.selected else 0}"'
    ring = (
        f'<rect class="mm-ring" x="{left - wide:.1f}" y="{top - wide:.1f}" width="{shape.wide + 2 * wide:.1f}" '
        f'height="{shape.high + 2 * wide:.1f}" rx="{corner + wide:g}" fill="none" {line}/>'
    )
    label = escape(_label(node), quote=True)
    pressed = "true" if node.selected else "false"
    return (
        f'<g data-pick="{escape(state.key, quote=True)}" role="button" tabindex="0" aria-label="{label}" '
        f'aria-pressed="{pressed}"><title>{label}</title>{ring}{box}{_chips(node, shape, top, colours)}'
        f"{_said(node, shape, top)}</g>"
    )


def _chips(node: Node, shape: NodeShape, top: float, colours: Mapping[str, str]) -> str:
    step = min(17.0, 2.5 * shape.chip, (shape.wide - 8) / max(len(node.letters), 1))
    first = node.x - step * (len(node.letters) - 1) / 2
    return "".join(
        chip(
            first + i * step,
            top + shape.chips_at,
            min(8.0, step / 2 - 0.5),
            letter,
            colours[name],
            shape.several,
        )
        for i, (name, letter) in enumerate(zip(node.state.names, node.letters, strict=True))
    )


def _label(node: Node) -> str:
    state = node.state
    beside = say("as with all inputs") if state.same else say("not as with all inputs")
    verdict = {True: say("right"), False: say("wrong"), None: beside}
    return f"{' + '.join(node.labels)}: {say(state.answer)}, {verdict[state.good]}{_after(state.share)}"


def _after(share: float | None) -> str:
    return "" if share is None else f", {percent(share)}"


def _sign(good: bool | None, same: bool) -> str:
    if good is None:
        return "=" if same else "≠"
    return "✓" if good else "✗"


def _spoken(state: State) -> tuple[AnswerText, str]:
    """The answer as it is drawn, and its sign with the share."""
    sign = _sign(state.good, state.same)
    if state.share is None:
        return minus(say(state.answer)), sign
    return tuple(map(say, state.labels)) or say(state.answer), f"{sign} {percent(state.share)}"


def _said(node: Node, shape: NodeShape, top: float) -> str:
    """Answer, sign and share in one line; a long answer takes lines of its own."""
    lines = in_lines(*_spoken(node.state), shape)
    size = size_of(lines, shape)
    spare = (shape.lines - len(lines)) * shape.line / 2
    parts = []
    for place, (bold, rest) in enumerate(lines):
        inside = " ".join(filter(None, (f'<tspan font-weight="700">{escape(bold)}</tspan>' * bool(bold), escape(rest))))
        parts.append(_text(node.x, top + shape.text_from + spare + place * shape.line, size, inside))
    return "".join(parts)


def _text(x: float, y: float, size: float, inside: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="{size:g}" fill="currentColor">{inside}</text>'
    )
