"""Does another variation of the sound in training help on a speaker whom no training heard?

Each of the three speakers that are heard in training is left out once, and a network that hears sound alone (that of
`ensemble`) learns from the other two and the synthetic voices, in each way; the epoch is chosen by synthetic voices,
too. What counts is how much of the speaker's clean recordings it recognises. The speakers of validation and test have
no say:

    MMLAB_DATA=/folder/with/the/npz/files python bench/left_out_voices.py --write docs/tables --fill docs/results.md

Goes on where an earlier call stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import real_data
from bench.put_down import add_options, put_down
from bench.spoken_classes import DIGITS, answers
from mmlab.core.batch import Samples
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Modalities
from mmlab.core.options import build
from mmlab.core.task import TaskInfo
from mmlab.core.training_plan import Plan
from mmlab.inference.device import device, one_thread
from mmlab.modalities.audio.augment import vary_sound
from mmlab.storage.atomic_files import write_atomically
from mmlab.tasks.digits import MODALITIES, Digits
from mmlab.tasks.generators.digits import real_recordings
from mmlab.training.loop import Trainer

WAYS: dict[str, dict[str, float]] = {
    "as shipped": {},
    "other pitches and speeds": {"faster": 0.3, "higher": 0.25, "shifted": 0.15},
    "louder in places": {"swell": 6.0},
    "with a hum": {"hum": 0.5},
    "louder in places, with a hum": {"swell": 6.0, "hum": 0.5},
}
FEWER = 2400  # training samples, of some 8,300, so that all of it takes minutes
FAILING = 2  # digits that are shown by themselves
Found = dict[str, dict[str, list[list[float]]]]


class Voices(Digits):
    """The sounds of the task `digits`, varied in another way."""

    info = TaskInfo("digits", Modalities([MODALITIES["sound"]]), Digits.info.output)

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = WAYS[way]

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Varied, a function of `seed`."""
        return {"sound": vary_sound(inputs["sound"], torch.Generator().manual_seed(seed), **self.way)}


def trained(task: Digits, seed: int, training: Samples, validation: Samples) -> Method:
    """The network after a training of as many epochs as usual."""
    torch.manual_seed(seed)
    kind = METHODS["ensemble"]
    method = kind(task.info, build(kind.Config, {}))
    plan = build(Plan, {**kind.plan, "source": "both", "samples": FEWER})
    trainer = Trainer(task, method, plan, seed, None, device(), {}, training, validation)
    for _ in trainer.epochs():
        pass
    return trainer.method


def without(samples: Samples, speakers: Sequence[str]) -> Samples:
    """The sounds of a split, without those of some speakers."""
    kept = samples.at([row for row, group in enumerate(samples.groups) if group not in speakers])
    place = MODALITIES.names.index("sound")
    return replace(kept, inputs={"sound": kept.inputs["sound"]}, present=kept.present[:, place : place + 1])


def recognised(task: Digits, method: Method, folder: Path, speaker: str) -> list[float]:
    """The share of each digit that is recognised among the clean recordings of a speaker."""
    found = real_recordings.load(folder / "fsdd.npz")
    ends = np.cumsum(found["length"])
    rows = np.flatnonzero(found["speaker"] == speaker)
    waves = [found["pcm"][ends[row] - found["length"][row] : ends[row]].astype(np.float32) / 32768 for row in rows]
    said = answers(task, method, waves)
    return [float((said[found["digit"][rows] == digit] == digit).mean()) for digit in range(DIGITS)]


class Kept:
    """Results by name in a file, each found once."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.found: dict[str, list[float]] = json.loads(file.read_text("utf-8")) if file.is_file() else {}

    def get(self, name: str, find: Callable[[], list[float]]) -> list[float]:
        """What is kept under a name, or found and kept."""
        if name not in self.found:
            self.found[name] = find()
            write_atomically(self.file, json.dumps(self.found, indent=1).encode())
            print(f"{name}: {self.found[name]}", flush=True)
        return self.found[name]


def heard(kept: Kept, folder: Path, seeds: int) -> Found:
    """By way and speaker left out of training: the share of each digit, by seed."""
    usual = Digits()
    speakers = real_recordings.speakers_of("train", usual.held_out)
    training, validation = usual.samples("train", "both"), without(usual.samples("valid"), ())

    def find(way: str, speaker: str, seed: int) -> list[float]:
        task = Voices(way)
        return recognised(task, trained(task, seed, without(training, (speaker,)), validation), folder, speaker)

    found: Found = {way: {speaker: [] for speaker in speakers} for way in WAYS}
    for seed in range(seeds):
        for way, of in found.items():
            for speaker, shares in of.items():
                how: Any = (way, speaker, seed)
                shares.append(kept.get(f"{way}|{speaker}|{seed}", lambda how=how: find(*how)))
    return found


def as_markdown(found: Found) -> str:
    """By way, what is recognised of each speaker, of all of them, and of the digits that fail most often."""
    speakers = list(next(iter(found.values())))
    shares = {way: np.array([of[speaker] for speaker in speakers]) for way, of in found.items()}  # [speaker, seed, 10]
    lowest = {way: each.mean(1).min(0) for way, each in shares.items()}  # of each digit, that of the worst speaker
    failing = sorted(np.argsort(np.mean(list(lowest.values()), 0), kind="stable")[:FAILING].tolist())
    head = ["variation", *speakers, "mean", *(f"{digit}, worst speaker" for digit in failing)]
    rows = []
    for way, each in shares.items():
        cells = [f"{100 * of_speaker.mean():.1f}" for of_speaker in each]
        rows.append([way, *cells, _spread(each), *(f"{100 * lowest[way][digit]:.0f}" for digit in failing)])
    count = len(next(iter(found.values()))[speakers[0]])
    over = f"; ± is the standard deviation over {count} seeds" if count > 1 else "; one seed"
    about = f"Recognised by sound alone, in %, of a speaker left out of training{over}."
    return "\n".join([*(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows)), "", about])


def _spread(shares: NDArray[np.float64]) -> str:
    """The mean of all, and how far it differs from seed to seed."""
    of_seeds = shares.mean((0, 2))
    spread = f" ± {100 * of_seeds.std(ddof=1):.1f}" if len(of_seeds) > 1 else ""
    return f"{100 * of_seeds.mean():.1f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/left_out_voices"), help="where results are kept")
    add_options(parser)
    options = parser.parse_args()
    one_thread()
    data = real_data.folder(parser)
    options.folder.mkdir(parents=True, exist_ok=True)
    found = heard(Kept(options.folder / "found.json"), data, options.seeds)
    put_down("left_out_voices", found, as_markdown(found), options.write, options.fill)


if __name__ == "__main__":
    main()
