"""Real people's digits through the same path as an upload: file bytes -> read -> prepare -> one modality alone.

For each of the five speakers of FSDD a model is trained without that speaker, then hears that speaker's clean
recordings; MNIST pictures that no model was trained on are read as PNG files. Needs the real recordings:

    MMLAB_DATA=/folder/with/the/npz/files python bench/real_digits.py --write docs/tables --fill docs/results.md
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import real_data
from bench.put_down import add_options, put_down
from mmlab.core.method import METHODS, Method
from mmlab.core.options import build
from mmlab.core.training_plan import Plan
from mmlab.inference.device import device, one_thread
from mmlab.inference.sweep import fuse_all
from mmlab.tasks.digits import Digits
from mmlab.tasks.generators.digits import real_recordings
from mmlab.training.loop import Trainer

PICTURES = 2000


def train_without(speaker: str, name: str, folder: Path) -> tuple[Digits, Method]:
    """A model that has never heard `speaker`; goes on where an earlier call was cut off."""
    task = Digits(held_out=speaker)
    kind = METHODS[name]
    torch.manual_seed(0)
    trainer = Trainer(
        task=task,
        method=kind(task.info, build(kind.Config, {})),
        plan=build(Plan, {**kind.plan, "source": "both"}),
        seed=0,
        folder=folder / speaker,
        place=device(),
        teachers={},
        training=task.samples("train", "both"),
        validation=task.samples("valid", "both"),
    )
    for progress in trainer.epochs():
        print(f"{speaker}: epoch {progress.epoch + 1}/{progress.epochs}, validation {progress.mean:.3f}", flush=True)
    return task, trainer.method


def accuracy(task: Digits, method: Method, modality: str, files: list[bytes], labels: np.ndarray) -> float:
    """The share of files that are recognised from this modality alone."""
    tensors = torch.stack([task.prepare(modality, task.read(modality, content)).tensor for content in files])
    inputs = {m.name: torch.zeros(len(files), *m.shape) for m in task.info.modalities}
    inputs[modality] = tensors
    place = next(method.parameters()).device
    batch = {name: value.to(place) for name, value in inputs.items()}
    answer = fuse_all(method, batch, [task.info.modalities.combination([modality])])[0].logits.argmax(1)
    return float((answer.cpu().numpy() == labels).mean())


def wav(wave: np.ndarray) -> bytes:
    """A mono 16-bit file at 8 kHz."""
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, 8000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def png(pixels: np.ndarray) -> bytes:
    """A grey picture."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def measure(name: str, data: Path, folder: Path) -> dict[str, Any]:
    """The accuracy for each speaker left out, their mean, and on MNIST pictures left out."""
    speakers: dict[str, float] = {}
    pictures: list[float] = []
    for speaker in real_recordings.SPEAKERS:
        task, method = train_without(speaker, name, folder)
        waves, digits, _ = real_recordings.voices(data, "test", speaker)
        speakers[speaker] = accuracy(task, method, "sound", [wav(wave) for wave in waves], digits)
        images, labels = real_recordings.pictures(data, "test")
        pictures.append(accuracy(task, method, "image", [png(i) for i in images[:PICTURES]], labels[:PICTURES]))
        print(f"{speaker}: sound {speakers[speaker]:.3f}, pictures {pictures[-1]:.3f}", flush=True)
    mean = float(np.mean(list(speakers.values())))
    return {
        "method": name,
        "sound": speakers,
        "sound_mean": mean,
        "mnist": pictures,
        "mnist_mean": float(np.mean(pictures)),
    }


def as_markdown(found: dict[str, Any]) -> str:
    """The table for the docs."""
    head = "| what | recognised |\n| --- | --- |"
    lines = [f"| sound alone, {name} left out of training | {value:.1%} |" for name, value in found["sound"].items()]
    lines.append(f"| **sound alone, mean of the five speakers** | **{found['sound_mean']:.1%}** |")
    what = f"MNIST pictures left out ({PICTURES}), picture alone, mean of the five models"
    lines.append(f"| {what} | {found['mnist_mean']:.1%} |")
    return "\n".join([head, *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", default="dmrnet")
    parser.add_argument("--folder", type=Path, default=Path("build/real_digits"), help="where unfinished runs are kept")
    add_options(parser)
    options = parser.parse_args()
    one_thread()
    found = measure(options.method, real_data.folder(parser), options.folder)
    put_down("real_digits", found, as_markdown(found), options.write, options.fill)


if __name__ == "__main__":
    main()
