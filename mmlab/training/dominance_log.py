"""A dominance log for any PyTorch training loop: five lines in it, and the Dominance page opens the file.

>>> log = DominanceLog("run.jsonl", {"image": model.image_net, "sound": model.sound_net})     # 1: encoders by modality
>>> for epoch in range(epochs):
...     for x, y in batches:
...         loss = criterion(model(x), y)
...         loss.backward()
...         log.step()                                                     # 2: after backward, before zero_grad
...         optimiser.step(); optimiser.zero_grad()
...     log.epoch({"image": 0.61, "image-sound": 0.83}, {"task": loss})    # 3: scores by combination, losses by name
>>> log.close()                                                            # 4: takes its hooks off the encoders
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from mmlab.core.errors import DataError
from mmlab.core.modality import NAME
from mmlab.losses.gmd import decoupled_gradients, gradient_cosines

FORMAT = "mmlab-dominance-1"
ANGLES = 18  # bins from 0 to 180 degrees


class DominanceLog:
    """Writes one JSON line per epoch: scores by combination, and per modality the gradient norm of its encoder
    and its share of |gradient x activation| at the encoder's output, which no rescaling of layers changes.

    `conflicts` adds the cosines between the gradients of several losses, for methods that train every combination.
    """

    def __init__(self, path: str | Path, encoders: Mapping[str, nn.Module], metric: str = "accuracy") -> None:
        """`encoders`: the part of the model that only that modality passes through. Raises DataError for other names.

        An existing file is rewritten.
        """
        wrong = [name for name in encoders if not NAME.fullmatch(name)]
        if wrong or len(encoders) < 2:
            raise DataError(f"These cannot name modalities: {wrong or list(encoders)}.", "Two or more of a-z, 0-9, _.")
        self.path, self.encoders, self.metric = Path(path), dict(encoders), metric
        self.path.write_text("", "utf-8")
        self._epoch, self._start = 0, time.perf_counter()
        self._handles = [module.register_forward_hook(self._hook(name)) for name, module in self.encoders.items()]
        self._evidence: dict[str, float] = {}
        self._sums = self._fresh()

    def step(self) -> None:
        """Record the gradients of this step. Call it after `backward()`."""
        self._sums.steps += 1
        for name, module in self.encoders.items():
            gradients = [p.grad for p in module.parameters() if p.grad is not None]
            self._sums.lengths[name] += float(
                torch.sqrt(sum((g.float().square().sum() for g in gradients), torch.zeros(())))
            )
        total = sum(self._evidence.values())
        for name in self.encoders:
            self._sums.shares[name] += self._evidence.get(name, 0.0) / total if total > 0 else 1 / len(self.encoders)
        self._evidence = {}

    def conflicts(self, losses: Mapping[str, Tensor], parameters: list[nn.Parameter]) -> None:
        """Record the angles between the gradients of `losses`, by combination (`image-sound`), on shared `parameters`.

        Call it before `backward()`: it keeps the graph.
        """
        rows, evidence = [], dict(self._evidence)
        for loss in losses.values():
            found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True)
            rows.append(torch.cat([g.flatten() for g in found]).float())
        self._evidence = evidence  # these passes are not the one that the model learns from
        gradients = torch.stack(rows)
        cosines = gradient_cosines(gradients).double().cpu()
        after = gradient_cosines(decoupled_gradients(gradients)).double().cpu()
        self._sums.keys = tuple(losses)
        self._sums.cosines = cosines if self._sums.cosines is None else self._sums.cosines + cosines
        self._sums.norms = gradients.norm(dim=1).double().cpu() + (0 if self._sums.norms is None else self._sums.norms)
        self._sums.pairs += 1
        for kept, each in ((self._sums.before, cosines), (self._sums.after, after)):
            angles = torch.rad2deg(torch.arccos(each.clamp(-1, 1)))[tuple(torch.triu_indices(len(rows), len(rows), 1))]
            kept += torch.histc(angles, ANGLES, 0, 180)

    def epoch(self, metrics: Mapping[str, float], losses: Mapping[str, float | Tensor] | None = None) -> None:
        """Write the line of an epoch. metrics: the validation score by combination key, such as `image-sound`."""
        steps = max(self._sums.steps, 1)
        line = {
            "format": FORMAT,
            "epoch": self._epoch,
            "stage": "all",
            "seconds": round(time.perf_counter() - self._start, 3),
            "losses": {name: _number(value) for name, value in (losses or {}).items()},
            "metrics": {key: {self.metric: _number(value)} for key, value in metrics.items()},
            "variance": {},
            "gradient_norm": {name: _number(value / steps) for name, value in self._sums.lengths.items()},
            "logs": {
                "shares": {name: _number(value / steps) for name, value in self._sums.shares.items()},
                **self._angles(),
            },
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._epoch, self._start = self._epoch + 1, time.perf_counter()
        self._sums, self._evidence = self._fresh(), {}  # what explanations left in the encoders is no step

    def close(self) -> None:
        """Remove the hooks from the encoders."""
        for handle in self._handles:
            handle.remove()

    def __enter__(self) -> DominanceLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fresh(self) -> _Sums:
        return _Sums(dict.fromkeys(self.encoders, 0.0), dict.fromkeys(self.encoders, 0.0))

    def _hook(self, name: str) -> Callable[[nn.Module, object, Any], None]:
        def note(module: nn.Module, given: object, value: Any) -> None:
            first = value if isinstance(value, Tensor) else next((v for v in value if isinstance(v, Tensor)), None)
            if first is not None and first.requires_grad:
                kept = first.detach()
                first.register_hook(  # type: ignore[no-untyped-call]  # torch has no types here
                    lambda gradient: self._add(name, float((gradient * kept).abs().sum()))
                )

        return note

    def _add(self, name: str, evidence: float) -> None:
        self._evidence[name] = self._evidence.get(name, 0.0) + evidence

    def _angles(self) -> dict[str, Any]:
        if self._sums.cosines is None or self._sums.norms is None:
            return {}
        return {
            "combinations": list(self._sums.keys),
            "cosines": (self._sums.cosines / self._sums.pairs).round(decimals=4).tolist(),
            "lengths": (self._sums.norms / self._sums.pairs).tolist(),
            "angles_before": self._sums.before.int().tolist(),
            "angles_after": self._sums.after.int().tolist(),
        }


@dataclass
class _Sums:
    """What is added up over the steps of an epoch."""

    lengths: dict[str, float]
    shares: dict[str, float]
    steps: int = 0
    keys: tuple[str, ...] = ()
    pairs: int = 0
    cosines: Tensor | None = None
    norms: Tensor | None = None
    before: Tensor = field(default_factory=lambda: torch.zeros(ANGLES, dtype=torch.double))
    after: Tensor = field(default_factory=lambda: torch.zeros(ANGLES, dtype=torch.double))


def _number(value: float | Tensor) -> float | None:
    """A finite number; null for what is none, so that the file stays JSON."""
    plain = float(value.detach()) if isinstance(value, Tensor) else float(value)
    return plain if math.isfinite(plain) else None
