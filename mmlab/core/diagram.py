"""The diagram of a method on its card, as data: what is trained, and what happens when an input is missing.

A `Diagram` has two panels of shapes on a sheet of 360 x 232; places are the centres of things. `mmlab.viz.methods`
draws it for the inputs of a task, at most three of them. In the second panel the second input is missing, and what
belongs to it is pale. Texts may hold line breaks, and are said in the language of the screen, in smaller letters where
they would not fit.
"""

from __future__ import annotations

from dataclasses import dataclass

ACCENT, MUTED, WRONG = "accent", "muted", "wrong"  # colours; the ink of the page without one
LEARNS, RESTS, GONE, PLAIN = "learns", "rests", "gone", "plain"  # looks of a box
TEXTS = ("network", "text", "mean")  # the fields of shapes that hold words


@dataclass(frozen=True)
class Inputs:
    """The inputs, one below the other, with a network for each. average: the mean input stands in for a missing one."""

    network: str = "encoder"
    average: bool = False
    middle: float = 100
    gap: float = 58


@dataclass(frozen=True)
class Each:
    """A box in the row of each input, at `x`; arrow_from: where an arrow to it begins, 0 for none."""

    x: float
    wide: float
    text: str
    high: float = 30
    arrow_from: float = 0


@dataclass(frozen=True)
class Join:
    """An arrow from the row of each input at `x` towards the middle at `to_x`.

    pull: how much of the distance between the rows is left there. first_wide: of the first arrow, where it counts more;
    only_present: none at all for what is missing.
    """

    x: float
    to_x: float
    pull: float = 0.5
    wide: float = 1.6
    first_wide: float = 0
    only_present: bool = False
    middle: float = 100


@dataclass(frozen=True)
class Exchange:
    """Arrows up and down between the rows of neighbouring inputs, at `x`."""

    x: float


@dataclass(frozen=True)
class Subsets:
    """A network for each combination, by size; when an input is missing, only that of the others is there."""


@dataclass(frozen=True)
class Chips:
    """The inputs side by side in one row; without_second: one is missing; pale: none of them counts."""

    y: float
    without_second: bool = False
    pale: bool = False


@dataclass(frozen=True)
class Codes:
    """The inputs as points on a circle; mean: a dot in the middle of those that are there, with this text."""

    x: float
    y: float
    radius: float
    mean: str = ""


@dataclass(frozen=True)
class Box:
    """A part of the network."""

    x: float
    y: float
    wide: float
    text: str
    look: str = LEARNS
    high: float = 30


@dataclass(frozen=True)
class Arrow:
    """An arrow, dashed where nothing goes along it."""

    x: float
    y: float
    to_x: float
    to_y: float
    colour: str = ""
    faint: bool = False
    wide: float = 1.6


@dataclass(frozen=True)
class Oval:
    """A distribution, a circle, or a dot."""

    x: float
    y: float
    width: float
    height: float
    colour: str = ACCENT
    fill: float = 0.15


@dataclass(frozen=True)
class Grid:
    """A small table of similarities, 4 x 4: 16 digits, 9 for the most alike."""

    x: float
    y: float
    side: float
    shades: str


@dataclass(frozen=True)
class Words:
    """A few words; at: `middle`, `start` or `end`."""

    x: float
    y: float
    text: str
    size: float = 12
    faint: bool = False
    at: str = "middle"


@dataclass(frozen=True)
class Note:
    """What to know, in one or two lines under the drawing."""

    text: str


Shape = Inputs | Each | Join | Exchange | Subsets | Chips | Codes | Box | Arrow | Oval | Grid | Words | Note


@dataclass(frozen=True)
class Diagram:
    """Both panels: `training`, and `missing` when the second input is not there."""

    training: tuple[Shape, ...]
    missing: tuple[Shape, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What stands in it, each once, for those who translate."""
        found = (getattr(shape, name, "") for shape in (*self.training, *self.missing) for name in TEXTS)
        return tuple(dict.fromkeys(text for text in found if text))
