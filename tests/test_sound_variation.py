"""Variation of sounds in training: louder moments, and a hum."""

from __future__ import annotations

import torch

from mmlab.modalities.audio.augment import HUM_BANDS, vary_sound


def flat(rows: int = 64) -> torch.Tensor:
    """Silence with a loud moment in the middle."""
    sounds = torch.full((rows, 1, 32, 64), -1.0)
    sounds[..., 28:36] = 2.0
    return sounds


def varied(**how: float) -> torch.Tensor:
    return vary_sound(flat(), torch.Generator().manual_seed(0), faster=0, higher=0, shifted=0, **how)


def test_moments_become_louder_or_softer_alike_in_all_bands() -> None:
    spread = {swell: varied(swell=swell)[:, 0, :, :24].mean(1).std(1).mean() for swell in (0.0, 6.0, 12.0)}
    assert spread[0.0] < spread[6.0] < spread[12.0]


def test_a_hum_fills_what_is_silent_from_below_in_a_share_of_the_recordings() -> None:
    silent = {hum: varied(hum=hum)[..., :20].mean((1, 3)) for hum in (0.0, 0.5, 1.0)}
    rise = {hum: each[:, :HUM_BANDS].mean(1) - each[:, -HUM_BANDS:].mean(1) for hum, each in silent.items()}
    assert rise[0.0].mean() < rise[0.5].mean() < rise[1.0].mean()
    assert torch.isfinite(varied(hum=1.0, swell=6.0)).all()
    torch.testing.assert_close(varied(hum=1.0).std((1, 2, 3)), torch.ones(64), rtol=1e-3, atol=1e-3)
