"""Which spoken digits fail on a speaker whom no training heard, and why: clean recordings, sound alone, shipped models.

For the speakers of validation and test, the share of each digit that each shipped model recognises. For digits that
fail, what they are taken for, and the same recordings with what precedes or follows the vowel silenced, or louder.
Needs the real recordings:

    MMLAB_DATA=/folder/with/the/npz/files python bench/spoken_classes.py --write docs/tables --fill docs/results.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import real_data
from bench.put_down import add_options, put_down
from mmlab.core.method import METHODS, Method
from mmlab.core.recordings import Sound
from mmlab.core.task import Split
from mmlab.experiments.ablations import ordered
from mmlab.inference.device import one_thread
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import fuse_all
from mmlab.modalities.audio.spectrogram import HOP, RATE, mel_energies
from mmlab.storage.library import Library
from mmlab.tasks.digits import Digits
from mmlab.tasks.generators.digits import real_recordings

VOWEL = 0.1  # of the loudest frame: louder frames are the vowel
EDITS = {  # which part of a recording is multiplied by what
    "as it is": ("", 1.0),
    "silent before the vowel": ("before", 0.0),
    "silent after the vowel": ("after", 0.0),
    "10 dB louder after the vowel": ("after", 10**0.5),
}
DIGITS = 10
FAILS = 0.75  # of the recordings of a digit, by the median of the methods that were trained with missing inputs
Wave = NDArray[np.float32]


def edited(wave: Wave, part: str, factor: float) -> Wave:
    """The recording with what lies before or after its vowel multiplied by a factor."""
    if not part:
        return wave
    energy = mel_energies(wave - wave.mean()).sum(1)
    vowel = np.flatnonzero(energy > VOWEL * energy.max())
    first, last = vowel[0] * HOP, (vowel[-1] + 1) * HOP
    changed = wave - wave.mean()
    changed[slice(0, first) if part == "before" else slice(last, None)] *= factor
    return changed


def answers(task: Digits, method: Method, waves: Sequence[Wave]) -> NDArray[np.int64]:
    """What is heard in recordings at 8 kHz, `[n]`, through the same preparation as an upload."""
    tensors = torch.stack([task.prepare("sound", Sound(wave, RATE)).tensor for wave in waves])
    inputs = {m.name: torch.zeros(len(waves), *m.shape) for m in task.info.modalities} | {"sound": tensors}
    with torch.inference_mode():
        fused = fuse_all(method, inputs, [task.info.modalities.combination(["sound"])])[0]
    return fused.logits.argmax(1).cpu().numpy()


def measured(library: Library, folder: Path) -> dict[str, Any]:
    """By speaker: the share of each digit by method, and what becomes of those that fail when recordings are edited."""
    task = Digits()
    trained = {entry.reference.method for entry in library.entries("digits")}
    models = {name: Model.open(library.find("digits", name, "seed0")).method for name in ordered() if name in trained}
    splits: tuple[Split, ...] = ("valid", "test")
    return {real_recordings.speakers_of(s, task.held_out)[0]: _speaker(task, models, folder, s) for s in splits}


def _speaker(task: Digits, models: Mapping[str, Method], folder: Path, split: Split) -> dict[str, Any]:
    waves, labels, _ = real_recordings.voices(folder, split, task.held_out)
    said = {name: answers(task, model, waves) for name, model in models.items()}
    shares = {name: [float((each[labels == d] == d).mean()) for d in range(DIGITS)] for name, each in said.items()}
    usual = np.median([shares[name] for name in models if METHODS[name].trained_with_gaps], 0)
    failing = {}
    for digit in np.flatnonzero(usual < FAILS).tolist():
        chosen = [wave for wave, label in zip(waves, labels, strict=True) if label == digit]
        heard = {}
        for what, how in EDITS.items():
            changed = [edited(wave, *how) for wave in chosen]
            heard[what] = {n: float((answers(task, model, changed) == digit).mean()) for n, model in models.items()}
        wrong = {name: each[(labels == digit) & (each != digit)] for name, each in said.items()}
        taken = {name: int(np.bincount(each, minlength=DIGITS).argmax()) for name, each in wrong.items()}
        failing[digit] = {"recognised": heard, "taken for": taken}
    return {"split": split, "recordings": len(labels), "shares": shares, "failing": failing}


def as_markdown(found: Mapping[str, Any]) -> str:
    """A table per speaker, and one for each digit that fails."""
    parts = []
    for speaker, of in found.items():
        about = f"{speaker} ({of['split']}), {of['recordings']} clean recordings"
        rows = {name: [f"{100 * share:.0f}" for share in shares] for name, shares in of["shares"].items()}
        parts += [
            f"{about}: recognised by sound alone, in % of each digit.",
            "",
            *_table(map(str, range(DIGITS)), rows),
            "",
        ]
        for digit, failed in of["failing"].items():
            heard, taken = failed["recognised"], failed["taken for"]
            rows = {n: [str(taken[n]), *(f"{100 * heard[what][n]:.0f}" for what in EDITS)] for n in of["shares"]}
            parts += [f"The {digit} of {speaker}, recognised in %:", "", *_table(("taken for", *EDITS), rows), ""]
    return "\n".join(parts).rstrip()


def _table(heads: Iterable[str], rows: Mapping[str, Sequence[str]]) -> list[str]:
    head = ["method", *heads]
    lines = [[METHODS[name].title, *cells] for name, cells in rows.items()]
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", type=Path, help="a library other than checkpoints/")
    add_options(parser)
    options = parser.parse_args()
    one_thread()
    found = measured(Library(options.checkpoints), real_data.folder(parser))
    put_down("spoken_classes", found, as_markdown(found), options.write, options.fill)


if __name__ == "__main__":
    main()
