"""Grad-CAM of one sample under all combinations: in one batch, and with captum called once per combination and input.

    python bench/attribution_speed.py --write docs/tables --fill docs/results.md

Processor time of one thread, the median of several rounds in which both take turns. The network is a fresh one of the
usual size, since what it learned changes no time. Exits with 1 where the batch takes a second (two for regions) or
more, or is less than three times as fast: one and a half for regions, and for two modalities, where captum needs only
four calls.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options
from mmlab.analysis.attribution.registry import find
from mmlab.analysis.base.model_twin import twin
from mmlab.core.batch import Batch
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Combination
from mmlab.core.options import build
from mmlab.core.task import TASKS
from mmlab.experiments.comparison_tables import fill
from mmlab.inference.device import one_thread

ROUNDS = 9
SPATIAL = {1: "linear", 2: "bilinear", 3: "trilinear"}  # how captum brings a map to the input, by its axes
SECONDS = {False: 1.0, True: 2.0}  # for plain answers and for regions


class Plain(nn.Module):
    """A method as captum wants it: tensors in the task's order and the mask, the score of one answer out."""

    def __init__(self, method: Method, target: int) -> None:
        super().__init__()
        self.method, self.target = method, target

    def forward(self, *arguments: Tensor) -> Tensor:
        *inputs, present = arguments
        fused = self.method(dict(zip(self.method.modalities.names, inputs, strict=True)), present)
        return self.method.output.score(fused.logits, self.target)


def one_by_one(method: Method, batch: Batch, combinations: tuple[Combination, ...], target: int) -> None:
    """What a person would write: a call for each combination and each input in it, upsampled by captum."""
    plain = Plain(twin(method), target)
    inputs = tuple(batch.inputs[name] for name in method.modalities.names)
    for combination in combinations:
        present = method.modalities.mask(combination, 1, inputs[0].device)
        for name in combination.names:
            modality = method.modalities[name]
            places = modality.shape[1:] or modality.shape
            for layer in plain.method.cam_layers(name, combination):
                found = LayerGradCam(plain, layer).attribute(inputs, additional_forward_args=(present,))
                found = found if found.dim() > 2 else found[..., None]
                LayerAttribution.interpolate(found, places, SPATIAL[len(places)]).relu()


def medians(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds of both, after a warm-up."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for each in range(ROUNDS + 1):
        for work, kept in zip((first, second), seconds, strict=True):
            start = time.process_time()
            work()
            kept += [time.process_time() - start] if each else []
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def measure(task_name: str, method_name: str) -> dict[str, Any]:
    """Both times on the first test sample that has everything."""
    task, kind = TASKS[task_name](), METHODS[method_name]
    torch.manual_seed(0)
    method = kind(task.info, build(kind.Config, {})).eval()
    samples = task.samples("test")
    batch = samples.batch([int(samples.present.all(1).nonzero()[0])])
    single = {each: value[0] for each, value in batch.inputs.items()}
    combinations = method.modalities.subsets()
    grad_cam = find("gradcam")
    together, apart = medians(
        lambda: grad_cam.run(method, single, combinations, 0), lambda: one_by_one(method, batch, combinations, 0)
    )
    ratio = 1.5 if method.output.dense or len(method.modalities) < 3 else 3.0
    held = together < SECONDS[method.output.dense] and apart / together >= ratio
    return {"combinations": len(combinations), "together": together, "apart": apart, "held": held}


def as_markdown(found: Mapping[str, Mapping[str, Any]]) -> str:
    """A row per task."""
    lines = ["| task | combinations | in one batch, ms | captum one by one, ms | ratio |", f"|{' --- |' * 5}"]
    for name, row in found.items():
        times = (f"{1000 * row['together']:.1f}", f"{1000 * row['apart']:.1f}", f"{row['apart'] / row['together']:.1f}")
        lines.append(f"| {' | '.join((name, str(row['combinations']), *times))} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default=",".join(sorted(TASKS)), help="names, separated by commas")
    parser.add_argument("--method", default="dropout")
    add_options(parser)
    options = parser.parse_args()
    one_thread()
    found = {name: measure(name, options.method) for name in options.tasks.split(",")}
    table = as_markdown(found)
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "attribution_speed.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        (options.write / "attribution_speed.md").write_text(table + "\n", "utf-8")
    if options.fill:
        fill(options.fill, {"attribution_speed": table})
    print(table)
    return int(not all(row["held"] for row in found.values()))


if __name__ == "__main__":
    sys.exit(main())
