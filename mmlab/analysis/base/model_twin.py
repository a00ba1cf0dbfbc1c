"""A copy of a model in which single layers can be recorded, replaced and replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from torch import Tensor, nn

from mmlab.core.method import Method

ENDS = ("_hooks", "_hooks_with_kwargs", "_hooks_always_called")  # how torch names what hangs on a module
HOOKS = {name: type(value) for name, value in vars(nn.Module()).items() if name.endswith(ENDS)}


def twin(method: Method) -> Method:
    """A copy in eval mode with modules of its own and the *same* tensors: hooks on it stay on it.

    By hand, because `copy.deepcopy` takes longer than explaining does. The method itself where it cannot be copied, and
    then serialises its calls.
    """
    if method.one_at_a_time:
        return method
    return cast(Method, _twin(method, {}))


def _twin(module: nn.Module, made: dict[nn.Module, nn.Module]) -> nn.Module:
    if module not in made:
        copied = made[module] = object.__new__(type(module))
        parts = module._modules.items()
        vars(copied).update(
            vars(module),
            **{name: kind() for name, kind in HOOKS.items()},
            _modules={name: None if part is None else _twin(part, made) for name, part in parts},
            training=False,
        )
    return made[module]


@contextmanager
def recorded(layers: Sequence[nn.Module]) -> Iterator[dict[nn.Module, Any]]:
    """What each layer gives on its *first* call: the one that sees the sample, as a method may run a layer again.

    (Joint training does, on the mean input that stands in for an absent one.)
    """
    found: dict[nn.Module, Any] = {}

    def keep(layer: nn.Module, _: Any, value: Any) -> None:
        found.setdefault(layer, value)

    handles = [layer.register_forward_hook(keep) for layer in layers]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def replayed(values: Mapping[nn.Module, Any]) -> Iterator[None]:
    """Let each layer of the twin give that value on its first call, without computing it again."""
    waiting = dict(values)

    def first(layer: nn.Module) -> Callable[..., Tensor]:
        original = type(layer).forward.__get__(layer)
        return lambda *arguments: waiting.pop(layer) if layer in waiting else original(*arguments)

    for layer in values:
        layer.forward = first(layer)
    try:
        yield
    finally:
        for layer in values:
            del layer.forward
