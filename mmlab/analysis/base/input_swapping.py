"""Answers to inputs that are put together from different samples: the picture of one with the sound of another.

Every encoder runs once per sample. What it gave is handed on again, row by row, for as many mixtures as are asked for:
an encoder sees one modality only, so its output does not depend on what else is in the mixture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmlab.analysis.base.model_twin import recorded, replayed, twin
from mmlab.core.method import Method

CHUNK = {False: 2048, True: 16}  # rows at a time: answers that are vectors, and those that are pictures
ProgressCallback = Callable[[float], None]


def quiet(share: float) -> None:
    """Progress that nobody is told of."""


class InputSwapper:
    """N samples, `inputs` as `[N, *shape]` by modality, ready to be mixed. The method itself is left alone."""

    def __init__(self, method: Method, inputs: Mapping[str, Tensor]) -> None:
        self.method = twin(method)
        self.modalities = method.modalities
        self.place = next(method.parameters()).device
        self.size = len(next(iter(inputs.values())))
        self._owners = self._encoders()
        self._seen = self._encoded(inputs)

    @torch.inference_mode()
    def answers(
        self, rows: NDArray[np.integer], present: NDArray[np.bool_] | None = None, tell: ProgressCallback = quiet
    ) -> NDArray[np.float32]:
        """Logits `[R, ...]` where modality m of mixture r comes from sample `rows[r, m]`.

        rows: `[R, M]`; present: bool `[R, M]`, everything by default. Rows of what is absent have no influence.
        """
        on = np.ones(rows.shape, bool) if present is None else present
        step = CHUNK[self.method.output.dense]
        found = []
        for start in range(0, len(rows), step):
            part = torch.from_numpy(np.ascontiguousarray(rows[start : start + step], np.int64))
            found.append(self._answer(part, torch.from_numpy(on[start : start + step])).float().cpu().numpy())
            tell(min(1.0, (start + step) / len(rows)))
        return np.concatenate(found)

    def _answer(self, rows: Tensor, present: Tensor) -> Tensor:
        values = {}
        for module, name in self._owners.items():
            index = rows[:, self.modalities.names.index(name)]
            values[module] = _taken(self._seen[module], index)
        empty = {
            m.name: torch.zeros(1, *m.shape, device=self.place).expand(len(rows), *m.shape) for m in self.modalities
        }
        with replayed(values):
            return self.method(empty, present.to(self.place)).logits

    def _encoders(self) -> dict[nn.Module, str]:
        """Every encoder with its modality: what holds the layers that Grad-CAM looks at, or those layers themselves."""
        around = {id(module.body): module for module in self.method.modules() if _has_body(module)}
        owners: dict[nn.Module, str] = {}
        for combination in self.modalities.subsets():
            for name in combination.names:
                for layer in self.method.cam_layers(name, combination):
                    owners[around.get(id(layer), layer)] = name
        return owners

    @torch.inference_mode()
    def _encoded(self, inputs: Mapping[str, Tensor]) -> dict[nn.Module, tuple[Tensor, ...] | Tensor]:
        step = CHUNK[self.method.output.dense] // (1 if self.method.output.dense else 8)
        parts: dict[nn.Module, list] = {module: [] for module in self._owners}
        for start in range(0, self.size, step):
            batch = {name: value[start : start + step].float().to(self.place) for name, value in inputs.items()}
            with recorded(list(self._owners)) as found:
                self.method.encode(batch)
            for module in self._owners:
                parts[module].append(found[module])
        return {module: _joined(values) for module, values in parts.items()}


def _has_body(module: nn.Module) -> bool:
    return isinstance(getattr(module, "body", None), nn.Module)


def _taken(value: tuple[Tensor, ...] | Tensor, index: Tensor) -> tuple[Tensor, ...] | Tensor:
    if isinstance(value, Tensor):
        return value[index.to(value.device)]
    return tuple(level[index.to(level.device)] for level in value)


def _joined(values: list) -> tuple[Tensor, ...] | Tensor:
    if isinstance(values[0], Tensor):
        return torch.cat(values)
    return tuple(torch.cat(level) for level in zip(*values, strict=True))
