"""The description of one input of a custom model, and the arguments of `forward` that it consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from mmlab.core.errors import DataError
from mmlab.core.modality import NAME

AXES = ("CT", "TC", "CHW", "HWC", "HW", "FT", "TF", "CTHW", "TCHW", "THWC")
ROWS_APART = ("none", "drop")  # ways to be absent that change the call itself, so rows are grouped by combination
WAYS = {
    "zeros": "zeros",
    "mean": "its mean",
    "none": "None",
    "drop": "nothing (its argument is left out)",
    "donor": "the input of another sample",
}  # each with what then stands in, in words


@dataclass(frozen=True)
class Input:
    """One input of a registered model.

    key:       the argument of `forward`, which is also the key in a sample; several for one input; its name by default.
    kind:      image, sound, series, vector, text, frames; guessed from the tensor by default.
    absent:    what replaces it if it is absent: a word of `WAYS`, a number, a tensor, or a mapping of these by key.
    channel:   which plane or planes of a shared tensor it is.
    look:      the layer for Grad-CAM: "module", "module#1" (its second call), or "input"; traced by default.
    reshape:   from the output of that layer to `[B, C, *positions]`.
    axes:      the order of the axes of one sample, such as "TC" for time first, "HWC" for channels last,
               or "TCHW" for the frames of a clip.
    transform: from the content of a file (bytes) to this input of a sample; lets visitors upload files.
    mean, std: the normalisation of images, by channel; rate: values per second; words: from the tensor of
               ids `[L]` to the words; label: its name on screen. All of these are for display only.

    >>> mmlab.Input(["ids", "mask"], kind="text", absent="mean").keys
    ('ids', 'mask')
    """

    key: str | Sequence[str] | None = None
    kind: str = ""
    absent: Any = None
    channel: int | Sequence[int] | None = None
    look: str = ""
    reshape: Callable[[Tensor], Tensor] | None = None
    axes: str = ""
    transform: Callable[[bytes], Any] | None = None
    mean: Sequence[float] = ()
    std: Sequence[float] = ()
    rate: float = 0.0
    words: Callable[[Tensor], Sequence[str]] | None = None
    label: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, once the name is known (`read_inputs`)."""
        if self.key is None:
            return ()
        return (self.key,) if isinstance(self.key, str) else tuple(self.key)

    @property
    def channels(self) -> tuple[int, ...]:
        """The planes of the shared tensor; none where the tensor is its own."""
        if self.channel is None:
            return ()
        return (self.channel,) if isinstance(self.channel, int) else tuple(self.channel)


def read_inputs(given: Sequence[str] | Mapping[str, Any]) -> dict[str, Input]:
    """`inputs=` as one `Input` per modality. Raises DataError for names and values that cannot be meant."""
    if isinstance(given, str) or not given:
        raise DataError(
            f"inputs= is {given!r}.", 'Give names, inputs=["rgb", "depth"], or a mapping from names to keys.'
        )
    pairs = given.items() if isinstance(given, Mapping) else ((name, None) for name in given)
    return {name: _read(name, value) for name, value in pairs}


def _read(name: str, value: Any) -> Input:
    if not NAME.fullmatch(str(name)):
        raise DataError(f"'{name}' cannot name an input.", "Use a-z, 0-9 and _ only; label= is for people.")
    if value is None or isinstance(value, str):
        return Input(value or name)
    if isinstance(value, Input):
        found = value if value.key is not None else replace(value, key=name)
    elif isinstance(value, Sequence) and value and all(isinstance(each, str) for each in value):
        found = Input(tuple(value))
    else:
        raise DataError(f"'{name}' is given as {value!r}.", "Give a key, several keys, or Input(...).")
    if found.axes and found.axes not in AXES:
        raise DataError(f"'{name}' has axes={found.axes!r}.", f"They are one of: {', '.join(AXES)}.")
    if len(found.keys) > 1 and found.channels:
        raise DataError(f"'{name}' has several keys and a channel.", "A channel is a plane of one tensor.")
    _check_absent(name, found.absent)
    return found


def _check_absent(name: str, absent: Any) -> None:
    values = absent.values() if isinstance(absent, Mapping) else [absent]
    for value in values:
        if isinstance(value, str) and value not in WAYS:
            raise DataError(
                f"'{name}' has absent={value!r}.",
                f"It is one of {', '.join(WAYS)}, a number, a tensor, or these by key.",
            )


def check_default_absent(absent: Any) -> None:
    """Whether `register(absent=)` can be meant. Raises DataError."""
    _check_absent("register", absent)


def absence_in_words(inputs: Mapping[str, Input], default: Any, present: str) -> str:
    """What stands in for an absent input, in sentences. present: the argument that tells `forward` what is there."""
    ways = {name: _way(default if each.absent is None else each.absent) for name, each in inputs.items()}
    if len(set(ways.values())) == 1:
        said = f"An absent input is replaced by {next(iter(ways.values()))}."
    else:
        said = f"Absent inputs are replaced: {', '.join(f'{name} by {way}' for name, way in ways.items())}."
    return f"{said} The model is told by its argument {present}." if present else said


def _way(absent: Any) -> str:
    if isinstance(absent, str):
        return WAYS[absent]
    if isinstance(absent, Mapping):
        return " and ".join(f"{_way(way)} for {key}" for key, way in absent.items())
    return "a given tensor" if isinstance(absent, Tensor) else f"{absent:g}"
