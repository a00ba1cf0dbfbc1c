"""All combinations of one sample as a lattice: everything on top, single inputs at the bottom.

`lattice` arranges, `svg` draws. The drawing takes its ink from the page (`currentColor`), so it is right in light and
dark; each node carries `data-pick="image-sound"`, works as a button, and says in words what it shows.

>>> drawn = lattice.lattice(nodes, letters, selected="image-sound")
>>> lattice.svg(drawn, colours)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape

from mmlab.core.number_text import percent
from mmlab.core.phrases import say
from mmlab.viz.base.svg import PAPER, chip
from mmlab.viz.base.theme import RIGHT, WRONG
from mmlab.viz.predict.number_line import minus

PER_ROW = 6
NODE_WIDE, NODE_HIGH = 66, 44
SHORT, LONG = 3, 11  # letters of an answer that fit beside its share, and on a line of their own
NUMERALS = 6  # letters of a number, which has no share, that fit beside its sign
LINE, WIDEST = 11.5, 8.5  # the size of letters on a line, and how many of that size fit
GAP_WIDE, GAP_HIGH, GAP_LAYER = 8, 12, 40
MARGIN = 6
NUMBER = 0.6  # how full the box of a number is, which has no share
CROWDED = 4  # more modalities than this: only the lines of the selected node are drawn, the others would be a mat


@dataclass(frozen=True)
class State:
    """What is known of one combination. good: right or wrong, None where the truth is not known.

    share: of the answer, 0 to 1; None for a number, which is another answer where `same` or `good` differs.
    brief: what is drawn in place of an answer of many words.
    """

    names: tuple[str, ...]
    answer: str
    share: float | None
    good: bool | None
    same: bool
    brief: str = ""

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
) -> Lattice:
    """Arrange the combinations in layers by size, the largest on top; a wide layer takes several rows.

    `letters` and `labels` by modality, in the task's order. Inputs that were not given simply have no state.
    """
    order = tuple(name for name in letters if any(name in state.names for state in states))
    rows = _rows(states)
    width = 2 * MARGIN + max(len(row) for _, row in rows) * (NODE_WIDE + GAP_WIDE) - GAP_WIDE
    nodes: list[Node] = []
    y, last = MARGIN + NODE_HIGH / 2, rows[0][0]
    for place, (size, row) in enumerate(rows):
        if place:
            y += NODE_HIGH + (GAP_HIGH if size == last else GAP_LAYER)
        last = size
        left = (width - len(row) * (NODE_WIDE + GAP_WIDE) + GAP_WIDE + NODE_WIDE) / 2
        for column, state in enumerate(row):
            marks = tuple(letters[name] for name in state.names)
            words = tuple((labels or letters)[name] for name in state.names)
            x = left + column * (NODE_WIDE + GAP_WIDE)
            nodes.append(Node(state, marks, words, x, y, state.key == selected))
    return Lattice(tuple(nodes), _edges(states), order, width, y + NODE_HIGH / 2 + MARGIN)


def svg(drawn: Lattice, colours: Mapping[str, str], letters: Mapping[str, str], title: str = "") -> str:
    """The lattice as SVG: one string, to be put into a page or saved."""
    crowded = len(drawn.modalities) > CROWDED
    chosen = {node.state.key for node in drawn.nodes if node.selected}
    shown = [edge for edge in drawn.edges if not crowded or chosen & {edge.upper, edge.lower}]
    inside = [_line(drawn, edge) for edge in shown]
    inside += [_letter(drawn, edge, colours, letters) for edge in shown if edge.flips]
    inside += [_box(node, colours) for node in drawn.nodes]
    size = f'viewBox="0 0 {drawn.width:.0f} {drawn.height:.0f}" style="max-width:{drawn.width * 1.5:.0f}px"'
    label = escape(title or say("All combinations of the inputs"), quote=True)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="mm-lattice" role="group" aria-label="{label}" {size}'
    return f'{head} font-family="system-ui, sans-serif">{"".join(inside)}</svg>'


def _rows(states: Sequence[State]) -> list[tuple[int, list[State]]]:
    """Layers from the largest combination down, each cut into even rows of at most PER_ROW."""
    rows = []
    for size in sorted({len(state.names) for state in states}, reverse=True):
        layer = [state for state in states if len(state.names) == size]
        pieces = -(-len(layer) // PER_ROW)
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
    return upper.x, upper.y + NODE_HIGH / 2, lower.x, lower.y - NODE_HIGH / 2


def _line(drawn: Lattice, edge: Edge) -> str:
    x1, y1, x2, y2 = _ends(drawn, edge)
    style = (
        f'stroke="{WRONG}" stroke-width="2.2" stroke-dasharray="5 4"'
        if edge.flips
        else 'stroke="currentColor" stroke-width="1.2" opacity=".28"'
    )
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" fill="none" {style}/>'


def _letter(drawn: Lattice, edge: Edge, colours: Mapping[str, str], letters: Mapping[str, str]) -> str:
    """The input whose removal changes the answer, a third of the way down, where lines from one node are apart."""
    x1, y1, x2, y2 = _ends(drawn, edge)
    x, y = x1 + 0.5 * (x2 - x1), y1 + 0.5 * (y2 - y1)
    if abs(x2 - x1) > 1:  # slanted lines cross half way: their letters stand higher
        x, y = x1 + 0.36 * (x2 - x1), y1 + 0.36 * (y2 - y1)
    back = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" {PAPER}/>'
    return back + chip(x, y, 8.5, f"−{letters[edge.removed]}", colours[edge.removed])


def _box(node: Node, colours: Mapping[str, str]) -> str:
    """Round and green where right, cornered and orange where wrong; fuller where the model is surer."""
    state = node.state
    fine = state.same if state.good is None else state.good
    colour, corner = (RIGHT, 15) if fine else (WRONG, 2)
    left, top = node.x - NODE_WIDE / 2, node.y - NODE_HIGH / 2
    full = 0.06 + 0.44 * (NUMBER if state.share is None else state.share) ** 2
    box = (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{NODE_WIDE}" height="{NODE_HIGH}" rx="{corner}" fill="{colour}" '
        f'fill-opacity="{full:.2f}" stroke="{colour}" stroke-width="1.6"/>'
    )
    ring = (
        f'<rect class="mm-ring" x="{left - 4:.1f}" y="{top - 4:.1f}" width="{NODE_WIDE + 8}" height="{NODE_HIGH + 8}" '
        f'rx="{corner + 4}" fill="none" stroke="currentColor" stroke-width="{2.4 if node.selected else 0}"/>'
    )
    line = _said(node)
    label = escape(_label(node), quote=True)
    pressed = "true" if node.selected else "false"
    return (
        f'<g data-pick="{escape(state.key, quote=True)}" role="button" tabindex="0" aria-label="{label}" '
        f'aria-pressed="{pressed}"><title>{label}</title>{ring}{box}{_chips(node, colours)}{line}</g>'
    )


def _chips(node: Node, colours: Mapping[str, str]) -> str:
    step = min(17.0, (NODE_WIDE - 16) / max(len(node.letters), 1))
    first = node.x - step * (len(node.letters) - 1) / 2
    return "".join(
        chip(first + i * step, node.y - 8, min(8.0, step / 2), letter, colours[name])
        for i, (name, letter) in enumerate(zip(node.state.names, node.letters, strict=True))
    )


def _label(node: Node) -> str:
    state = node.state
    beside = say("as with all inputs") if state.same else say("not as with all inputs")
    verdict = {True: say("right"), False: say("wrong"), None: beside}
    return f"{' + '.join(node.labels)}: {say(state.answer)}, {verdict[state.good]}{_after(state.share)}"


def _after(share: float | None) -> str:
    return "" if share is None else f", {_percent(share)}"


def _sign(good: bool | None, same: bool) -> str:
    if good is None:
        return "=" if same else "≠"
    return "✓" if good else "✗"


def _said(node: Node) -> str:
    """Answer, sign and share in one line; a long answer gets a line of its own."""
    state = node.state
    sign = _sign(state.good, state.same)
    if state.share is not None:
        sign += f" {_percent(state.share)}"
    whole = say(state.answer)
    said, fits = (minus(whole), NUMERALS) if state.share is None else (whole, SHORT)
    if len(said) <= fits:
        size = min(LINE, LINE * WIDEST / len(unescape(f"{said} {sign}")))
        return _text(node.x, node.y + 14, size, f'<tspan font-weight="700">{escape(said)}</tspan> {sign}')
    whole = state.brief or whole
    answer = whole if len(whole) <= LONG else f"{whole[: LONG - 1]}…"
    name = _text(node.x, node.y + 8.5, 9.5, f'<tspan font-weight="700">{escape(answer)}</tspan>')
    return name + _text(node.x, node.y + 18.5, 9.5, sign)


def _text(x: float, y: float, size: float, inside: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="{size:g}" fill="currentColor">{inside}</text>'
    )


def _percent(share: float) -> str:
    return escape(percent(share))
