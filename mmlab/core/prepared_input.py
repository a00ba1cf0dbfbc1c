"""The model's view of one recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class PreparedInput:
    """One preprocessed input.

    tensor: `[*modality.shape]`, float32: exactly what the encoder sees.
    notes:  sentences for the person about what was done ("Resampled from 48,000 to 8,000 Hz.").
    words:  for a text, the word at each place of the tensor: its numbers alone cannot be read back.
    filled: how many numbers of the file were not finite, for which others stand.
    """

    tensor: Tensor
    notes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    filled: int = 0
