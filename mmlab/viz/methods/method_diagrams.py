"""A drawing of each method in two panels: what learns, and what happens when an input is missing.

SVG that takes its ink from the page (`currentColor`), so it is right in light and dark. Filled boxes learn, dashed
ones stand still or are gone. At most three modalities are drawn; the second of them is the one that goes missing.

>>> drawings.draw("dmrnet", letters=("I", "S", "P"), missing="sound")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise
from math import cos, sin

from mmlab.core.modality import spoken
from mmlab.viz.base.diagram_canvas import WIDE, Letters, Panel
from mmlab.viz.base.theme import ACCENT, MUTED, WRONG

CHIP, ENCODER, MIDDLE, RIGHT = 22, 96, 190, 306
Painter = Callable[[Panel, Letters, bool], None]


def draw(method: str, letters: Letters, missing: str) -> str:
    """Both panels of a method as HTML; empty for a method without a drawing. `missing` names the second modality."""
    if method not in PAINTERS:
        return ""
    titles = ("During training", f"When the {spoken(missing)} is missing")
    figures = []
    for title, gone in zip(titles, (False, True), strict=True):
        panel = Panel(title)
        PAINTERS[method](panel, letters[:3], gone)
        figures.append(f"<figure><figcaption>{escape(title)}</figcaption>{panel.svg}</figure>")
    return f'<div class="mm-drawing">{"".join(figures)}</div>'


def rows(letters: Letters, middle: float = 100, gap: float = 58) -> list[float]:
    """A height for each modality."""
    return [middle + gap * (index - (len(letters) - 1) / 2) for index in range(len(letters))]


def _inputs(
    panel: Panel, letters: Letters, off: Sequence[int] = (), name: str = "encoder", stand_in: int | None = None
) -> None:
    """The modalities and their encoders. `off`: missing; `stand_in`: missing, with an average in its place."""
    for index, y in enumerate(rows(letters)):
        on = index not in off
        panel.chip(CHIP, y, letters, index, on and index != stand_in)
        if index == stand_in:
            panel.text(CHIP, y + 22, "average", size=11)
        panel.arrow(CHIP + 15, y, ENCODER - 36, y, faint=not on)
        panel.box(ENCODER, y, 70, name, "learns" if on else "gone")


def _into(panel: Panel, letters: Letters, x: float, to_x: float, off: Sequence[int] = (), pull: float = 0.5) -> None:
    """Arrows from a column to one place in the middle."""
    for index, y in enumerate(rows(letters)):
        panel.arrow(x, y, to_x, 100 + pull * (y - 100), faint=index in off)


def _joint(panel: Panel, letters: Letters, gone: bool) -> None:
    _inputs(panel, letters, stand_in=1 if gone else None)
    _into(panel, letters, ENCODER + 37, MIDDLE - 28, pull=0.25)
    panel.box(MIDDLE, 100, 52, "join", high=64)
    panel.arrow(MIDDLE + 28, 100, RIGHT - 40, 100)
    panel.box(RIGHT, 100, 76, "answer")
    panel.note(
        "The mean input takes its place:\nthe network has never seen one."
        if gone
        else "All inputs are always present.\nNothing is ever missing."
    )


def _dropout(panel: Panel, letters: Letters, gone: bool) -> None:
    _inputs(panel, letters, (1,) if gone else ())
    _into(panel, letters, ENCODER + 37, MIDDLE - 35, (1,) if gone else (), pull=0.6)
    panel.box(MIDDLE, 100, 66, "zero for\nmissing\ninputs" if gone else "drop at\nrandom", "rests", high=116)
    panel.arrow(MIDDLE + 35, 100, 238, 100)
    panel.box(260, 100, 42, "join", high=64)
    panel.arrow(282, 100, 299, 100)
    panel.box(328, 100, 56, "answer")
    panel.note(
        "It was trained for this:\nthe others predict."
        if gone
        else "Each sample gets one combination,\nall equally likely."
    )


def _ensemble(panel: Panel, letters: Letters, gone: bool) -> None:
    off = (1,) if gone else ()
    _inputs(panel, letters, off, "network")
    for index, y in enumerate(rows(letters)):
        panel.arrow(ENCODER + 37, y, MIDDLE - 36, y, faint=index in off)
        panel.box(MIDDLE, y, 70, "answer", "gone" if index in off else "learns")
    _into(panel, letters, MIDDLE + 37, RIGHT - 38, off, pull=0.25)
    panel.box(RIGHT, 100, 72, "average", "plain", high=48)
    panel.note("The others are averaged,\nas if it did not exist." if gone else "Each network is trained alone.")


def _specialists(panel: Panel, letters: Letters, gone: bool) -> None:
    count = len(letters)
    codes = sorted(range(1, 2**count), key=lambda code: (bin(code).count("1"), code))
    wanted = (2**count - 1) ^ 2 if gone else 0
    by_size = [[code for code in codes if bin(code).count("1") == size] for size in range(1, count + 1)]
    for size, row in enumerate(by_size, 1):
        y = 100 + 58 * (size - (count + 1) / 2)
        for place, code in enumerate(row):
            x = WIDE / 2 + 112 * (place - (len(row) - 1) / 2)
            panel.box(x, y, 100, "", "learns" if not gone or code == wanted else "gone", high=40)
            inside = [index for index in range(count) if code >> index & 1]
            for spot, index in enumerate(inside):
                faded = gone and code != wanted
                panel.chip(x + 30 * (spot - (len(inside) - 1) / 2), y, letters, index, not faded, r=11)
    panel.note(
        "The network of this\ncombination predicts."
        if gone
        else "One network per combination;\neach is trained on its own."
    )


def _dmrnet(panel: Panel, letters: Letters, gone: bool) -> None:
    off = (1,) if gone else ()
    _inputs(panel, letters, off)
    _into(panel, letters, ENCODER + 37, 166, off, pull=0.25)
    panel.oval(214, 100, 46, 54 if gone else 42, fill=0.10)
    panel.oval(214, 100, 26, 32 if gone else 24, fill=0.14)
    panel.oval(214, 100, 4, 4, "#7B8794", 1)
    start = (214.0, 100.0)
    if not gone:
        panel.oval(232, 82, 4, 4, WRONG, 1)
        start = (232.0, 82.0)
    panel.arrow(start[0] + 6, start[1], RIGHT - 34, 100 if gone else 92)
    panel.box(RIGHT + 8, 100, 76, "answer")
    panel.text(214, 168 if gone else 154, "a variance of its own" if gone else "a distribution, not a point", size=11.5)
    panel.note(
        "The mean of the embedding predicts.\nEach combination has its own variance."
        if gone
        else "Inputs are dropped at random. A random draw\npredicts; hard combinations get an extra loss."
    )


def _gmd(panel: Panel, letters: Letters, gone: bool) -> None:
    off = (1,) if gone else ()
    _inputs(panel, letters, off)
    _into(panel, letters, ENCODER + 37, 155, off, pull=0.8)
    panel.box(185, 100, 58, "one\nshared\nnetwork", high=142)
    if gone:
        panel.arrow(216, 100, 255, 100)
        panel.box(302, 100, 90, "mean of the\npresent ones", "plain", high=44)
        panel.note("Nothing replaces it; its part\nof the network is switched off.")
        return
    x, y = 290, 128
    panel.arrow(x, y, x + 58, y - 12, ACCENT, wide=3)
    panel.arrow(x, y, x - 44, y - 52, WRONG, faint=True, wide=2)
    panel.arrow(x, y, x - 12, y - 62, WRONG, wide=3)
    panel.arrow(x - 42, y - 54, x - 17, y - 60, MUTED)
    panel.text(x + 4, 46, "corrections", size=11.5)
    panel.text(x + 4, 150, "conflict: projected", size=11.5)
    panel.note("Every combination gives a gradient.\nConflicting components are projected out.")


def _mmanet(panel: Panel, letters: Letters, gone: bool) -> None:
    for row, (y, off) in enumerate(((56, ()), (140, (1,)))):
        pale = gone and row == 0
        for index in range(len(letters)):
            panel.chip(16 + 26 * index, y, letters, index, index not in off and not pale, r=11)
        panel.arrow(86, y, 103, y, faint=pale)
        panel.box(138, y, 68, "student" if row else "teacher", "learns" if row else "gone" if gone else "rests")
        if not pale:
            panel.arrow(173, y, 196, y)
        if not gone:
            panel.grid(222, y, 46, "9720793127930139" if row == 0 else "9611692116930139")
    if gone:
        panel.box(236, 140, 74, "answer")
        panel.text(232, 56, "no longer needed", size=12, faint=True)
        panel.note("The student predicts alone,\nwith zeros for missing inputs.")
        return
    panel.text(222, 98, "make alike", size=11.5)
    panel.arrow(222, 108, 222, 116, wide=1.2)
    panel.arrow(222, 88, 222, 80, wide=1.2)
    panel.arrow(247, 132, 265, 122)
    panel.arrow(247, 148, 265, 162)
    panel.box(312, 116, 90, "answer")
    panel.box(312, 166, 90, "extra loss", high=28)
    panel.note(
        "Teacher: frozen, sees all inputs. Its similarities\nare distilled; weak combinations get an extra loss."
    )


def _dimml(panel: Panel, letters: Letters, gone: bool) -> None:
    off = (1,) if gone else ()
    _inputs(panel, letters, off)
    places = rows(letters)
    for index, y in enumerate(places):
        panel.arrow(ENCODER + 37, y, MIDDLE - 34, y, faint=index in off)
        panel.box(MIDDLE, y, 66, "own\nanswer", "gone" if index in off else "learns", high=36)
    if gone:
        for index, y in enumerate(places):
            if index not in off:
                panel.arrow(MIDDLE + 35, y, RIGHT - 42, 100 + 0.3 * (y - 100), wide=3.5 if index == 0 else 1.4)
        panel.box(RIGHT, 100, 80, "vote, by\ncertainty", "plain", high=48)
        panel.note("The heads present vote;\nthe surer one counts more.")
        return
    for first, second in pairwise(places):
        panel.arrow(ENCODER - 12, first + 16, ENCODER - 12, second - 17, WRONG)
        panel.arrow(ENCODER + 12, second - 16, ENCODER + 12, first + 17, WRONG)
    _into(panel, letters, MIDDLE + 35, RIGHT - 42, pull=0.3)
    panel.box(RIGHT, 100, 80, "last: learn\nto put them\ntogether", high=60)
    panel.note("Each is trained on its own prediction and\nteaches the others what they lack (orange).")


def _m3ixup(panel: Panel, letters: Letters, gone: bool) -> None:
    off = (1,) if gone else ()
    for index, row in enumerate(rows(letters, 78, 46)):
        panel.chip(CHIP, row, letters, index, index not in off)
        panel.arrow(CHIP + 15, row, ENCODER - 36, row, faint=index in off)
        panel.box(ENCODER, row, 70, "encoder", "gone" if index in off else "learns")
        panel.arrow(ENCODER + 37, row, 180, 94 + 0.7 * (row - 94), faint=index in off)
    panel.box(ENCODER - 28, 170, 134, "one encoder for all", "gone" if gone else "learns", high=28)
    panel.arrow(141, 172, 258, 167, faint=gone)
    x, y, r = 266, 94, 70
    panel.oval(x, y, r, r, MUTED, 0.05)
    spots = [(x + r * cos(turn), y + r * sin(turn)) for turn in (-2.5, 2.9, 2.2)[: len(letters)]]
    for index, (a, b) in enumerate(spots):
        panel.chip(round(a, 1), round(b, 1), letters, index, index not in off, r=10)
    if gone:
        middle = [sum(spot[axis] for i, spot in enumerate(spots) if i != 1) / (len(spots) - 1) for axis in (0, 1)]
        panel.oval(middle[0], middle[1], 5, 5, ACCENT, 1)
        panel.text(middle[0] + 10, middle[1], "mean of the rest", size=11.5, at="start")
        panel.note("The mean of the codes present\nreplaces the joint code.")
        return
    panel.oval(x + r * cos(-0.5), y + r * sin(-0.5), 6, 6, ACCENT, 1)
    panel.text(x + 50, y - 36, "all together", size=11.5, at="end")
    panel.oval(x - 8, y + 16, 5, 5, WRONG, 1)
    panel.arrow(x - 1, y + 11, x + 32, y - 10, ACCENT, wide=2.4)
    panel.arrow(x - 4, y + 22, x + 16, y + 46, WRONG, wide=2.4)
    panel.text(x + 26, y + 8, "easier", size=11.5, at="start")
    panel.text(x + 20, y + 38, "harder", size=11.5, at="start")
    panel.note("Unimodal codes are pulled to the joint code.\nA mixture (orange) gets easier, then harder.")


PAINTERS: dict[str, Painter] = {
    "joint": _joint,
    "dropout": _dropout,
    "ensemble": _ensemble,
    "specialists": _specialists,
    "dmrnet": _dmrnet,
    "gmd": _gmd,
    "mmanet": _mmanet,
    "dimml": _dimml,
    "m3ixup": _m3ixup,
}
