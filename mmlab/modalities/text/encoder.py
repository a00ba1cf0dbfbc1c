"""The encoder of texts: hash embeddings, one convolution over neighbours, maximum and mean over words."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmlab.core.modality import WORD_IDS
from mmlab.networks.encoders import Encoder, block1d, neck

WORD_SIZE, WORDS_LOST = 8, 0.3


class Words(nn.Module):
    """Two numbers per word `[B, 2, L]` to maps `[B, C, L]`: what is known of both numbers, added up, and neighbours.

    Hash embeddings (Svenstrup et al., NeurIPS 2017) without importance weights. Places without a word are zero. Small
    first values and dropout, because most words are met a few times only.
    """

    def __init__(self, channels: int, size: int = WORD_SIZE) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(WORD_IDS, size, padding_idx=0) for _ in range(2))
        for table in self.tables:
            nn.init.normal_(table.weight[1:], std=0.02)  # type: ignore[index]
        self.lost = nn.Dropout(WORDS_LOST)
        self.near = block1d(size, channels, 1, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        ids = inputs.nan_to_num(0.0, 0.0, 0.0).clamp(0, WORD_IDS - 1).long()
        known = sum(table(row) for table, row in zip(self.tables, ids.unbind(1), strict=True))
        return self.near(self.lost(known).transpose(1, 2)) * (ids[:, :1] > 0)


class Pooled(nn.Module):
    """The largest and the mean value of each channel over the words: `[B, 2 C]`; zero where there is no word."""

    def forward(self, maps: Tensor) -> Tensor:
        said = (maps != 0).any(1, keepdim=True).sum(2).clamp(min=1)
        return torch.cat((maps.amax(2), maps.sum(2) / said), 1)


def encoder(width: int, size: int) -> Encoder:
    """Words `[B, 2, L]` to maps of `3 * width / 2` channels, then a feature of `size`."""
    channels = 3 * width // 2
    return Encoder(Words(channels), nn.Sequential(Pooled(), *neck(2 * channels, size)))
