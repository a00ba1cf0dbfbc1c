"""How much faster it is to encode once and fuse many than to run the model once per combination.

    python bench/sweep_speed.py --rounds 2 --write docs/tables --fill docs/results.md

Both give the same answers, which is checked. Running once per combination encodes only the inputs that are there. Time
is processor time of one thread, so that other work on the machine does not count. Models are untrained: weights do not
change the time.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options
from mmlab.core.method import METHODS, Features, Fused, Method
from mmlab.core.modality import Combination, Modalities, Modality
from mmlab.core.outputs import Classification
from mmlab.core.task import TASKS, TaskInfo
from mmlab.experiments.comparison_tables import fill
from mmlab.inference import imputation
from mmlab.inference.device import one_thread
from mmlab.inference.sweep import batch_size, fuse_all

NAME = "sweep_speed"
SAMPLES = 1000
DENSE_SAMPLES = 128  # regions take long in both ways, and the ratio does not depend on the number
SYNTHETIC = ("dropout", "dmrnet")
SIDE = 28
NOT_SEPARATE = {
    "m3ixup": "also encodes all inputs together, which only complete input needs",
    "specialists": "shares no encoder between combinations",
}
Inputs = Mapping[str, Tensor]
Way = Callable[[Inputs, Sequence[Combination]], list[Fused]]


class OncePerCombination:
    """The model on each combination by itself, with nothing computed for the inputs that are not there.

    A method always encodes everything. Here the encoder of an absent input hands on what it once made of a single
    sample, so that whatever follows it in `encode` takes next to no time either.
    """

    def __init__(self, method: Method, inputs: Inputs) -> None:
        self.method = method
        with torch.inference_mode(), _recorded(_encoders(method)) as known:
            method.encode({name: value[:1] for name, value in inputs.items()})
        self.known = known

    @torch.inference_mode()
    def __call__(self, inputs: Inputs, combinations: Sequence[Combination]) -> list[Fused]:
        first = next(iter(inputs.values()))
        rows, found = len(first), []
        for combination in combinations:
            with _handing_on(_not_needed(self.method, combination), self.known):
                features = self.method.encode(inputs)
            each = (features.alone, features.beside, features.shared)
            whole = Features(*({name: _repeated(value, rows) for name, value in part.items()} for part in each))
            found.append(self.method.fuse(whole, self.method.modalities.mask(combination, rows, first.device)))
        return found


def _encoders(method: Method) -> list[nn.Module]:
    """Everything that belongs to single inputs, or to single combinations."""
    if hasattr(method, "networks"):
        return list(method.networks.values())  # type: ignore[union-attr, operator]
    return [part[name] for part in _parts(method) for name in method.modalities.names]


def _parts(method: Method) -> list[Any]:
    return [method.encoders, *([method.joint_encoders] if hasattr(method, "joint_encoders") else [])]


def _not_needed(method: Method, combination: Combination) -> list[nn.Module]:
    if hasattr(method, "networks"):
        return [part for key, part in method.networks.items() if key != combination.key]  # type: ignore[union-attr, operator]
    absent = [name for name in method.modalities.names if name not in combination]
    free = [method.encoders[name] for name in absent]
    if hasattr(method, "joint_encoders") and absent:
        free += [method.joint_encoders[name] for name in method.modalities.names]  # type: ignore[index]
    return free


@contextmanager
def _recorded(modules: Sequence[nn.Module]) -> Iterator[dict[nn.Module, list[Any]]]:
    """What each module gives, call by call."""
    known: dict[nn.Module, list[Any]] = {module: [] for module in modules}
    handles = [each.register_forward_hook(lambda m, _, value: known[m].append(value)) for each in modules]
    try:
        yield known
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _handing_on(modules: Sequence[nn.Module], known: Mapping[nn.Module, list[Any]]) -> Iterator[None]:
    """Let modules give what is known, call by call, without computing it."""
    for module in modules:
        module.forward = _one_by_one(known[module])  # type: ignore[method-assign]
    try:
        yield
    finally:
        for module in modules:
            del module.forward


def _one_by_one(values: Sequence[Any]) -> Callable[..., Any]:
    left = iter(values)
    return lambda *_: next(left)


def _repeated(value: Any, rows: int) -> Any:
    """A feature of one sample as that of many, without copying; other features as they are."""
    if isinstance(value, tuple):
        return tuple(_repeated(each, rows) for each in value)
    return value.expand(rows, *value.shape[1:])


def seconds(way: Way, modalities: Modalities, inputs: Inputs, step: int, rounds: int) -> float:
    """The least processor time over `rounds` that a way takes for all combinations of all samples."""
    combinations, count = modalities.subsets(), len(next(iter(inputs.values())))
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        for first in range(0, count, step):
            way({name: value[first : first + step] for name, value in inputs.items()}, combinations)
        taken.append(time.process_time() - start)
    return min(taken)


def compared(info: TaskInfo, name: str, inputs: Inputs, rounds: int) -> dict[str, Any]:
    """Both ways on one method: seconds, ratio, and the ratio if only encoders took time."""
    torch.manual_seed(0)
    method = METHODS[name](info, METHODS[name].Config()).eval()
    ways: dict[str, Way] = {"once": partial(fuse_all, method), "each": OncePerCombination(method, inputs)}
    _check(ways, info.modalities, {key: value[:8] for key, value in inputs.items()})
    step, count = batch_size(info), len(info.modalities)
    taken = {key: seconds(way, info.modalities, inputs, step, rounds) for key, way in ways.items()}
    return {
        "task": info.name,
        "modalities": count,
        "samples": len(next(iter(inputs.values()))),
        "method": name,
        **taken,
        "ratio": taken["each"] / taken["once"],
        "bound": 2 ** (count - 1),
    }


def _check(ways: Mapping[str, Way], modalities: Modalities, inputs: Inputs) -> None:
    """Both ways must give the same answers."""
    answers = [way(inputs, modalities.subsets()) for way in ways.values()]
    for one, other in zip(*answers, strict=True):
        torch.testing.assert_close(one.logits, other.logits, atol=1e-4, rtol=1e-3)


def synthetic(count: int) -> tuple[TaskInfo, Inputs]:
    """A task with `count` pictures for inputs, and noise for samples."""
    items = [Modality(f"m{i}", "image", (1, SIDE, SIDE), f"M{i}", chr(65 + i)) for i in range(count)]
    info = TaskInfo(f"synthetic {count}", Modalities(items), Classification(tuple("0123456789")))
    torch.manual_seed(count)
    return info, {item.name: torch.randn(SAMPLES, *item.shape) for item in items}


def shipped(name: str) -> tuple[TaskInfo, Inputs]:
    """A task's shipped samples, repeated until there are enough."""
    info = TASKS[name]().info
    samples = imputation.shipped(name)
    wanted = DENSE_SAMPLES if info.output.dense else SAMPLES
    rows = torch.arange(wanted) % len(samples)
    return info, {key: value[rows].float() for key, value in samples.inputs.items()}


def measure(rounds: int) -> list[dict[str, Any]]:
    """Every method on every task, and synthetic tasks of two to six inputs."""
    found = []
    jobs = [(*synthetic(count), SYNTHETIC) for count in range(2, 7)]
    jobs += [(*shipped(name), tuple(METHODS)) for name in TASKS]
    for info, inputs, methods in jobs:
        for name in methods:
            if info.output.kind in METHODS[name].supports:
                found.append(compared(info, name, inputs, rounds))
                row = found[-1]
                print(f"{row['task']} {row['method']}: {row['ratio']:.1f}x of {row['bound']}", flush=True)
    return found


def as_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table for the docs."""
    lines = [
        "| task | inputs | samples | method | once and fused (s) | once per combination (s) | faster | bound |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        note = " *" if row["method"] in NOT_SEPARATE else ""
        lines.append(
            f"| {row['task']} | {row['modalities']} | {row['samples']} | {row['method']}{note} | {row['once']:.2f} | "
            f"{row['each']:.2f} | {row['ratio']:.1f}x | {row['bound']}x |"
        )
    notes = "; ".join(f"{name} {why}" for name, why in NOT_SEPARATE.items())
    return "\n".join([*lines, "", f"\\* no separate encoders: {notes}."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1, help="times that each is measured; the least counts")
    add_options(parser)
    options = parser.parse_args()
    one_thread()
    rows = measure(options.rounds)
    text = as_markdown(rows)
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / f"{NAME}.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
        (options.write / f"{NAME}.md").write_text(text + "\n", "utf-8")
    if options.fill:
        fill(options.fill, {NAME: text})
    print(text)


if __name__ == "__main__":
    main()
