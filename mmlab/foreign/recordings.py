"""Displayable recordings of tensors: images, curves, numbers and words, and the way back if a `transform` was given.

A recording made from a tensor carries it, so that what is shown as a picture of 256 greys enters the model unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.errors import DataError
from mmlab.core.modality import Modality
from mmlab.core.recordings import Clip, Picture, Raw, Series, Sound, Text, Vector
from mmlab.core.spans import divisor
from mmlab.foreign.inputs import Input
from mmlab.foreign.packing import Packing, as_tensor
from mmlab.modalities.audio.decode import encode_sound, read_sound
from mmlab.modalities.image.decode import encode_picture, read_picture

MOST_NAMES = 512
NOTHING = np.zeros(0, np.float32)


@dataclass(frozen=True)
class TensorPicture(Picture):
    """A picture of a tensor. array: `[*shape]`, what enters the model."""

    array: NDArray[np.float32] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True)
class TensorClip(Clip):
    """Frames of a tensor, see `TensorPicture`."""

    array: NDArray[np.float32] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True)
class TensorSound(Sound):
    """A wave that is a tensor, see `TensorPicture`."""

    array: NDArray[np.float32] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True)
class TensorSeries(Series):
    """Curves of a tensor, see `TensorPicture`."""

    array: NDArray[np.float32] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True)
class TensorVector(Vector):
    """The numbers of a tensor, see `TensorPicture`."""

    array: NDArray[np.float32] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True)
class TensorText(Text):
    """The words of a tensor of ids, see `TensorPicture`; words: one for each place."""

    array: NDArray[np.float32] = field(default_factory=lambda: NOTHING)
    words: tuple[str, ...] = ()


Made = TensorPicture | TensorClip | TensorSound | TensorSeries | TensorVector | TensorText


def shown(world: Tensor, modality: Modality, given: Input, packing: Packing) -> Made:
    """One input `[*shape]` as the user sees it."""
    array = world.detach().float().numpy()
    if modality.kind == "image" and array.ndim == 3:
        return TensorPicture(pixels_of(array, given), array=array)
    if modality.kind == "frames" and array.ndim == 4:
        frames = pixels_of(array.reshape(len(array), -1, array.shape[-1]), given)  # all on one scale of brightness
        return TensorClip(frames.reshape(*array.shape[1:], *frames.shape[2:]), array=array)
    if modality.kind == "text":
        said = words_of(world, given, packing)
        return TensorText(" ".join(word for word in said if word), array=array, words=said)
    if modality.kind == "series" and len(array) == 1 and given.rate > 0 and _is_sound(given):
        loudest = max(float(np.abs(array).max()), 1e-9)
        return TensorSound(np.clip(array[0] / max(loudest, 1.0), -1, 1), round(given.rate), array=array)
    if modality.kind == "sound" or (modality.kind == "image" and array.ndim == 2):
        return TensorPicture(pixels_of(array[:1] if array.ndim == 3 else array[None], given), array=array)
    if modality.kind == "series":
        names = tuple(f"{modality.label} {i + 1}" for i in range(len(array))) if len(array) > 1 else (modality.label,)
        return TensorSeries(array.T.copy(), given.rate or 1.0, names, array=array)
    flat = array.reshape(-1)[:MOST_NAMES]
    return TensorVector(flat, tuple(str(i + 1) for i in range(len(flat))), array=array)


def _is_sound(given: Input) -> bool:
    return given.kind in ("", "sound") and given.rate >= 1000


def pixels_of(array: NDArray[Any], given: Input) -> NDArray[np.uint8]:
    """Planes `[C, H, W]` as 8-bit greys or colours: normalisation undone where it is known, else from least to most."""
    planes = array[:3] if len(array) >= 3 else array[:1]
    if given.mean or given.std:
        planes = planes * _wide(given.std, 1.0, len(planes)) + _wide(given.mean, 0.0, len(planes))
    elif planes.min() < 0 or planes.max() > 1:
        low, high = float(planes.min()), float(planes.max())
        planes = (planes - low) / divisor(high - low)
    pixels = np.round(np.clip(planes, 0, 1) * 255).astype(np.uint8)
    return pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)


def _wide(values: Sequence[float], default: float, count: int) -> NDArray[np.float32]:
    every = list(values) or [default]
    found = [every[i] if i < len(every) else every[-1] for i in range(count)]
    return np.array(found, np.float32)[:, None, None]


def words_of(world: Tensor, given: Input, packing: Packing) -> tuple[str, ...]:
    """The word at each place; without `words=`, its id. Masked places, and those behind the text, are empty."""
    parts = packing.unpack(world[None])
    ids = next(iter(parts.values()))[0]
    if given.words is None:
        found = [str(int(each)) for each in ids.reshape(-1)]
    else:
        found = [str(word) for word in given.words(ids)]
        if len(found) != world.shape[-1]:
            raise DataError(
                f"words= of '{packing.name}' gave {len(found)} words for {world.shape[-1]} ids.",
                "Give one word for each place.",
            )
    masks = [value[0] for key, value in parts.items() if "mask" in key]
    on = masks[0].reshape(-1) > 0.5 if masks else ids.reshape(-1) != 0
    return tuple(word if is_on else "" for word, is_on in zip(found, on.tolist(), strict=True))


def is_invertible(given: Input, modality: Modality, array: NDArray[Any]) -> bool:
    """Whether what is shown can be corrupted and fed back: it goes through `transform`, at its own brightness."""
    if given.transform is None:
        return False
    if modality.kind == "image":
        return bool(given.mean) or bool(array.min() >= 0 and array.max() <= 1)
    return (modality.kind == "text" and given.words is not None) or _is_sound(given)


def plain(made: Made) -> Raw:
    """The same recording without its tensor, as a recording that can be corrupted."""
    if isinstance(made, TensorPicture):
        return Picture(made.pixels, made.note)
    if isinstance(made, TensorSound):
        return Sound(made.wave, made.rate, made.note)
    return Text(made.text) if isinstance(made, TensorText) else made


def digest_of(raw: Raw) -> str:
    """What tells one recording from another."""
    if isinstance(raw, Text):
        return hashlib.sha256(raw.text.encode()).hexdigest()
    values = raw.pixels if isinstance(raw, Picture | Clip) else raw.wave if isinstance(raw, Sound) else np.zeros(0)
    return hashlib.sha256(np.ascontiguousarray(values).tobytes() + str(values.shape).encode()).hexdigest()


def file_kind(modality: Modality, given: Input) -> str:
    """What files of this input are decoded as before `transform` gets them: image, sound or text; empty for nothing."""
    if modality.kind in ("image", "text"):
        return modality.kind
    return "sound" if _is_sound(given) or modality.kind == "sound" else ""


def read(content: bytes, name: str, modality: Modality, given: Input, packing: Packing) -> Raw:
    """A file that a visitor brought, decoded safely. Raises DataError."""
    if given.transform is None:
        raise DataError(
            f"{modality.label} cannot be brought as a file.",
            f"Give transform= to Input({packing.name!r}): from the content of a file to what the model takes.",
        )
    kind = file_kind(modality, given)
    if kind == "image":
        return read_picture(content)
    if kind == "sound":
        return read_sound(content)
    if kind == "text":
        try:
            return Text(content.decode("utf-8").strip())
        except UnicodeDecodeError as error:
            raise DataError(f"{name or 'The file'} is not plain text.", "Bring a text file in UTF-8.") from error
    return shown(transformed(content, given, packing), modality, given, packing)


def prepared(raw: Raw, given: Input, packing: Packing) -> Tensor:
    """A recording as what enters the model `[*shape]`. Raises DataError where it cannot be brought there."""
    array = getattr(raw, "array", None)
    if array is not None:
        return torch.from_numpy(np.array(array, np.float32))
    if given.transform is None:
        raise DataError(
            f"This recording cannot be brought to what '{packing.name}' takes.", "Give transform= to its Input."
        )
    if isinstance(raw, Picture):
        return transformed(encode_picture(raw), given, packing)
    if isinstance(raw, Sound):
        return transformed(encode_sound(raw, "PCM_16"), given, packing)
    if isinstance(raw, Text):
        return transformed(raw.text.encode(), given, packing)
    raise DataError(f"A {type(raw).__name__.lower()} cannot be brought to '{packing.name}'.", "Bring the file itself.")


def transformed(content: bytes, given: Input, packing: Packing) -> Tensor:
    """What the person's `transform` makes of a file, as `[*shape]`. Raises DataError where that does not fit."""
    assert given.transform is not None
    try:
        made = given.transform(content)
    except Exception as error:
        from mmlab.foreign.error_location import in_one_line

        raise DataError(
            f"transform= of '{packing.name}' failed: {in_one_line(error)}", "Mend it, or bring another file."
        ) from error
    values = dict(made) if hasattr(made, "keys") else {packing.parts[0].key: made}
    missing = [part.key for part in packing.parts if part.key not in values]
    if missing:
        raise DataError(f"transform= of '{packing.name}' gave no '{missing[0]}'.", "Return a mapping with every key.")
    if packing.channels:
        plane = as_tensor(values[packing.parts[0].key], packing.parts[0].key).float()
        if tuple(plane.shape) in (packing.shape, packing.shape[1:]):  # its own planes, not the whole shared tensor
            return plane.reshape(packing.shape)
    packed = packing.pack(values)
    if packed is None:
        raise DataError(f"transform= of '{packing.name}' gave None.", "Return a tensor.")
    return packed
