"""Where rooms stand and how arrows run in the picture of the imports (`architecture_svg.py`).

Rooms of one floor stand side by side. An arrow that passes a floor goes through the gap between two rooms that is
nearest to its way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import wrap

from tools.architecture import FLOORS, Code, upward

HOLDS = {
    "app": "one short file per page",
    "ui": "the app: session, widgets, words, pages",
    "cli": "one file per command",
    "foreign": "PyTorch models of one's own: register, check, trace, replay",
    "lessons": "lessons as files, and the facts that answer them",
    "testing": "the contract of what others add",
    "viz": "results as SVG, HTML and Plotly",
    "experiments": "training jobs, grids, searches, background runs, comparison tables",
    "training": "the loop, resuming, the dominance log",
    "analysis": "measures from sweeps and models to numbers",
    "methods": "one file per method",
    "tasks": "one file per task, and folders of one's own",
    "inference": "a model with its task, from files to answers",
    "networks": "encoders, decoders, parts",
    "modalities": "one folder per kind of input: decode, preprocess, augment, corrupt",
    "losses": "formulas, one file per paper",
    "storage": "what lies on disk: checkpoints, library, sweeps",
    "core": "the vocabulary: modality, combination, batch, output, task, method, results, errors",
}
WIDTH, WALL, ROOF = 1200, 30, 120
STOREY = 66  # between the rooms of two floors, where arrows run
WIDE = {
    "core": 960.0,
    "ui": 430.0,
    "cli": 300.0,
    "foreign": 290.0,
    "lessons": 260.0,
    "analysis": 330.0,
    "tasks": 250.0,
    "modalities": 300.0,
    "experiments": 330.0,
    "app": 260.0,
}
NARROW, HEAD, LINE, CHIP, CHIP_GAP = 230.0, 34, 16, 21, 6
SLOT = 11  # between two arrows in one gap


@dataclass
class Room:
    """A folder, what it holds in lines, its folders in rows, and its place on the paper."""

    name: str
    floor: int
    lines: list[str]
    chips: list[list[str]]
    width: float
    left: float = 0.0
    top: float = 0.0

    @property
    def height(self) -> float:
        """How tall it is."""
        return HEAD + LINE * len(self.lines) + (CHIP + CHIP_GAP) * len(self.chips) + 6

    @property
    def middle(self) -> float:
        """Its centre, from the left."""
        return self.left + self.width / 2


@dataclass
class Arrow:
    """Imports of one room by another, and the points that the line passes."""

    source: Room
    target: Room
    number: int
    wrong: bool
    gaps: list[tuple[int, int]] = field(default_factory=list)
    points: list[tuple[float, float]] = field(default_factory=list)

    @property
    def down(self) -> bool:
        """Whether it leaves its room through the floor, as it should."""
        return self.source.floor > self.target.floor


def furnish(code: Code) -> list[list[Room]]:
    """Rooms by floor, from the ground up, without empty floors; the files beside the package are one under the roof."""
    levels = [level.split() for level in FLOORS[""]]
    names = [[name for name in level if name in code.folders or name == "app"] for level in levels]
    return [[_empty(name, number, code) for name in level] for number, level in enumerate(filter(None, names))]


def _empty(name: str, number: int, code: Code) -> Room:
    inside = [
        folder.split("/")[1]
        for folder in sorted(code.folders)
        if folder.split("/")[0] == name and folder.count("/") == 1
    ]
    order = [entry for level in reversed(FLOORS.get(name, ())) for entry in level.split()]
    position = {entry: place for place, entry in enumerate(order)}
    inside.sort(key=lambda entry: (position.get(entry, position.get("*", 0)), entry))
    width = WIDE.get(name, NARROW)
    rows: list[list[str]] = []
    for entry in inside:
        if rows and sum(chip_width(e) + CHIP_GAP for e in [*rows[-1], entry]) <= width - 24:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    return Room(name, number, wrap(HOLDS.get(name, ""), int(width / 6.6)), rows, width)


def chip_width(text: str) -> float:
    """How wide the box of an inner folder is."""
    return 6.0 * len(text) + 14


def build(floors: list[list[Room]]) -> float:
    """Give every room its place; returns where the ground is."""
    top = float(ROOF)
    for level in reversed(floors):
        free = WIDTH - 2 * WALL - sum(room.width for room in level)
        left = WALL + free / (len(level) + 1)
        for room in level:
            room.left, room.top = round(left, 1), top if room.name != "app" else top - 52
            left += room.width + free / (len(level) + 1)
        tallest = max(room.top + room.height for room in level)
        for room in level:
            room.top = tallest - room.height  # all stand on the floor
        top = tallest + STOREY
    return top - STOREY + 16


def connect(code: Code, rooms: dict[str, Room]) -> list[Arrow]:
    numbers: dict[tuple[str, str], int] = defaultdict(int)
    wrong = set()
    against = upward(code)
    for pair, items in code.between().items():
        above, below = pair
        if above in rooms and below in rooms and above != below:
            numbers[above, below] += len(items)
            wrong |= {(above, below)} if pair in against else set()
    return [Arrow(rooms[a], rooms[b], n, (a, b) in wrong) for (a, b), n in sorted(numbers.items())]


def route(arrows: list[Arrow], floors: list[list[Room]]) -> None:
    """Find the way of each arrow: through gaps, each in a slot of its own, from and to ports of its own."""
    passing: dict[tuple[int, int], list[Arrow]] = defaultdict(list)
    for arrow in arrows:
        here = arrow.source.middle
        for number in _between(arrow):
            share = abs(number - arrow.source.floor) / abs(arrow.target.floor - arrow.source.floor)
            wanted = arrow.source.middle + share * (arrow.target.middle - arrow.source.middle)
            gaps = _gaps(floors[number])
            best = min(
                range(len(gaps)), key=lambda g: (abs(_clamp((wanted + here) / 2, gaps[g]) - (wanted + here) / 2), g)
            )
            here = _clamp(wanted, gaps[best])
            arrow.gaps.append((number, best))
            passing[number, best].append(arrow)
    ways: dict[tuple[int, int, int], float] = {}
    for (number, gap), members in passing.items():
        left, right = _gaps(floors[number])[gap]
        members.sort(key=lambda a: (a.source.middle + a.target.middle, a.target.middle, -a.source.floor))
        pace = min(SLOT, (right - left) / (len(members) + 1))
        middle = _clamp(sum(a.source.middle + a.target.middle for a in members) / (2 * len(members)), (left, right))
        half = pace * (len(members) - 1) / 2
        middle = (
            _clamp(middle, (left + half + 4, right - half - 4)) if right - left > 2 * half + 8 else (left + right) / 2
        )
        for place, arrow in enumerate(members):
            ways[id(arrow), number, gap] = middle - half + place * pace
    for arrow in arrows:
        arrow.points = [(ways[id(arrow), number, gap], float(number)) for number, gap in arrow.gaps]
    _ports(arrows, leaving=True)
    _ports(arrows, leaving=False)
    for arrow in arrows:
        arrow.points = [*_through(arrow, floors)]


def _between(arrow: Arrow) -> range:
    step = -1 if arrow.down else 1
    return range(arrow.source.floor + step, arrow.target.floor, step)


def _gaps(level: Sequence[Room]) -> list[tuple[float, float]]:
    edges = [
        WALL + 4.0,
        *(edge for room in level for edge in (room.left - 8, room.left + room.width + 8)),
        WIDTH - WALL - 4.0,
    ]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _clamp(value: float, span: tuple[float, float]) -> float:
    return min(max(value, span[0]), span[1])


def _ports(arrows: list[Arrow], leaving: bool) -> None:
    """Put the first or last point of each arrow on the edge of its room, in the order in which they come."""
    sides: dict[tuple[str, bool], list[Arrow]] = defaultdict(list)
    for arrow in arrows:
        room, side = (arrow.source, arrow.down) if leaving else (arrow.target, not arrow.down)
        sides[room.name, side].append(arrow)
    for members in sides.values():
        room = members[0].source if leaving else members[0].target

        def towards(arrow: Arrow) -> float:
            inner = arrow.points[1:] if not leaving else arrow.points
            other = arrow.target.middle if leaving else arrow.source.middle
            return inner[0 if leaving else -1][0] if inner else other

        members.sort(key=lambda a: (towards(a), a.source.middle + a.target.middle, a.source.name, a.target.name))
        pace = room.width / (len(members) + 1)
        for place, arrow in enumerate(members, 1):
            point = (room.left + pace * place, -1.0)
            arrow.points = [point, *arrow.points] if leaving else [*arrow.points, point]


def _through(arrow: Arrow, floors: list[list[Room]]) -> Iterator[tuple[float, float]]:
    """The points with their heights: an edge, both ends of every gap, an edge."""
    (first, _), *inner, (last, _) = arrow.points
    source, target = arrow.source, arrow.target
    yield first, source.top + source.height if arrow.down else source.top
    for x, number in inner:
        level = floors[int(number)]
        top, bottom = min(room.top for room in level) - 4, level[0].top + level[0].height + 4
        yield from ((x, top), (x, bottom)) if arrow.down else ((x, bottom), (x, top))
    beside = source.floor == target.floor
    yield last, target.top if arrow.down or beside else target.top + target.height
