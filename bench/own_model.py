"""What mmlab's sweep and explanations of a registered module cost, against calling the module once per combination.

    python bench/own_model.py

Two modules: one whose encoders can be replayed (split), one whose inputs meet in the first layer (unsplit).
The ratio is mmlab's time over that of the plain calls: below 1 is faster. Medians over rounds, one thread.
Then what the doctor takes for a model of which one pass takes 50 ms.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mmlab.analysis.attribution.registry import find
from mmlab.foreign.adapter import RegisteredModel
from mmlab.foreign.doctor import examine
from mmlab.foreign.opening import adapted
from mmlab.foreign.registration import register
from mmlab.foreign.task import task_class
from mmlab.inference.device import one_thread
from mmlab.inference.sweep import fuse_all

ROUNDS, BATCH, SIDE, WIDTH = 7, 16, 64, 48
PASS = 0.05  # seconds
NAMES = ("a", "b", "c")


def stack(planes: int) -> nn.Module:
    """Five convolutions."""
    layers: list[nn.Module] = []
    for width in (planes, *[WIDTH] * 4):
        layers += [nn.Conv2d(width, WIDTH, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)


class Split(nn.Module):
    """A stack per input."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = stack(3), stack(3), stack(3), nn.Linear(3 * WIDTH, 10)

    def forward(self, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        """Logits `[B, 10]`."""
        return self.head(torch.cat([net(x).mean((2, 3)) for net, x in ((self.a, a), (self.b, b), (self.c, c))], 1))


class Unsplit(nn.Module):
    """One stack over all planes."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = stack(9), nn.Linear(WIDTH, 10)

    def forward(self, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        """Logits `[B, 10]`."""
        return self.head(self.body(torch.cat([a, b, c], 1)).mean((2, 3)))


class Slow(nn.Module):
    """The same stack again and again, as often as it takes to be slow."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.rounds, self.first, self.body = rounds, nn.Conv2d(9, WIDTH, 3, padding=1), stack(WIDTH)
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        """Logits `[B, 10]`."""
        found = self.first(torch.cat([a, b, c], 1))
        for _ in range(self.rounds):
            found = self.body(found) + found
        return self.head(found.mean((2, 3)))


def median(run: Callable[[], object]) -> float:
    """Seconds, the first round left out."""
    found = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return statistics.median(found[1:])


def main() -> None:
    """Print a table."""
    one_thread()
    torch.manual_seed(0)
    data = [{name: torch.rand(3, SIDE, SIDE) for name in NAMES} | {"label": i % 10} for i in range(BATCH)]
    print("| module | what | plain calls, ms | mmlab, ms | ratio |\n| --- | --- | --- | --- | --- |")
    for kind in (Split, Unsplit):
        said = register(kind.__name__.lower(), kind, inputs=NAMES, classes=[str(i) for i in range(10)], data=data)
        method = adapted(said, task_class(said, said.name, (said.name,))().info)
        batch = {name: torch.stack([sample[name] for sample in data]) for name in NAMES}  # type: ignore[misc]
        row(kind.__name__, f"sweep, {BATCH} samples", partial(plain, method, batch), partial(swept, method, batch))
        one = {name: value[0] for name, value in batch.items()}
        row(kind.__name__, "Grad-CAM, 1 sample", partial(by_hand, method, one), partial(explained, method, one))
    doctor(data)


def doctor(data: list[dict[str, Tensor | int]]) -> None:
    """How long the doctor takes where one sample takes `PASS`."""
    one = {name: data[0][name][None] for name in NAMES}  # type: ignore[index]
    with torch.no_grad():
        each = median(lambda: Slow(1)(**one))
        module = Slow(max(1, round(PASS / each)))
        taken = median(lambda: module(**one))
    said = register("slow", module, inputs=NAMES, classes=[str(i) for i in range(10)], data=data)
    report = examine(said)
    print(
        f"\nThe doctor: {report.seconds:.1f} s for a model of which one pass of a sample takes {1000 * taken:.0f} ms."
    )


def row(kind: str, what: str, plainly: Callable[[], object], here: Callable[[], object]) -> None:
    """One line of the table."""
    first, second = median(plainly), median(here)
    print(f"| {kind} | {what}, 7 combinations | {1000 * first:.1f} | {1000 * second:.1f} | {second / first:.2f} |")


def masked(batch: dict[str, Tensor], names: tuple[str, ...]) -> dict[str, Tensor]:
    """Zeros where an input is absent."""
    return {name: value if name in names else torch.zeros_like(value) for name, value in batch.items()}


@torch.inference_mode()
def plain(method: RegisteredModel, batch: dict[str, Tensor]) -> list[Tensor]:
    """The module once per combination."""
    return [method.module(**masked(batch, c.names)) for c in method.modalities.subsets()]


def swept(method: RegisteredModel, batch: dict[str, Tensor]) -> object:
    """The same by mmlab."""
    return fuse_all(method, batch, method.modalities.subsets())


def by_hand(method: RegisteredModel, one: dict[str, Tensor]) -> None:
    """One forward and one backward pass per combination."""
    for combination in method.modalities.subsets():
        given = {name: value[None].requires_grad_() for name, value in masked(one, combination.names).items()}
        torch.autograd.grad(method.module(**given)[0, 0], list(given.values()), allow_unused=True)


def explained(method: RegisteredModel, one: dict[str, Tensor]) -> object:
    """The same by mmlab, with maps and shares."""
    return find("gradcam").run(method, one, method.modalities.subsets(), 0)


if __name__ == "__main__":
    main()
