"""GMC's pendulum (Poklukar et al., ICML 2022): two frames and three microphones; what is the reward of a time step?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.tasks.generators.pendulum.dynamics import STRONGEST, reward, swing
from mmlab.tasks.generators.pendulum.senses import heard, seen
from mmlab.tasks.official.array_files import archive, check_there, rows_of
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, with_validation
from mmlab.tasks.official.pickled import saved_by_torch
from mmlab.tasks.official.plain_arrays import plain_arrays
from mmlab.tasks.official.stand_ins import put, resized

SIDE, STACK, RECEIVERS = 60, 2, ("LEFT_BOTTOM", "RIGHT_BOTTOM", "MIDDLE_TOP")
NAME = f"{{}}_pendulum_dataset_samples{{}}_stack{STACK}_freq440.0_vel20.0_rec{list(RECEIVERS)}"
PUBLISHED = {"train": 20_000, "test": 2_000}
PARTS = {"picture": "part0", "sound": "part1"}  # by their place in the file
REWARDS, ENDS = "part3", "part6"
LOWEST, HIGHEST = -16.3, 0.0  # what Pendulum-v1 gives at worst, rounded down, and at best
LEVEL = -2.5  # what lying level is worth at rest: (pi / 2) ** 2
STRETCH = 20  # steps, a second: moments that follow each other look alike
HEARD = tuple(
    f"{when} {where} {what}"
    for when in ("earlier", "now")
    for where in ("left", "right", "top")
    for what in ("pitch", "loudness")
)


@BENCHMARKS.register("gmc_pendulum")
class GmcPendulum(Benchmark):
    """The two files of GMC's `download_rl_dataset.sh`, converted: pictures, sounds, pushes, rewards, what follows."""

    title = "GMC Pendulum"
    about = "How much a moment of a swinging pendulum is worth, from two frames and from what three microphones hear."
    licence = "None is stated, neither with the files nor with the code that made them"
    origin = "https://github.com/miguelsvasco/gmc (gmc_code/download_rl_dataset.sh)"
    grouped_by = "stretch"
    output: ClassVar[Mapping[str, Any]] = {"kind": "regression", "low": LOWEST, "high": HIGHEST, "middle": LEVEL}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "reward",
            "The 20,000 and 2,000 moments that GMC learns its representation from, and the reward that stands beside "
            "each in the files.",
            "Asks for the reward, which GMC's encoders never see; a tenth of the training stretches of a second "
            "chooses the epoch, drawn by name; sounds are standardised.",
            "miguelsvasco/gmc",
            (
                {"name": "picture", "kind": "frames", "frames": STACK, "size": SIDE, "label": "Picture", "vary": False},
                {"name": "sound", "kind": "vector", "columns": list(HEARD), "label": "Sound"},
            ),
            PUBLISHED,
        ),
        Protocol(
            "gmc",
            "A controller (DDPG) on the codes of the frozen encoders, measured by the reward of whole episodes with "
            "one input gone.",
            "Not run on files: python -m mmlab control does it in the task pendulum, whose scene is the same.",
            "miguelsvasco/gmc",
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """A sample per reward."""
        found = []
        for split in ("train", "test"):
            file = _file(folder, split)
            rewards = archive(folder, file, REWARDS).reshape(-1)
            rows_of(folder, [f"{file}#{part}" for part in PARTS.values()], len(rewards))
            for row, value in enumerate(rewards.tolist()):
                if not LOWEST <= value <= HIGHEST:
                    message = f"'{file}', row {row}: the reward {value:.6g} is not between {LOWEST} and {HIGHEST:g}."
                    raise DataError(message, "Take the file again.")
                cells = {name: f"{file}#{part}.{row}" for name, part in PARTS.items()}
                name = f"{split}-{row:05d}"
                found.append(Sample(name, split, f"{value:.6g}", cells, f"{split} second {row // STRETCH:04d}"))
        return with_validation(found, lambda sample: sample.group)

    def miniature(self, folder: Path) -> None:
        """Six seconds to learn from and two to measure, as torch saves them and as archives."""
        for seed, (split, count) in enumerate({"train": 6 * STRETCH, "test": 2 * STRETCH}.items()):
            value = _swinging(count, np.random.default_rng(seed))
            name = NAME.format(split, count)
            put(folder / f"{name}.pt", saved_by_torch(value))
            with (folder / f"{name}.npz").open("wb") as opened:
                np.savez(opened, allow_pickle=False, **plain_arrays(value).arrays)


def _file(folder: Path, split: str) -> str:
    """The name of the archive of a split, whose number of samples stands in it. Raises DataError."""
    usual = NAME.format(split, PUBLISHED[split])
    start = NAME.partition("{}_")[2].partition("{}")[0]
    there = {end: sorted(each.name for each in folder.glob(f"{split}_{start}*{end}")) for end in (".npz", ".pt")}
    if len(there[".npz"]) > 1:
        names = " and ".join(f"'{name}'" for name in there[".npz"][:2])
        raise DataError(f"{names} are both of the split {split}.", "Leave one in the folder.")
    made_of = (there[".pt"] or [f"{usual}.pt"])[0]
    name = (there[".npz"] or [made_of.removesuffix(".pt") + ".npz"])[0]
    check_there(folder, name, made_of)
    return name


def _swinging(count: int, random: np.random.Generator) -> tuple[Any, ...]:
    """What GMC's files hold, of a pendulum that is pushed at random: as `generate_dataset` gathers it."""
    angle, speed = random.uniform(-np.pi, np.pi, 1), random.uniform(-1, 1, 1)
    angles, speeds, pushes = [angle, angle], [speed, speed], []  # the first moment stands twice in its stack
    for _ in range(count):
        pushes.append(random.uniform(-STRONGEST, STRONGEST, 1))
        angle, speed = swing(angle, speed, pushes[-1])
        angles.append(angle)
        speeds.append(speed)
    turned, fast = np.concatenate(angles), np.concatenate(speeds)
    frames = np.stack([resized(each, SIDE) > 60 for each in seen(turned)])
    pitch, loudness = np.split(heard(turned, fast), 2, 1)
    sounds = np.stack([pitch, loudness], -1)
    low, high = sounds.min((0, 1)), sounds.max((0, 1))
    stacks = [_stacked(each) for each in (frames, (sounds - low) / (high - low))]
    push = np.concatenate(pushes)
    worth = reward(turned[1:-1], fast[1:-1], push)
    ends = {"frequency": (low[0], high[0]), "amplitude": (low[1], high[1])}
    plain = (stacks[0][:-1], stacks[1][:-1], push[:, None], worth[:, None], stacks[0][1:], stacks[1][1:])
    return (*(each.astype(np.float32) for each in plain), np.zeros(count, np.float32), ends)


def _stacked(moments: NDArray[Any]) -> NDArray[Any]:
    """Each moment after the first behind the one before it: `[N - 1, 2, ...]`."""
    return np.stack([moments[:-1], moments[1:]], 1)
