"""What large models and large splits of one's own cost: time and memory of each step, on one thread.

    python bench/own_model_size.py

Two trials with random weights: 193 million parameters in two encoders, and 20,000 samples of two pictures. Memory is
that of the process, before a step, at its peak, and after.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mmlab.analysis.attribution.registry import find
from mmlab.analysis.dominance.gradient_conflict import combination_gradients
from mmlab.analysis.dominance.perturbations import ProbeBudget, probe
from mmlab.foreign.doctor import examine
from mmlab.foreign.fingerprint import fingerprint
from mmlab.foreign.opening import adapted
from mmlab.foreign.registration import Registration, register
from mmlab.foreign.task import samples_of, task_class
from mmlab.inference.device import one_thread
from mmlab.inference.sweep import sweep

WIDTH, DEPTH = 2048, 23
SAMPLES = 20_000
CLASSES = [str(i) for i in range(10)]
T = TypeVar("T")


def encoder(width: int) -> nn.Module:
    """About 97 million parameters."""
    layers: list[nn.Module] = [nn.Linear(width, WIDTH), nn.ReLU()]
    for _ in range(DEPTH):
        layers += [nn.Linear(WIDTH, WIDTH), nn.ReLU()]
    return nn.Sequential(*layers)


class Large(nn.Module):
    """Many parameters."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.head = encoder(64), encoder(32), nn.Linear(2 * WIDTH, 10)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Logits `[B, 10]`."""
        return self.head(torch.cat([self.a(a), self.b(b)], 1))


class Small(nn.Module):
    """Few parameters."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.head = nn.Conv2d(3, 16, 3, 2, 1), nn.Conv2d(1, 16, 3, 2, 1), nn.Linear(32, 10)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Logits `[B, 10]`."""
        return self.head(torch.cat([self.a(a).relu().mean((2, 3)), self.b(b).relu().mean((2, 3))], 1))


class Many(torch.utils.data.Dataset[dict[str, Any]]):
    """Samples that are made when they are asked for."""

    def __init__(self, count: int, **sizes: tuple[int, ...]) -> None:
        self.count, self.sizes = count, sizes

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> dict[str, Any]:
        made = torch.Generator().manual_seed(place)
        return {"label": place % 10, **{name: torch.randn(*size, generator=made) for name, size in self.sizes.items()}}


def memory() -> float:
    """Gigabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


class Peak:
    """The most memory since it was set."""

    def __init__(self) -> None:
        self.most = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.most = max(self.most, memory())
            time.sleep(0.02)


PEAK = Peak()


def step(name: str, run: Callable[[], T]) -> T:
    """Run it and print a line of the table."""
    PEAK.most = before = memory()
    start = time.perf_counter()
    found = run()
    taken = time.perf_counter() - start
    print(f"| {name} | {taken:.1f} | {before:.2f} | {PEAK.most:.2f} | {memory():.2f} |", flush=True)
    return found


def trial(title: str, said: Registration) -> None:
    """A table of all steps."""
    print(f"\n{title}\n\n| step | seconds | GB before | at most | after |\n| --- | --- | --- | --- | --- |")
    samples = step("samples", lambda: samples_of(said, "test"))
    step("doctor", lambda: examine(said))
    method = step("trace and proof", lambda: adapted(said, task_class(said, said.name, (said.name,))().info))
    step("fingerprint", lambda: fingerprint(method))
    step("sweep", lambda: sweep(method, samples))
    one = {name: value[0].float() for name, value in samples.inputs.items()}
    step("Grad-CAM", lambda: find("gradcam").run(method, one, method.modalities.subsets(), 0))
    step("gradients of combinations", lambda: combination_gradients(method, samples.batch(range(8))))
    step("inputs swapped", lambda: probe(method, samples, ProbeBudget.usual(method.output)))


def main() -> None:
    """Both trials."""
    one_thread()
    inputs = ["a", "b"]
    few = Many(256, a=(64,), b=(32,))
    trial("193 million parameters, 256 samples", register("large", Large, inputs=inputs, classes=CLASSES, data=few))
    many = Many(SAMPLES, a=(3, 32, 32), b=(1, 32, 32))
    said = register("many", Small, inputs=inputs, classes=CLASSES, data=many, samples=SAMPLES)
    trial(f"{SAMPLES:,} samples", said)


if __name__ == "__main__":
    main()
