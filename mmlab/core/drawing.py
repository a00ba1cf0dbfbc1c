"""What a drawing of an input is, and what draws the inputs of one kind. Plain data: neither torch nor a figure library.

Every kind of modality brings an `InputDrawing` (`mmlab.core.modality_kinds`); the figures ask it and know no kind.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mmlab.core.recordings import Raw

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Drawing:
    """An image with what it shows in words.

    crisp: its pixels are the data, do not smooth them. wide: it has axes, which need room.
    """

    content: bytes
    kind: str
    alt: str
    crisp: bool = False
    wide: bool = False

    @property
    def data_uri(self) -> str:
        """For `src=` in HTML."""
        return f"data:image/{self.kind};base64,{b64encode(self.content).decode()}"

    @property
    def html(self) -> str:
        """The image as an element."""
        look = ' class="mm-crisp"' if self.crisp else ' class="mm-wide"' if self.wide else ""
        return f'<img{look} src="{self.data_uri}" alt="{escape(self.alt, quote=True)}">'


@dataclass(frozen=True)
class Scale:
    """The labels of one axis: `at` in [0, 1] from the left or from the bottom."""

    title: str
    at: tuple[float, ...]
    text: tuple[str, ...]


@dataclass(frozen=True)
class Scales:
    """Both axes of a panel, and the names of its curves."""

    x: Scale
    y: Scale
    curves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paint:
    """The colours of a map: `colours` gives RGBA uint8 `[..., 4]`; `ground` lies under it, `ink` can be read on that.

    paper: whether the ground is light.
    """

    colours: Callable[[Floats], Pixels]
    ground: str
    ink: str
    paper: bool


@dataclass(frozen=True)
class MapPanel:
    """A map over what the model sees: the inside of an SVG of this size.

    said: the map in words, for those who do not see its colours. scales: the axes that fit, None for none.
    """

    width: int
    height: int
    inside: str
    said: str = ""
    scales: Scales | None = None


class InputDrawing(Protocol):
    """Draws the inputs of one kind. `array` is always what enters the encoder, without a batch dimension."""

    def recorded(self, raw: Any, colour: str, what: str) -> Drawing:
        """What a sensor recorded, or a person brought; `what` begins its description."""

    def thumbnail(self, raw: Any, colour: str) -> Drawing:
        """A small version for a gallery."""

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        """What the model sees. heat: a map in [0, 1] over it; of: its recording; words: of a text, by place."""

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        """A map of `values` over what the model sees."""

    def scales(self, shape: tuple[int, ...], raw: Raw) -> Scales | None:
        """The axes of a panel, where places of the tensor are seconds or hertz."""

    def greys(self, array: Floats) -> Floats:
        """Greys `[H, W]` in [0, 1] under regions. Raises Unsupported where places are not places of a picture."""
