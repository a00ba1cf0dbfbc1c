"""A trained model as a representation: what downstream components observe of the available inputs.

A method that declares one (`Method.representation`) can be observed by any scenario, such as a controller, which needs
to know nothing else of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmlab.core.errors import Unsupported
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.inference.sweep import fuse_all


def represent(method: Method, inputs: Mapping[str, Tensor], combination: Combination) -> Tensor:
    """The code `[N, D]` that a frozen method has of a combination of inputs, on the processor like them.

    Raises Unsupported for a method that declares no representation.
    """
    if not method.representation:
        raise Unsupported(
            f"{method.title} has no representation that something else could be built on.",
            "Use a method that has one, such as m3ixup; one of your own declares it (docs/plugins.md).",
        )
    with torch.no_grad():
        there = {name: value.to(method.device) for name, value in inputs.items()}
        return fuse_all(method, there, [combination])[0].mean.cpu()
