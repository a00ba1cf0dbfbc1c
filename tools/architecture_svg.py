"""The picture of the imports: rooms on floors, and an arrow from each room to every room that it imports.

Numbers are rounded down to 1, 2, 5, 10 ..., so that the picture changes when the structure does, not with every commit.
Everything is a function of the code: the same code gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from tools.architecture import Code, circles
from tools.architecture_plan import (
    CHIP,
    CHIP_GAP,
    HEAD,
    LINE,
    WALL,
    WIDTH,
    Arrow,
    Room,
    build,
    chip_width,
    connect,
    furnish,
    route,
)

STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
# Colours of the floors from the ground up, again from the first where there are more; on paper, and on a dark ground.
LIGHT = ("#475569", "#0f766e", "#15803d", "#2563eb", "#7c3aed", "#be185d", "#c2410c", "#4d7c0f", "#a16207", "#64748b")
DARK = ("#94a3b8", "#2dd4bf", "#4ade80", "#60a5fa", "#a78bfa", "#f472b6", "#fb923c", "#a3e635", "#facc15", "#94a3b8")


def draw(code: Code) -> str:
    """The picture as one SVG document that reads on light and on dark ground."""
    floors = furnish(code)
    height = build(floors)
    arrows = connect(code, {room.name: room for level in floors for room in level})
    route(arrows, floors)
    lines = sorted(arrows, key=lambda arrow: (arrow.wrong, arrow.source.floor, arrow.points))
    body = [*_house(floors, height), *(part for arrow in lines for part in _line(arrow))]
    body += [part for level in floors for room in level for part in _room(room)]
    body += [part for arrow in lines for part in _number(arrow)]
    return "\n".join(
        [*_head(height + 74), *body, *_words(arrows, floors, len(circles(code)), height + 34), "</svg>", ""]
    )


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _head(height: float) -> list[str]:
    def colours(palette: Sequence[str]) -> str:
        return "".join(f".s{i}{{stroke:{c}}}.f{i}{{fill:{c}}}" for i, c in enumerate(palette))

    style = (
        "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#1f2937}"
        ".paper{fill:#fff}.wall{fill:#f8fafc;stroke:#cbd5e1}.slab{stroke:#e2e8f0}.room{fill:#fff;stroke-width:1.5}"
        ".name{font-size:16px;font-weight:650}.holds{font-size:12px;fill:#475569}.chip{fill:#f1f5f9;stroke:#cbd5e1}"
        ".inner{font-size:11px;fill:#334155}.way{fill:none;opacity:.75}.number{font-size:10px;font-weight:600}"
        ".pill{fill:#fff}.red{stroke:#dc2626;stroke-width:2.5;opacity:1}.redf{fill:#dc2626}.note{font-size:12.5px;fill:#475569}"
    )
    dark = (
        "text{fill:#e5e7eb}.paper{fill:#0d1117}.wall{fill:#131a24;stroke:#334155}.slab{stroke:#263241}.room{fill:#1a2330}"
        ".holds,.note{fill:#a8b3c2}.chip{fill:#263241;stroke:#3b4859}.inner{fill:#cbd5e1}.pill{fill:#131a24}"
        ".red{stroke:#f87171}.redf{fill:#f87171}"
    )
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_n(height)}" role="img" '
        'aria-label="Which folder of mmlab imports which">',
        f"<style>{style}{colours(LIGHT)}@media (prefers-color-scheme:dark){{{dark}{colours(DARK)}}}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{_n(height)}"/>',
    ]


def _house(floors: list[list[Room]], ground: float) -> Iterator[str]:
    eaves = floors[-1][0].top + floors[-1][0].height + 14
    yield f'<path class="wall" d="M{WALL - 16} {_n(eaves)}L{WIDTH / 2:g} 14L{WIDTH - WALL + 16} {_n(eaves)}Z"/>'
    yield f'<rect class="wall" x="{WALL}" y="{_n(eaves)}" width="{WIDTH - 2 * WALL}" height="{_n(ground - eaves)}"/>'
    for level in floors[1:-1]:
        y = _n(level[0].top + level[0].height + 6)
        yield f'<path class="slab" d="M{WALL} {y}H{WIDTH - WALL}"/>'


def _colour(of: str, room: Room) -> str:
    """The class of its floor's colour, for a stroke (s) or for what is filled (f)."""
    return f"{of}{room.floor % len(LIGHT)}"


def _line(arrow: Arrow) -> Iterator[str]:
    (x, y), *others = arrow.points
    parts = [f"M{_n(x)} {_n(y)}"]
    for place, (there, height) in enumerate(others):
        end = (
            height
            if place < len(others) - 1
            else height + (-7 if arrow.down or arrow.source.floor == arrow.target.floor else 7)
        )
        if there == x:
            parts.append(f"V{_n(end)}")
        else:
            bend = (end - y) / 2 if arrow.source.floor != arrow.target.floor else -44
            parts.append(f"C{_n(x)} {_n(y + bend)} {_n(there)} {_n(end - bend)} {_n(there)} {_n(end)}")
        x, y = there, end
    tip = arrow.points[-1][1]
    colour = "red" if arrow.wrong else _colour("s", arrow.source)
    fill = "redf" if arrow.wrong else _colour("f", arrow.source)
    width = 1 + 0.32 * STEPS.index(_rounded(arrow.number))
    title = f"<title>{arrow.source.name} → {arrow.target.name}: {_at_least(arrow.number)} imports</title>"
    yield f'<path class="way {colour}" stroke-width="{_n(width)}" d="{"".join(parts)}">{title}</path>'
    yield f'<path class="{fill}" d="M{_n(x - 4.5)} {_n(y)}H{_n(x + 4.5)}L{_n(x)} {_n(tip)}Z"/>'


def _rounded(number: int) -> int:
    return max(step for step in STEPS if step <= number)


def _at_least(number: int) -> str:
    return "1" if number == 1 else f"{_rounded(number)}+"


def _number(arrow: Arrow) -> Iterator[str]:
    """How many imports, on the line where it leaves its room."""
    (x, y), text = arrow.points[0], _at_least(arrow.number)
    y += 13 if arrow.down else -13
    width = 6.2 * len(text) + 5
    fill = "redf" if arrow.wrong else _colour("f", arrow.source)
    yield f'<rect class="pill" x="{_n(x - width / 2)}" y="{_n(y - 7)}" width="{_n(width)}" height="14" rx="7"/>'
    yield f'<text class="number {fill}" x="{_n(x)}" y="{_n(y + 3.5)}" text-anchor="middle">{text}</text>'


def _room(room: Room) -> Iterator[str]:
    left, top = room.left, room.top
    name = "app.py" if room.name == "app" else f"{room.name}/"
    size = f'width="{_n(room.width)}" height="{_n(room.height)}"'
    yield f'<rect class="room {_colour("s", room)}" x="{_n(left)}" y="{_n(top)}" {size} rx="8"/>'
    yield f'<text class="name {_colour("f", room)}" x="{_n(left + 12)}" y="{_n(top + 23)}">{name}</text>'
    y = top + HEAD + 6
    for line in room.lines:
        yield f'<text class="holds" x="{_n(left + 12)}" y="{_n(y)}">{escape(line)}</text>'
        y += LINE
    y -= 9
    for row in room.chips:
        x = left + 12
        for text in row:
            wide = chip_width(text)
            yield f'<rect class="chip" x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{CHIP}" rx="5"/>'
            middle = f'x="{_n(x + wide / 2)}" y="{_n(y + 14.5)}" text-anchor="middle"'
            yield f'<text class="inner" {middle}>{escape(text)}</text>'
            x += wide + CHIP_GAP
        y += CHIP + CHIP_GAP


def _words(arrows: Sequence[Arrow], floors: Sequence[Sequence[Room]], knots: int, top: float) -> Iterator[str]:
    rooms = sum(len(level) for level in floors[:-1])
    wrong = sum(arrow.wrong for arrow in arrows)
    ring = "circle" if knots == 1 else "circles"
    house = f"{rooms} rooms on {len(floors) - 1} floors"
    said = f"{house}, {len(arrows)} arrows, {wrong or 'none'} upward, {knots or 'no'} {ring}."
    how = "An arrow leads from a folder to one that it imports; the number, where it starts, says how often at least."
    for place, text in enumerate((said, how)):
        yield f'<text class="note" x="{WALL}" y="{_n(top + 20 * place)}">{text}</text>'
