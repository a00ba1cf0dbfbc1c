"""How a figure moves from one frame to the next: the five motions, and involuntary sway."""

from __future__ import annotations

import numpy as np

from mmlab.tasks.generators.actions.figures import JOINTS, Floats, Generator, Person, Pose, capsules

SPEED = (0.11, 0.26)  # radians that the joints of a motion turn from one frame to the next
RESTLESS = 0.025  # standard deviation of what every joint turns besides, and a tenth of it of where the hip goes
TURNS = {  # of each motion how much each joint turns, in SPEED
    "lift": {"left arm": -1.0, "left forearm": -1.2, "right arm": 1.0, "right forearm": 1.2},
    "bend": {"left thigh": -1.2, "left shank": 1.2, "right thigh": 1.2, "right shank": -1.2},
    "pump": {"right arm": 0.7, "right forearm": 1.6},
    "swing": {"trunk": 0.35, "left arm": 1.0, "left forearm": 1.2, "right arm": 1.0, "right forearm": 1.2},
    "stride": {
        "left arm": 0.7,
        "left forearm": 0.7,
        "right arm": 0.7,
        "right forearm": 0.7,
        "left thigh": 1.0,
        "left shank": 1.4,
        "right thigh": -1.0,
        "right shank": -1.4,
    },
}


def next_pose(motion: str, person: Person, pose: Pose, rng: Generator) -> Pose:
    """The pose in the next frame. Which way a motion goes, and how fast, is drawn."""
    speed = rng.uniform(*SPEED) * rng.choice([-1.0, 1.0])
    turned = np.array([TURNS[motion].get(joint, 0.0) for joint in JOINTS]) * speed
    turned = turned + RESTLESS * rng.standard_normal(len(JOINTS))
    drift = RESTLESS / 10 * rng.standard_normal(2)
    if motion != "bend":
        return pose.moved(drift, turned)
    return pose.moved(drift + np.array([0.0, _lowered(person, pose, turned)]), turned)


def _lowered(person: Person, pose: Pose, turned: Floats) -> float:
    """How far the hip goes so that the feet stay where they are."""
    before, after = (_feet(person, each) for each in (pose, pose.moved(np.zeros(2), turned)))
    return before - after


def _feet(person: Person, pose: Pose) -> float:
    """How low the feet are, on average."""
    return float(capsules(person, pose).ends[[0, 2], 1, 1].mean())
