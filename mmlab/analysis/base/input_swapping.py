"""Predictions for inputs combined from different samples: the image of one with the sound of another.

Every encoder runs once per sample. What it gave is handed on again, row by row, for as many mixtures as are asked for:
an encoder sees one modality only, so its output does not depend on what else is in the mixture. Whether that holds is
tried on a few mixtures first; where it does not, each mixture is answered from its inputs, and so is each of scans
that are answered in windows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmlab.analysis.base.model_twin import recorded, replayed, twin
from mmlab.core.method import Features, Method
from mmlab.inference.windows import answered, at_once

CHUNK = 2048, 16  # rows at a time: answers that are vectors, and those that are pictures
ProgressCallback = Callable[[float], None]


def no_progress(share: float) -> None:
    """A progress callback that does nothing."""


class InputSwapper:
    """N samples, `inputs` as `[N, *shape]` by modality, ready to be mixed. The method itself is left alone."""

    def __init__(self, method: Method, inputs: Mapping[str, Tensor]) -> None:
        self.method = twin(method)
        self.modalities = method.modalities
        self.place = method.device
        self.size = len(next(iter(inputs.values())))
        self._inputs = {name: value.float() for name, value in inputs.items()}
        answers_windows = method.info.has_windows
        self._features = None if answers_windows else self._all_features()
        self._owners = {} if answers_windows or self._features is not None else self._encoders()
        self._seen = self._encoded(inputs) if self._owners else {}
        if self._owners and not self._replays():
            self._owners = {}

    @torch.inference_mode()
    def answers(
        self, rows: NDArray[np.integer], present: NDArray[np.bool_] | None = None, tell: ProgressCallback = no_progress
    ) -> NDArray[np.float32]:
        """Logits `[R, ...]` where modality m of mixture r comes from sample `rows[r, m]`.

        rows: `[R, M]`; present: bool `[R, M]`, everything by default. Rows of what is absent have no influence.
        """
        on = np.ones(rows.shape, bool) if present is None else present
        step = at_once(self.method.info, *CHUNK)
        found = []
        for start in range(0, len(rows), step):
            part = torch.from_numpy(np.ascontiguousarray(rows[start : start + step], np.int64))
            found.append(self._answer(part, torch.from_numpy(on[start : start + step])).float().cpu().numpy())
            tell(min(1.0, (start + step) / len(rows)))
        return np.concatenate(found)

    def _all_features(self) -> Features | None:
        """Features of all samples, where the method can mix them itself."""
        some = torch.zeros(1, len(self.modalities), dtype=torch.long)
        first = {name: value[:1].to(self.place) for name, value in self._inputs.items()}
        if self.method.mix(self.method.encode(first), some) is None:
            return None
        return self.method.encode({name: value.to(self.place) for name, value in self._inputs.items()})

    def _replays(self) -> bool:
        """Whether handing on what encoders gave answers a few mixtures as their inputs do."""
        count = min(3, self.size)
        rows = torch.arange(count)[:, None].repeat(1, len(self.modalities))
        rows[:, 0] = rows[:, 0].roll(1)
        for combination in (self.modalities.full, self.modalities.subsets()[0]):
            present = self.modalities.mask(combination, count)
            with torch.inference_mode():
                one, other = self._answer(rows, present), self._direct(rows, present)
            if not torch.allclose(one, other, rtol=1e-3, atol=1e-3 * max(1.0, float(other.abs().max()))):
                return False
        return True

    def _direct(self, rows: Tensor, present: Tensor) -> Tensor:
        """Each mixture from its inputs."""
        mixed = {name: self._inputs[name][rows[:, m]].to(self.place) for m, name in enumerate(self.modalities.names)}
        return answered(self.method, mixed, present.to(self.place)).logits

    def _answer(self, rows: Tensor, present: Tensor) -> Tensor:
        if self._features is not None:
            features = self.method.mix(self._features, rows)
            assert features is not None
            return self.method.fuse(features, present.to(self.place)).logits
        if not self._owners:
            return self._direct(rows, present)
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
        step = self.method.output.affordable(CHUNK[0] // 8, CHUNK[1])
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
