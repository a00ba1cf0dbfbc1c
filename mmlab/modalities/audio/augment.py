"""Variation of spectrograms while a model learns."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from mmlab.modalities.random_draws import even_draw

NATS = 3.0  # that one spread of a log-mel spectrogram is, about
DECIBELS = 10 / math.log(10)  # that one of these nats of energy is
SWELLS = 8  # knots of loudness over a recording
HUM_BANDS = 6  # of 32: below some 400 Hz


def vary_sound(
    batch: Tensor,
    generator: torch.Generator,
    faster: float = 0.2,
    higher: float = 0.14,
    shifted: float = 0.08,
    swell: float = 0.0,
    hum: float = 0.0,
) -> Tensor:
    """Other speakers, speeds and rooms for log-mel spectrograms `[B, 1, bands, frames]` of mean 0 and spread 1.

    Stretches and shifts both axes, tilts the spectrum, raises the noise floor, and hides a few rows and columns.
    faster, higher, shifted: the most that time and pitch are stretched and that pitch is moved, as shares.
    swell: standard deviation, in dB, of how much louder or softer single moments become. hum: in what share of the
    recordings a hum fills what is silent.
    """
    rows, _, bands, frames = batch.shape
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0], matrix[:, 1, 1] = (
        1 + even_draw(rows, faster, generator),
        1 + even_draw(rows, higher, generator),
    )
    matrix[:, 0, 2], matrix[:, 1, 2] = (
        even_draw(rows, 0.15, generator),
        even_draw(rows, shifted, generator),
    )
    grid = functional.affine_grid(matrix, [rows, 1, bands, frames], align_corners=False)
    varied = functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)
    pitch = torch.linspace(-1, 1, bands).view(1, 1, bands, 1)
    varied = varied + even_draw(rows, 0.5, generator).view(-1, 1, 1, 1) * pitch
    if swell:
        varied = varied + _swell(rows, frames, swell, generator)
    if hum:
        varied = _hummed(varied, hum, generator)
    floor = torch.rand(rows, 1, 1, 1, generator=generator) * 1.6 - 1.6
    varied = torch.logaddexp(varied * NATS, floor * NATS) / NATS
    hidden = _stripe(rows, bands, 5, generator).view(rows, 1, bands, 1)
    hidden = hidden | _stripe(rows, frames, 10, generator).view(rows, 1, 1, frames)
    varied = varied.masked_fill(hidden, 0.0)
    centred = varied - varied.mean((1, 2, 3), keepdim=True)
    return centred / centred.std((1, 2, 3), keepdim=True).clamp(min=1e-3)


def _swell(rows: int, frames: int, spread: float, generator: torch.Generator) -> Tensor:
    """How much louder each moment becomes, `[rows, 1, 1, frames]`: even between knots drawn with this spread in dB."""
    knots = torch.randn(rows, 1, SWELLS, generator=generator) * (spread / DECIBELS / NATS)
    return functional.interpolate(knots, frames, mode="linear", align_corners=True)[:, :, None]


def _hummed(values: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Spectrograms of which this share has a steady sound in the low bands, fainter towards the higher ones."""
    rows, _, bands, _ = values.shape
    level = torch.rand(rows, 1, 1, 1, generator=generator) * 2.5 - 1.5
    level = level - torch.arange(bands).view(1, 1, bands, 1) / HUM_BANDS
    with_hum = torch.logaddexp(values * NATS, level * NATS) / NATS
    return torch.where(torch.rand(rows, 1, 1, 1, generator=generator) < share, with_hum, values)


def _stripe(rows: int, length: int, widest: int, generator: torch.Generator) -> Tensor:
    """One run of up to `widest` hidden places per row, bool `[rows, length]`."""
    width = torch.randint(0, widest + 1, (rows, 1), generator=generator)
    start = torch.randint(0, length, (rows, 1), generator=generator)
    place = torch.arange(length)
    return (place >= start) & (place < start + width)


def vary_tone(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Other rooms and microphones for a voice whose speed and pitch are what it is about."""
    return vary_sound(batch, generator, faster=0.05, higher=0.03, shifted=0.03)
