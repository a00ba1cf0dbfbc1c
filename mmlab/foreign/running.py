"""Runs a custom module under combinations: directly, or with its encoders replayed, in batches that fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from mmlab.core.errors import DataError
from mmlab.foreign import answers, trees
from mmlab.foreign.calling import Caller, device_of
from mmlab.foreign.calls import Call, caught, entered, replayed
from mmlab.foreign.registration import Registration
from mmlab.inference.memory import free_bytes

MOST_ROWS = 512
LEAST_FREE = 256 * 2**20
CACHE = 16 * 2**20  # bytes of one layer's results that a processor still works on quickly


@dataclass(frozen=True)
class Answer:
    """Logits in the output's shape, float32; mean `[B, D]` the embedding; variance `[B, D]` where there is one."""

    logits: Tensor
    mean: Tensor
    variance: Tensor | None = None


@dataclass
class EncodedModality:
    """What encoding gave of one modality: the input `[B, *shape]` itself, and what its encoders returned for it."""

    value: Tensor
    calls: dict[Call, Any] = field(default_factory=dict)

    def at(self, index: Tensor) -> EncodedModality:
        """The rows at `index`."""
        return EncodedModality(
            self.value[index], {call: trees.taken(value, index) for call, value in self.calls.items()}
        )


@dataclass(frozen=True)
class Runner:
    """A module with what is known of it. embedding: "module" or "module:in", empty for the logits themselves;
    encoders: the calls to replay, empty where nothing is replayed; row_bytes: what one row's largest result takes.
    """

    module: nn.Module
    caller: Caller
    registration: Registration
    embedding: str = ""
    encoders: Mapping[Call, str] = field(default_factory=dict)
    row_bytes: int = 0

    def direct(self, inputs: Mapping[str, Tensor], present: Tensor) -> Answer:
        """The answer of every row `[B, *shape]`, all of the module run. Raises DataError where it cannot be read."""
        return self._answered(inputs, present, None)

    def encode(self, inputs: Mapping[str, Tensor]) -> dict[str, EncodedModality]:
        """Each encoder once, on inputs `[B, *shape]` that are all there."""
        pieces = {name: EncodedModality(inputs[name]) for name in self.caller.names}
        if self.encoders:
            rows = len(pieces[self.caller.names[0]].value)
            for part in _chunks(rows, self.rows_at_once()):
                index = torch.arange(part.start, part.stop, device=pieces[self.caller.names[0]].value.device)
                for call, value in self._encoded({n: p.value[index] for n, p in pieces.items()}).items():
                    calls = pieces[self.encoders[call]].calls
                    calls[call] = value if call not in calls else trees.joined(_cat, calls[call], value)
        return pieces

    def fuse(self, pieces: Mapping[str, EncodedModality], present: Tensor) -> Answer:
        """The answers from what was encoded, `present` bool `[B, M]`: in parts that fit into memory."""
        found = []
        for part in _chunks(len(present), self.rows_at_once()):
            index = torch.arange(part.start, part.stop, device=present.device)
            few = pieces if len(index) == len(present) else {name: piece.at(index) for name, piece in pieces.items()}
            on = present[index]
            values = {name: piece.value for name, piece in few.items()}
            found.append(self._answered(values, on, self._stand_ins(few, on) if self.encoders else None))
        return joined(found)

    def logits(self, filled: Mapping[str, Tensor], present: Tensor, gone: frozenset[str]) -> Tensor:
        """The logits of one group of rows, inputs already filled in."""
        return self._one(filled, present, gone).logits

    def rows_at_once(self) -> int:
        """How many rows go through the module together: by what is free, and by what one row takes.

        On a processor more than fit into its cache are slower than several passes of fewer.
        """
        place = device_of(self.module)
        if place.type == "cpu" and self.row_bytes:
            return int(max(1, min(MOST_ROWS, CACHE // self.row_bytes)))
        per_row = max(self.row_bytes, 1) * 12
        return int(max(1, min(MOST_ROWS, max(free_bytes(place), LEAST_FREE) // 6 // per_row)))

    def _encoded(self, inputs: Mapping[str, Tensor]) -> dict[Call, Any]:
        rows = len(next(iter(inputs.values())))
        place = next(iter(inputs.values())).device
        present = torch.ones(rows, len(self.caller.names), dtype=torch.bool, device=place)
        with caught(self.module, list(self.encoders)) as found:
            self.caller.run(self.module, inputs, present, frozenset())
        return found

    def _stand_ins(self, pieces: Mapping[str, EncodedModality], present: Tensor) -> dict[Call, Any]:
        """What each encoder returned, with that of what stands in where its modality is absent."""
        found = {}
        fills = None
        for call, name in self.encoders.items():
            value, on = pieces[name].calls[call], present[:, self.caller.names.index(name)]
            if not bool(on.all()) and not self.caller.fills[name].apart:
                fills = self._of_fills(pieces) if fills is None else fills
                index = self.caller.fills[name].rows(pieces[name].value)
                value = trees.joined(_chosen(on, index), value, fills[call])
            found[call] = value
        return found

    def _of_fills(self, pieces: Mapping[str, EncodedModality]) -> dict[Call, Any]:
        """What the encoders return for what stands in: one pass with all of it. Banks of donors may be longer."""
        some = next(iter(pieces.values())).value
        most = max(len(self.caller.fills[name].bank) for name in self.caller.names)
        banks = {}
        for name in self.caller.names:
            bank = self.caller.fills[name].bank.to(some.device)
            banks[name] = bank[torch.arange(most, device=some.device) % len(bank)]
        return self._encoded(banks)

    def _answered(self, inputs: Mapping[str, Tensor], present: Tensor, stand_ins: Mapping[Call, Any] | None) -> Answer:
        filled = self.caller.filled(inputs, present)
        parts: list[tuple[Tensor | None, Answer]] = []
        for rows, gone in self.caller.groups(present):
            few = filled if rows is None else {name: value[rows] for name, value in filled.items()}
            on = present if rows is None else present[rows]
            with ExitStack() as stack:
                if stand_ins:
                    here = {call: v for call, v in stand_ins.items() if self.encoders[call] not in gone}
                    chosen = here if rows is None else {call: trees.taken(v, rows) for call, v in here.items()}
                    stack.enter_context(replayed(self.module, chosen))
                parts.append((rows, self._one(few, on, gone)))
        if len(parts) == 1 and parts[0][0] is None:
            return parts[0][1]
        return _put_back([rows for rows, _ in parts if rows is not None], [answer for _, answer in parts], len(present))

    def _one(self, filled: Mapping[str, Tensor], present: Tensor, gone: frozenset[str]) -> Answer:
        """One call of the module, with its embedding and variance caught on the way."""
        rows, kept = len(present), {}
        with ExitStack() as stack:
            for what, text in (("mean", self.embedding), ("variance", self.registration.variance)):
                path, _, side = text.partition(":")
                if path:
                    kept[what] = stack.enter_context(_side(self.module, path, side))
            returned = self.caller.run(self.module, filled, present, gone)
        found = answers.find(returned, self.registration.logits)
        logits = answers.shaped(found, self.registration.output, rows, self.registration.probabilities)
        mean = _vector(kept["mean"], rows) if "mean" in kept else None
        variance = _vector(kept["variance"], rows) if "variance" in kept else None
        return Answer(
            logits, logits.flatten(1) if mean is None and logits.dim() == 2 else _pooled(logits, mean), variance
        )


def _pooled(logits: Tensor, mean: Tensor | None) -> Tensor:
    return logits.mean(tuple(range(2, logits.dim()))) if mean is None else mean


def _side(module: nn.Module, path: str, side: str) -> Any:
    """What goes into the module at `path`, or comes out of it. Raises DataError where there is none."""
    if path not in dict(module.named_modules()):
        near = ", ".join(list(dict(module.named_modules()))[-4:])
        raise DataError(f"There is no module '{path}'.", f"The last ones are: {near}.")
    return entered(module, path) if side == "in" else _left(module, path)


class _left:
    """The first tensor that each call of the module at `path` returns."""

    def __init__(self, module: nn.Module, path: str) -> None:
        self._of, self._found = dict(module.named_modules())[path], []  # type: ignore[var-annotated]

    def __enter__(self) -> list[Tensor]:
        def hook(_: nn.Module, __: Any, value: Any) -> None:
            first = trees.first_tensor(value)
            if first is not None:
                self._found.append(first)

        self._handle = self._of.register_forward_hook(hook)
        return self._found

    def __exit__(self, *_: object) -> None:
        self._handle.remove()


def _vector(found: Sequence[Tensor], rows: int) -> Tensor | None:
    """The last of what was caught as `[B, D]` float32: averaged over places or tokens; None where it is not by row."""
    value = found[-1] if found else None
    if value is None or value.dim() < 2 or len(value) != rows:
        return None
    value = value.float()
    if value.dim() == 3:
        return value.mean(1)
    return value.flatten(2).mean(2) if value.dim() > 3 else value


def _chosen(on: Tensor, index: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    def choose(real: Tensor, bank: Tensor) -> Tensor:
        wide = on.to(real.device).view(-1, *([1] * (real.dim() - 1)))
        return torch.where(wide, real, bank[index.to(bank.device)].to(real))

    return choose


def _cat(first: Tensor, second: Tensor) -> Tensor:
    return torch.cat([first, second])


def _chunks(count: int, size: int) -> list[range]:
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def joined(found: Sequence[Answer]) -> Answer:
    """Answers of several batches as one."""
    if len(found) == 1:
        return found[0]
    variances = [each.variance for each in found if each.variance is not None]
    return Answer(
        torch.cat([each.logits for each in found]),
        torch.cat([each.mean for each in found]),
        torch.cat(variances) if len(variances) == len(found) else None,
    )


def _put_back(rows: Sequence[Tensor], found: Sequence[Answer], count: int) -> Answer:
    """Answers of groups of rows in the order of the rows."""
    order = torch.empty(count, dtype=torch.long, device=rows[0].device)
    order[torch.cat(list(rows))] = torch.arange(count, device=rows[0].device)
    widths = {each.mean.shape[1] for each in found}
    if len(widths) > 1:
        raise DataError(
            "The embedding has several widths, depending on what is present.", 'Name it: embedding="module".'
        )
    whole = joined(found)
    variance = None if whole.variance is None else whole.variance[order]
    return Answer(whole.logits[order], whole.mean[order], variance)
