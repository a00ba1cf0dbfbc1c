"""Kinds of modality: everything that depends on what sort of input it is, one class and one folder per kind.

>>> modality_kind("sound").read(content, "a.wav")
>>> modality_kind("sound").encoder((1, 32, 64), 16, 64)

A kind is a class in a folder of `mmlab/modalities/` (or a plug-in) under `@MODALITY_KINDS.register("name")`. Its
methods import what they need when they are called, so that asking for one thing of a kind loads nothing else of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.errors import Unsupported
from mmlab.core.folder_input import FolderInput
from mmlab.core.recordings import Raw
from mmlab.core.registry import Registry
from mmlab.core.time_axis import TimeAxis

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


class ModalityKind(ABC):
    """One kind of modality.

    noun:       what one is called in a sentence: "a picture".
    recording:  the type of its recordings; no other kind has the same one.
    endings:    of files that can be uploaded, without the dot.
    ways:       the input controls, in order (`mmlab/ui/inputs`, by name).
    shared_way: the control for all inputs of the kind at once, if a task has several; empty for none.
    discrete:   whether its numbers are ids, which have neither a mean nor interpolation.
    spatial:    whether its tensors are `[C, H, W]`, or `[C, D, H, W]`, with the positions of an image or of a scan, so
                that it can be segmented.
    unit_range: whether its tensors lie in [0, 1], as pictures do.
    quick:      whether its encoder is so small that several trial trainings are affordable before the actual one.
    sliced:     whether a recording is a slice of something, and is called that when samples are counted.
    glance:     how quickly it is recognised, for the thumbnail of a sample: the kind with the smallest number is drawn.
    """

    noun: ClassVar[str]
    recording: ClassVar[type[Raw]]
    endings: ClassVar[tuple[str, ...]] = ()
    ways: ClassVar[tuple[str, ...]] = ("file",)
    shared_way: ClassVar[str] = ""
    discrete: ClassVar[bool] = False
    spatial: ClassVar[bool] = False
    sliced: ClassVar[bool] = False
    glance: ClassVar[int] = 100
    quick: ClassVar[bool] = False
    unit_range: ClassVar[bool] = False

    @abstractmethod
    def read(self, content: bytes, name: str = "") -> Raw:
        """Decode a file from untrusted sources, safely. Raises DataError."""

    @abstractmethod
    def example(self) -> bytes:
        """A small file of this kind that `read` accepts, with which the contract tests everything else."""

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        """A recording as files that a user could upload instead, by ending; by default there is none.

        among: the recordings that it lies among, itself one of them, such as the slices of a volume from below.
        """
        return {}

    def written_together(self, recordings: Mapping[str, Any]) -> Mapping[str, bytes]:
        """The same for one file of several inputs, by name, as the shared way takes it."""
        return {}

    @abstractmethod
    def drawing(self) -> InputDrawing:
        """What draws its recordings and tensors."""

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        """The inputs available in `task.json`, by name: how files of this kind become model inputs."""
        return {}

    def corruptions(self) -> Mapping[str, Corruption]:
        """The corruptions of a recording, by name."""
        return {}

    def corrupt(self, raw: Any, act: Act, strength: float, rng: np.random.Generator) -> Raw:
        """The recording after one of its corruptions, of the same type."""
        corrupted: Raw = act(raw, strength, rng)
        return corrupted

    def time_axis(self) -> TimeAxis | None:
        """The time axis of its recordings, if the kind has one: a stretch of them can then be blanked."""
        return None

    def steps(self, raw: Any) -> tuple[tuple[str, Raw], ...]:
        """The successive steps of a recording, each with its time in words, for kinds that extend over time."""
        return ()

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Augmentation of tensors `[B, *shape]` with any content; by default none."""
        return batch

    def plain(self, batch: Tensor) -> Tensor:
        """The uninformative baseline of `[B, *shape]`: each channel at its mean, a vector or words at zero."""
        if self.discrete or batch.dim() < 3:
            return batch.new_zeros(batch.shape)
        return batch.mean(tuple(range(2, batch.dim())), keepdim=True).expand_as(batch).clone()

    def thinned(self, batch: Tensor, share: float, generator: torch.Generator) -> Tensor:
        """Training tensors with this share of their numbers dropped; by default unchanged."""
        return batch

    def word_ids(self, word: str) -> tuple[int, int]:
        """The two numbers by which a word is known, for kinds of words. Raises Unsupported for any other."""
        raise Unsupported(f"There are no words in {self.noun}.", "Ask a text.")

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        """A network `[B, *shape]` -> a feature of one level `[B, size]`, with maps of about `width` channels.

        Raises Unsupported for a kind that has none.
        """
        raise Unsupported(f"There is no encoder that makes a vector of {self.noun}.", "Ask for regions instead.")


MODALITY_KINDS: Registry[type[ModalityKind]] = Registry("kind of modality", "mmlab.modalities")


def modality_kind(name: str) -> ModalityKind:
    """The kind of this name. Raises UnknownName for one that does not exist."""
    return _made(MODALITY_KINDS[name])


@lru_cache(maxsize=64)
def _made(kind: type[ModalityKind]) -> ModalityKind:
    return kind()


def kind_of_recording(raw: Raw) -> ModalityKind:
    """The kind that a recording is of: that of its type, or of the nearest type above it. Raises Unsupported."""
    by_type = {MODALITY_KINDS[name].recording: name for name in MODALITY_KINDS}
    for above in type(raw).__mro__:
        if above in by_type:
            return modality_kind(by_type[above])
    raise Unsupported(f"Recordings of type {type(raw).__name__} belong to no kind of modality.", "Register the kind.")
