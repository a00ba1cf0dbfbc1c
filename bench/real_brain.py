"""What models that learned from simulated tumours do with real slices, per combination of contrasts.

The slices (open_ms, CC BY; three people with multiple sclerosis, in FLAIR, T1, T1 with contrast agent and T2) hold no
tumour: their lesions are another disease, and small bright spots are what the models learned to pass over. So nothing
here says how well a real tumour would be found. It says what happens away from the simulator:

    MMLAB_DATA=/folder/with/the/npz/file python bench/real_brain.py --write docs/tables --fill docs/results.md

Each slice goes the way of an upload: a NIfTI file, read and prepared. The file does not hold the size of its pixels;
they are taken so that the longest slice of each head is as long as the brains that were trained on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options
from mmlab.core.errors import DataError
from mmlab.core.method import METHODS, Method
from mmlab.core.recordings import Raw, Scan
from mmlab.experiments.comparison_tables import fill
from mmlab.inference.device import one_thread
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import fuse_all
from mmlab.modalities.scan.grid import PIXEL, SIDE
from mmlab.modalities.scan.preprocess import LENGTH, in_field
from mmlab.storage.library import Library
from mmlab.tasks.brain import MODALITIES, Brain
from mmlab.tasks.generators.digits.real_recordings import load

FILE, NAME = "open_ms_3patients_128.npz", "brain_real"
CONTRASTS = {"flair": "FLAIR", "t1": "T1", "t1ce": "T1POST", "t2": "T2"}
THICK = 3.0  # mm between slices: only written into the header, since each slice is answered by itself
SHARES = ("nothing", "elsewhere", "marked", "core", "enhancing")  # of slices, of other pixels, of lesions, of slices
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Slices:
    """Slices as models see them. inputs: by contrast `[N, 1, SIDE, SIDE]`; brain and marked: bool `[N, SIDE, SIDE]`."""

    inputs: Mapping[str, Tensor]
    brain: Flags
    marked: Flags


def real_slices(file: Path) -> Slices:
    """The slices with enough brain on them; `marked` is what the file calls a lesion. Raises DataError."""
    task, kept = Brain(), []
    for planes, lesions in _people(load(file)):
        inside = planes["flair"] != 0
        pixel = LENGTH * SIDE * PIXEL / max(_longest(plane) for plane in inside)
        files = {name: _nifti(values, pixel) for name, values in planes.items()}
        heights = np.flatnonzero(inside.any((1, 2)))
        for place in heights:
            share = round(100 * (place - heights[0]) / (heights[-1] - heights[0]))
            try:
                raw = {
                    name: task.read(name, content, f"{name}.nii", {"height": share}) for name, content in files.items()
                }
                seen = {name: task.prepare(name, value).tensor for name, value in raw.items()}
            except DataError:
                continue  # the crown, with hardly any brain
            kept.append((seen, _marked(raw["flair"], lesions[place])))
    inputs = {name: torch.stack([seen[name] for seen, _ in kept]) for name in CONTRASTS}
    return Slices(inputs, (inputs["flair"][:, 0] != 0).numpy(), np.stack([marked for _, marked in kept]))


def simulated_slices() -> Slices:
    """The simulated test slices; `marked` is the whole tumour."""
    samples = Brain().samples("test")
    inputs = {name: value.float() for name, value in samples.inputs.items()}
    return Slices(inputs, (inputs["flair"][:, 0] != 0).numpy(), samples.target[:, 0].bool().numpy())


def measure(method: Method, slices: Slices) -> dict[str, dict[str, float]]:
    """By combination the shares of pixels and of slices that are called tumour."""
    combinations = method.modalities.subsets()
    found = fuse_all(method, dict(slices.inputs), combinations)
    return {c.key: _shares(fused.logits.numpy() > 0, slices) for c, fused in zip(combinations, found, strict=True)}


def as_markdown(title: str, real: Mapping[str, Any], simulated: Mapping[str, Any], count: int) -> str:
    """The table for the docs, and what it can and cannot say."""
    heads = ("slices with nothing found", "brain called tumour", "lesions called tumour", "with a core", "enhancing")
    lines = [f"| contrasts | {' | '.join(heads)} | simulated: brain called tumour |", "|" + " --- |" * (len(heads) + 2)]
    for key, row in real.items():
        values = [*(row[name] for name in SHARES), simulated[key]["elsewhere"]]
        shown = " | ".join(f"{100 * value:.1f}" for value in values)
        lines.append(f"| {MODALITIES.parse(key).label} | {shown} |")
    whole, usual = real[MODALITIES.full.key], simulated[MODALITIES.full.key]
    said = (
        f"{title}; shares in %, of {count} real slices or of their pixels. No slice shows a tumour, and an MS lesion "
        "is not one, so the right answer is nothing at all. From all four contrasts that is the answer for "
        f"{whole['nothing']:.0%} of the slices; beside the lesions {whole['elsewhere']:.1%} of the brain is called "
        f"tumour, where it is {usual['elsewhere']:.1%} beside the tumours of simulated slices. Silence may be "
        "knowledge, or blindness to a real scanner: without real tumours nobody can tell, and no number here says how "
        "well one would be found."
    )
    return "\n".join([*lines, "", said])


def _people(arrays: Mapping[str, NDArray[Any]]) -> Iterator[tuple[dict[str, Floats], Flags]]:
    """Each person's contrasts and lesions, `[Z, rows, columns]` from the front and from the left."""
    order = [str(name) for name in arrays["modalities"]]
    for person in np.unique(arrays["patient"]):
        own = arrays["patient"] == person
        upright = np.rot90(arrays["x"][own].astype(np.float32), axes=(2, 3))
        planes = {name: upright[:, order.index(theirs)] for name, theirs in CONTRASTS.items()}
        yield planes, np.rot90(arrays["y"][own].astype(bool), axes=(1, 2))


def _longest(inside: Flags) -> int:
    """How long a slice of a brain is, in pixels."""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    return int(max(np.ptp(rows), np.ptp(columns))) + 1 if len(rows) else 0


def _nifti(values: Floats, pixel: float) -> bytes:
    """Slices as a volume to the right, to the front, up."""
    turned = np.ascontiguousarray(values[:, ::-1].transpose(2, 1, 0))
    return bytes(nibabel.Nifti1Image(turned, np.diag([pixel, pixel, THICK, 1.0])).to_bytes())


def _marked(slice_: Raw, lesions: Flags) -> Flags:
    """Lesions brought to the field that their slice is brought to."""
    assert isinstance(slice_, Scan)
    values, _ = in_field(lesions.astype(np.float32), slice_.pixels > 0, slice_.pixel)
    return np.asarray(values > 0.5)


def _shares(found: Flags, slices: Slices) -> dict[str, float]:
    """Of bool `[N, 3, SIDE, SIDE]`: see `SHARES`."""
    whole, inside = found[:, 0], slices.brain & ~slices.marked
    there = found.any((2, 3)).mean(0)
    return {
        "nothing": float(1 - there[0]),
        "elsewhere": float(whole[inside].mean()),
        "marked": float(whole[slices.marked].mean()),
        "core": float(there[1]),
        "enhancing": float(there[2]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="dropout", help="of which the first run in the library is taken")
    add_options(parser)
    options = parser.parse_args()
    one_thread()
    file = Path(os.environ.get("MMLAB_DATA", "")) / FILE
    if not file.is_file():
        parser.error(f"Point MMLAB_DATA to a folder with {FILE}.")
    model = Model.open(Library().find("brain", options.method))
    slices = real_slices(file)
    found = {"real": measure(model.method, slices), "simulated": measure(model.method, simulated_slices())}
    table = as_markdown(METHODS[options.method].title, **found, count=len(slices.brain))
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        kept = {"method": options.method, "model": model.digest, "slices": len(slices.brain), **found}
        (options.write / f"{NAME}.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        (options.write / f"{NAME}.md").write_text(table + "\n", "utf-8")
    if options.fill:
        fill(options.fill, {NAME: table})
    print(table)


if __name__ == "__main__":
    main()
