"""The calls of submodules in one pass, by the module's path and the call's number: observed, captured, replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from mmlab.core.errors import DataError
from mmlab.foreign.trees import first_tensor, mapped


@dataclass(frozen=True, order=True)
class Call:
    """The `index`-th call of the module at `path` in one pass; written `layer4` or `enc#1`."""

    path: str
    index: int = 0

    def __str__(self) -> str:
        return f"{self.path}#{self.index}" if self.index else self.path

    @classmethod
    def parse(cls, text: str) -> Call:
        """From `enc#1`. Raises DataError."""
        path, mark, number = text.partition("#")
        if mark and not number.isdigit():
            raise DataError(f"'{text}' names no call.", 'Write "module", or "module#1" for its second call.')
        return cls(path, int(number or 0))


def submodules(module: nn.Module) -> dict[str, nn.Module]:
    """Every module below by path, each once."""
    return {path: each for path, each in module.named_modules() if path}


Seen = Callable[[Call, Call | None, nn.Module, Any], None]


@contextmanager
def watched(module: nn.Module, seen: Seen) -> Iterator[None]:
    """Tell of each call below `module` when it ends: the call, the one around it, the module, what it returned."""
    stack: list[Call] = []
    counts: dict[str, int] = {}
    handles = []

    def enter(path: str) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            stack.append(Call(path, counts.get(path, 0)))
            counts[path] = counts.get(path, 0) + 1

        return hook

    def leave(each: nn.Module) -> Callable[..., None]:
        def hook(_: nn.Module, __: Any, value: Any) -> None:
            call = stack.pop()
            seen(call, stack[-1] if stack else None, each, value)

        return hook

    for path, each in submodules(module).items():
        handles.append(each.register_forward_pre_hook(enter(path)))
        handles.append(each.register_forward_hook(leave(each)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def caught(module: nn.Module, wanted: Sequence[Call], differentiate: bool = False) -> Iterator[dict[Call, Any]]:
    """What the wanted calls return. differentiate: make their first tensor something a gradient can be taken of.

    A copy of it goes on, so that what works in place afterwards does not change what was caught.
    """
    found: dict[Call, Any] = {}
    counts: dict[str, int] = {}
    below = submodules(module)
    handles = []

    def keep(path: str) -> Callable[..., Any]:
        def hook(_: nn.Module, __: Any, value: Any) -> Any:
            call = Call(path, counts.get(path, 0))
            counts[path] = call.index + 1
            if call not in wanted:
                return None
            if not differentiate:
                found[call] = value
                return None
            return _made_leaf(call, value, found)

        return hook

    for path in {call.path for call in wanted}:
        if path in below:
            handles.append(below[path].register_forward_hook(keep(path)))
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _made_leaf(call: Call, value: Any, found: dict[Call, Any]) -> Any:
    first = first_tensor(value)
    if first is None:
        return None
    leaf = first if first.requires_grad else first.detach().requires_grad_()
    found[call] = leaf
    return mapped(lambda each: leaf.clone() if each is first else each, value)


@contextmanager
def entered(module: nn.Module, path: str) -> Iterator[list[Tensor]]:
    """The first tensor that each call of the module at `path` is given."""
    found: list[Tensor] = []

    def hook(_: nn.Module, arguments: Any, named: Any) -> None:
        value = first_tensor((arguments, named))
        if value is not None:
            found.append(value)

    handle = submodules(module)[path].register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield found
    finally:
        handle.remove()


@contextmanager
def replayed(module: nn.Module, values: Mapping[Call, Any]) -> Iterator[None]:
    """Let these calls return these values without being computed; other calls of the same modules are computed."""
    below = submodules(module)
    counts: dict[str, int] = {}
    before: dict[str, Any] = {}

    def instead(path: str) -> Callable[..., Any]:
        original = below[path].forward

        def forward(*arguments: Any, **named: Any) -> Any:
            call = Call(path, counts.get(path, 0))
            counts[path] = call.index + 1
            return values[call] if call in values else original(*arguments, **named)

        return forward

    try:
        for path in {call.path for call in values}:
            before[path] = vars(below[path]).get("forward")
            below[path].forward = instead(path)
        yield
    finally:
        for path, kept in before.items():
            if kept is None:
                del below[path].forward
            else:
                below[path].forward = kept
