"""Evaluation of controllers: every combination of inputs, the true state, and chance, on the same episodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import FiniteFloat
from typing_extensions import TypedDict

from mmlab.core.environment import Environment, Floats
from mmlab.core.errors import CheckpointError
from mmlab.core.method import Method
from mmlab.core.reference import Reference
from mmlab.experiments.control import policy as policies
from mmlab.experiments.control import rollouts
from mmlab.experiments.control.policy import Policy
from mmlab.storage import strict_json
from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.library import Library


class Returns(TypedDict):
    """Of some episodes per seed: the mean of their returns, and how far single seeds and single episodes lie apart."""

    mean: FiniteFloat
    over_seeds: FiniteFloat | None
    over_episodes: FiniteFloat
    seeds: list[FiniteFloat]
    episodes: int


class Control(TypedDict):
    """`control.json`: what controllers on the codes of a checkpoint get, beside the two lines."""

    version: int
    digest: str
    steps: int
    algorithm: str
    combinations: dict[str, Returns]
    state: Returns
    chance: Returns


CONTROL = "control.json"
AGAIN = "Measure it again: python -m mmlab control"
VERSION = 1
EPISODES, SEED = 100, 1000  # of the measurement: nobody was trained on these beginnings


def measured(
    environment: Environment, method: Method, trained: Sequence[Policy], episodes: int = EPISODES
) -> dict[str, Returns]:
    """By combination, the returns of policies that were trained with all inputs, one per seed."""
    found = {}
    for combination in method.modalities.subsets():
        acts = [rollouts.by_codes(environment, method, combination, each) for each in trained]
        found[combination.key] = _returns(environment, acts, episodes)
    return found


def of_state(environment: Environment, trained: Sequence[Policy], episodes: int = EPISODES) -> Returns:
    """The upper line: policies that see the state itself."""
    return _returns(environment, [rollouts.by_state(environment, each) for each in trained], episodes)


def of_chance(environment: Environment, episodes: int = EPISODES) -> Returns:
    """The lower line: random actions."""
    return _returns(environment, [rollouts.at_random(environment)], episodes)


def _returns(environment: Environment, acts: Sequence[rollouts.Act], episodes: int) -> Returns:
    """Of each way to act, on the same beginnings."""
    begin = rollouts.starts(environment, episodes, SEED)
    return summary([rollouts.play(environment, act, begin, SEED).returns for act in acts])


def write(folder: Path, found: Control) -> None:
    """`control.json` beside a checkpoint."""
    write_atomically(folder / CONTROL, (json.dumps(found, indent=1) + "\n").encode())


def read(folder: Path, digest: str) -> Control:
    """What was measured of the checkpoint of this digest. Raises CheckpointError."""
    found = _stored(folder)
    if found["digest"] != digest:
        raise CheckpointError("The controllers there belong to another checkpoint.", AGAIN)
    return found


def state_known(library: Library, task: str, asked: tuple[str, int], seeds: int, episodes: int) -> Returns | None:
    """The upper line where it was measured beside another model: it is the task's, and says nothing of the model.

    asked: algorithm and steps of each training. None where no run has as many seeds of the same.
    """
    found = []
    for run in runs(library, task):
        try:
            there = _stored(Path(run.path))
        except CheckpointError:
            continue
        line = there["state"]
        if (there["algorithm"], there["steps"], line["episodes"]) == (*asked, episodes) and len(line["seeds"]) >= seeds:
            found.append(line)
    return max(found, key=lambda line: len(line["seeds"]), default=None)


def _stored(folder: Path) -> Control:
    """What a `control.json` says, whatever the checkpoint beside it. Raises CheckpointError."""
    try:
        content = (folder / CONTROL).read_bytes()
    except OSError as error:
        raise CheckpointError("No controller was trained on this model.", AGAIN) from error
    found: Control = strict_json.checked(content, Control, CONTROL, AGAIN, refuse=CheckpointError)
    if found["version"] != VERSION:
        raise CheckpointError(f"{CONTROL} was written by another version of mmlab.", AGAIN)
    return found


def summary(returns: Sequence[Floats]) -> Returns:
    """Of the returns `[N]` of each seed."""
    means = [float(each.mean()) for each in returns]
    return {
        "mean": float(np.mean(means)),
        "over_seeds": float(np.std(means, ddof=1)) if len(means) > 1 else None,
        "over_episodes": float(np.concatenate(returns).std(ddof=1)),
        "seeds": means,
        "episodes": len(returns[0]),
    }


def runs(library: Library, task: str) -> list[Reference]:
    """The runs of a task on whose codes controllers were trained and measured."""
    return [each for each in library.references(task) if (Path(each.path) / CONTROL).is_file()]


def policies_in(folder: Path) -> list[Path]:
    """The files of policies beside a checkpoint, by seed."""
    return sorted(folder.glob(policies.POLICY.format(seed="*")))


def controller(folder: Path, digest: str) -> Policy:
    """The first controller beside the checkpoint of this digest. Raises CheckpointError: none, or of other codes."""
    again = "Run: python -m mmlab control"
    files = policies_in(folder)
    if not files:
        raise CheckpointError("The controllers of this model are not there.", again)
    found, about = policies.load(files[0])
    if about.digest != digest:
        raise CheckpointError("The controllers there were trained on the codes of another checkpoint.", again)
    return found
