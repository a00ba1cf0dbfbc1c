"""A registered module as a `Method`: it predicts under every combination and provides attribution maps."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from mmlab.core.batch import Batch
from mmlab.core.errors import Unsupported
from mmlab.core.evidence import Evidence
from mmlab.core.method import METHODS, Features, Fused, Method, Run
from mmlab.core.modality import Combination
from mmlab.core.task import TaskInfo
from mmlab.foreign.building import build
from mmlab.foreign.calling import device_of
from mmlab.foreign.calls import Call, caught
from mmlab.foreign.cam_layers import INPUT, CamLayer
from mmlab.foreign.registration import Registration
from mmlab.foreign.running import Answer, EncodedModality, Runner
from mmlab.foreign.tracing import Trace

IGNORED = "This model was made elsewhere and is not trained here."


class RegisteredModel(Method):
    """A module that somebody registered. Subclasses are made by `method_class`, one per name.

    runner: how it is run; looks: where Grad-CAM looks, by modality; notes: what a person should know of it. Its calls
    are serialised by a lock: what a module keeps on itself while it runs is its own business.
    """

    about: ClassVar[str] = "A model that was registered: it was made elsewhere, and is only looked at here."
    representation: ClassVar[str] = "What goes into its last layer, or its logits where no such layer was found."
    trained_here: ClassVar[bool] = False
    one_at_a_time: ClassVar[bool] = True
    runs: ClassVar[Mapping[str, Registration]]
    task: ClassVar[str] = ""
    runner: Runner
    cam_layer: Mapping[str, CamLayer]
    lock: Any

    def __init__(self, info: TaskInfo, registration: Registration, module: nn.Module) -> None:
        super().__init__(info, Method.Config())
        self.registration = registration
        self.module = module
        self.notes: list[str] = []
        self.trace = Trace()
        self.cam_layer = dict.fromkeys(info.modalities.names, INPUT)
        object.__setattr__(self, "lock", threading.RLock())

    @classmethod
    def unsupported_reason(cls, info: TaskInfo) -> str:
        """Never trained."""
        return IGNORED

    # answering

    def encode(self, inputs: Mapping[str, Tensor], there: Tensor | None = None) -> Features[EncodedModality]:
        """One `EncodedModality` per modality: the input itself, and the results of encoders that can be replayed."""
        with self.lock:
            return Features(self.runner.encode(inputs))

    def fuse(self, features: Features[EncodedModality], present: Tensor) -> Fused:
        """The answer from the modalities in `present`, bool `[B, M]`."""
        return self.fuse_many(features, [present])[0]

    def fuse_many(self, features: Features[EncodedModality], masks: Sequence[Tensor]) -> list[Fused]:
        """All combinations as one batch, in parts that fit into memory."""
        rows = len(masks[0])
        first = features.alone[self.modalities.names[0]]
        index = torch.arange(rows, device=first.value.device)
        each = max(1, self.runner.rows_at_once() // rows)
        found: list[Fused] = []
        for start in range(0, len(masks), each):
            some = masks[start : start + each]
            pieces = features.alone
            if len(some) > 1:
                pieces = {name: piece.at(index.repeat(len(some))) for name, piece in pieces.items()}
            with self.lock:
                answer = self.runner.fuse(pieces, torch.cat(list(some)))
            found += _apart(answer, len(some), rows)
        return found

    def forward(self, inputs: Mapping[str, Tensor], present: Tensor) -> Fused:
        """All of the module, nothing replayed: what gradients are taken through."""
        with self.lock:
            answer = self.plain.direct(inputs, present)
        return Fused(answer.logits, answer.mean, answer.variance)

    def mix(self, features: Features[EncodedModality], rows: Tensor) -> Features[EncodedModality]:
        """Features of mixtures `[R, M]`: modality m of mixture r from sample `rows[r, m]`."""
        pieces = features.alone.items()
        return Features({name: piece.at(rows[:, m].to(piece.value.device)) for m, (name, piece) in enumerate(pieces)})

    def is_current(self) -> bool:
        """Whether the file that registered it still says the same."""
        name = self.registration.name
        kind = METHODS[name] if name in METHODS else None  # noqa: SIM401  a registry is no mapping
        runs = getattr(kind, "runs", {})
        return not hasattr(type(self), "runs") or runs.get(self.registration.tag) is self.registration

    @property
    def plain(self) -> Runner:
        """The runner without replays."""
        return replace(self.runner, encoders={})

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        """Raises Unsupported: nothing is trained here."""
        raise Unsupported(IGNORED, "Train it with your own code, and register it again.")

    # being looked at

    @property
    def device(self) -> torch.device:
        """Where the module lies."""
        return device_of(self.module)

    def modality_parameters(self, name: str) -> Iterable[nn.Parameter]:
        """Those of the calls that see this modality alone; none where it has no encoder of its own."""
        below = dict(self.module.named_modules())
        alone = [call.path for call, owner in self.trace.encoders.items() if owner == name]
        shared = {call.path for call, owner in self.trace.encoders.items() if owner != name}
        return [p for path in dict.fromkeys(alone) if path not in shared for p in below[path].parameters()]

    def cam_layers(self, name: str, combination: Combination) -> list[nn.Module]:
        """The module at whose call Grad-CAM looks; none where it looks at the input. `evidence` is what is used."""
        cam_layer = self.cam_layer[name]
        return [dict(self.module.named_modules())[cam_layer.call.path]] if cam_layer.call else []

    def evidence(self, inputs: Mapping[str, Tensor], present: Tensor, score: Callable[[Tensor], Tensor]) -> Evidence:
        """Activations and gradients at the layers of `looks`, for each row of a batch `[B, *shape]`."""
        calls = _distinct([cam_layer.call for cam_layer in self.cam_layer.values() if cam_layer.call])
        leaves = {name: _leaf(value) for name, value in inputs.items()}
        with self.lock, torch.enable_grad():
            parts, logits = self._differentiated(leaves, present, calls)
            scores = score(logits)
            wanted = [found[call] for found, _ in parts for call in calls if call in found]
            gradients = _gradients(scores.sum(), [*wanted, *leaves.values()])
        at: dict[int, Tensor] = {
            id(each): gradient for each, gradient in zip([*wanted, *leaves.values()], gradients, strict=True)
        }
        layers = {name: [self._layer(name, leaves[name], parts, at, len(present))] for name in self.modalities.names}
        return Evidence(
            layers, scores.detach(), frozenset(n for n, cam_layer in self.cam_layer.items() if cam_layer.call is None)
        )

    def _differentiated(
        self, leaves: Mapping[str, Tensor], present: Tensor, calls: Sequence[Call]
    ) -> tuple[list[tuple[dict[Call, Any], Tensor]], Tensor]:
        """What was caught in each group of rows, with their places, and the logits of all rows."""
        caller = self.runner.caller
        filled = caller.filled(leaves, present)
        parts, logits, order = [], [], []
        for rows, gone in caller.groups(present):
            index = torch.arange(len(present), device=present.device) if rows is None else rows
            few = filled if rows is None else {name: value[index] for name, value in filled.items()}
            with caught(self.module, calls, differentiate=True) as found:
                logits.append(self.plain.logits(few, present[index], gone))
            parts.append((found, index))
            order.append(index)
        back = torch.argsort(torch.cat(order))
        return parts, torch.cat(logits)[back]

    def _layer(
        self,
        name: str,
        leaf: Tensor,
        parts: Sequence[tuple[Mapping[Call, Any], Tensor]],
        at: Mapping[int, Tensor],
        rows: int,
    ) -> tuple[Tensor, Tensor]:
        """Activations and gradients `[B, C, *places]` of one modality; zeros where its layer did not run."""
        cam_layer = self.cam_layer[name]
        if cam_layer.call is None:
            pair = (leaf.detach(), at[id(leaf)])
            return (pair[0][:, None], pair[1][:, None]) if leaf.dim() == 2 else pair
        found: tuple[Tensor, Tensor] | None = None
        for caught_here, index in parts:
            if cam_layer.call not in caught_here:
                continue
            value = cam_layer.maps(caught_here[cam_layer.call].detach()).float()
            gradient = cam_layer.maps(at[id(caught_here[cam_layer.call])]).float()
            if found is None:
                found = value.new_zeros(rows, *value.shape[1:]), value.new_zeros(rows, *value.shape[1:])
            for whole, some in zip(found, (value, gradient), strict=True):
                whole[index] = some
        if found is None:
            raise Unsupported(f"'{cam_layer.call}' was not called.", f"Correct look= of Input('{name}').")
        return found

    # the same network, knowing nothing

    def reinitialised(self, seed: int) -> RegisteredModel:
        """The same module with fresh random parameters; buffers (statistics) are the learned one's.

        What can draw its own start (`reset_parameters`) does; of other parameters, the values change places.
        """
        with self.lock:
            module = _copied(self.module, self.registration)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            _reset(module)
        other = type(self)(self.info, self.registration, module)
        other.runner = replace(self.runner, module=module, encoders={})
        other.cam_layer, other.trace, other.notes = (
            self.cam_layer,
            Trace(embedding=self.trace.embedding),
            list(self.notes),
        )
        return other.eval()


def _distinct(calls: list[Call]) -> list[Call]:
    return sorted(set(calls))


def _leaf(value: Tensor) -> Tensor:
    return value.detach().clone().float().requires_grad_()


def _gradients(total: Tensor, wanted: Sequence[Tensor]) -> tuple[Tensor, ...]:
    if not total.requires_grad:
        raise Unsupported("No gradient reaches the answer.", "Look for no_grad, detach or argmax in forward.")
    return torch.autograd.grad(total, wanted, allow_unused=True, materialize_grads=True)


def _apart(answer: Answer, count: int, rows: int) -> list[Fused]:
    found = []
    for k in range(count):
        part = slice(k * rows, (k + 1) * rows)
        variance = None if answer.variance is None else answer.variance[part]
        found.append(Fused(answer.logits[part], answer.mean[part], variance))
    return found


def _copied(module: nn.Module, registration: Registration) -> nn.Module:
    try:
        return copy.deepcopy(module)
    except Exception:  # what cannot be copied is built again
        if isinstance(registration.model, nn.Module):
            raise Unsupported("This module cannot be copied.", "Register a function that builds it.") from None
        return build(registration).to(device_of(module)).eval()


def _reset(module: nn.Module) -> None:
    drawn: set[int] = set()
    for each in module.modules():
        reset = getattr(each, "reset_parameters", None)
        if callable(reset) and not isinstance(each, nn.modules.batchnorm._NormBase):
            before = {id(p) for p in each.parameters(recurse=False)}
            dtype = next((p.dtype for p in each.parameters(recurse=False)), torch.float32)
            if before and dtype in (torch.float32, torch.float64):
                reset()
                drawn |= before
    for parameter in module.parameters():
        if id(parameter) not in drawn and parameter.numel() > 1:
            flat = parameter.flatten()
            parameter.copy_(flat[torch.randperm(len(flat)).to(flat.device)].view_as(parameter))
