"""Readers of what `mmlab control` leaves beside a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from mmlab.experiments.control import measure, policy
from tests.attack.readers import Files, reader

RETURNS = {"mean": -900.0, "over_seeds": 30.5, "over_episodes": 200.0, "seeds": [-930.0, -870.0], "episodes": 100}
CONTROL = {
    "version": 1,
    "digest": "d",
    "steps": 10_000,
    "algorithm": "SAC",
    "combinations": {"image": RETURNS, "sound": RETURNS, "image-sound": RETURNS},
    "state": RETURNS,
    "chance": RETURNS,
}


def _policy(place: Path) -> Files:
    made = policy.save(place, policy.Policy((16, 8), 2.0), policy.About("d", 0, 100, "SAC"))
    return {made.name: made.read_bytes()}


@reader("a policy of a controller", _policy)
def a_policy(content: bytes, name: str, place: Path) -> None:
    """Loaded, and asked for an action."""
    file = place / "read" / "policy-seed0.safetensors"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    acting, _ = policy.load(file)
    assert acting(torch.zeros(2, acting.sizes[0])).shape == (2,)


@reader("the returns of a controller", lambda place: {measure.CONTROL: json.dumps(CONTROL).encode()})
def returns(content: bytes, name: str, place: Path) -> None:
    """Read as the Bench does, and formatted."""
    (place / measure.CONTROL).write_bytes(content)
    found = measure.read(place, "d")
    assert all(f"{each['mean']:.0f} {len(each['seeds'])}" for each in found["combinations"].values())
