"""The fingerprint of a registered model's state: its weights, its code, its registration, its samples."""

from __future__ import annotations

import hashlib
import inspect
import sysconfig
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmlab.foreign.adapter import RegisteredModel
from mmlab.foreign.registration import Registration
from mmlab.foreign.task import samples_of


def fingerprint(method: RegisteredModel) -> dict[str, str]:
    """By what could change: a digest each."""
    return {
        "weights": _weights(method.module),
        "code": _code(method.module),
        "registration": _said(method.registration),
        "samples": _samples(method.registration),
    }


def _weights(module: nn.Module) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, value in module.state_dict().items():
        digest.update(name.encode())
        if isinstance(value, Tensor):
            _add(digest, value)
    return digest.hexdigest()


def _add(digest: Any, value: Tensor) -> None:
    plain = value.detach().cpu().contiguous()
    digest.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
    digest.update(plain.reshape(-1).view(torch.uint8).numpy().data if plain.numel() else b"")


def _code(module: nn.Module) -> str:
    """The person's own classes in it; those of installed packages go by their package's version."""
    digest = hashlib.blake2b(digest_size=16)
    installed = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")})
    for kind in dict.fromkeys(type(each) for each in module.modules()):
        digest.update(f"{kind.__module__}.{kind.__qualname__}".encode())
        try:
            if not (inspect.getsourcefile(kind) or "").startswith(installed):
                digest.update(inspect.getsource(kind).encode())
        except (OSError, TypeError):
            continue  # made in a notebook: its name has to do
    return digest.hexdigest()


def _said(registration: Registration) -> str:
    parts: list[Any] = [
        registration.output.card(),
        registration.logits,
        registration.probabilities,
        registration.absent,
        registration.present,
        registration.embedding,
        registration.variance,
        registration.call,
        [(name, *vars(each).values()) for name, each in registration.inputs.items()],
    ]
    return hashlib.blake2b("\n".join(_plain(parts)).encode(), digest_size=16).hexdigest()


def _plain(value: Any) -> Iterator[str]:
    """Values as texts that are the same in every process: functions by what they do."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from _plain(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield str(name)
            yield from _plain(each)
    elif isinstance(value, Tensor):
        yield str(value.detach().cpu().tolist())
    elif isinstance(value, np.ndarray):
        yield str(value.tolist())
    elif callable(value):
        code = getattr(value, "__code__", None)
        yield f"{getattr(value, '__qualname__', type(value).__name__)} {code.co_code.hex() if code else ''}"
        yield str([each for each in (code.co_consts if code else ()) if isinstance(each, int | float | str)])
    else:
        yield repr(value)


def _samples(registration: Registration) -> str:
    samples = samples_of(registration, "test")
    digest = hashlib.blake2b(digest_size=16)
    for value in (*samples.inputs.values(), samples.present, samples.target):
        _add(digest, value)
    digest.update("\n".join(samples.ids).encode())
    return digest.hexdigest()
