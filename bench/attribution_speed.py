"""Grad-CAM of one sample under all combinations: in one batch, and with captum called once per combination and input.

`python bench/attribution_speed.py [method]` prints both times and their ratio, on one thread, and exits with 1 where
the batch takes a second or more, or is less than three times as fast.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn

from mmlab.analysis.attribution import grad_cam
from mmlab.analysis.questions import twin
from mmlab.core.batch import Batch
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.library import Library

REPEATS = 15


class Plain(nn.Module):
    """A method as captum wants it: tensors in the task's order and the mask, one score out."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method

    def forward(self, *arguments: Tensor) -> Tensor:
        *inputs, present = arguments
        return self.method(dict(zip(self.method.modalities.names, inputs, strict=True)), present).logits


def one_by_one(method: Method, batch: Batch, combinations: tuple[Combination, ...], target: int) -> None:
    """What a person would write: a call for each combination and each input in it, upsampled by captum."""
    from captum.attr import LayerAttribution

    plain = Plain(twin(method))
    inputs = tuple(batch.inputs[name] for name in method.modalities.names)
    for combination in combinations:
        present = method.modalities.mask(combination, 1)
        for name in combination.names:
            shape = method.modalities[name].shape
            for layer in plain.method.cam_layers(name, combination):
                found = LayerGradCam(plain, layer).attribute(inputs, target, additional_forward_args=(present,))
                LayerAttribution.interpolate(found, shape[1:], "bilinear" if len(shape) == 3 else "linear").relu()


def median(work: Callable[[], object]) -> float:
    """Seconds, the median of several runs after a warm-up."""
    work()
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main(name: str = "dmrnet") -> int:
    """Time both on the first shipped test sample of digits."""
    torch.set_num_threads(1)
    model = Library().load("digits", name)
    batch = model.task.samples("test").batch([0])
    single = {each: value[0] for each, value in batch.inputs.items()}
    combinations, target = model.method.modalities.subsets(), int(batch.target[0])
    together = median(lambda: grad_cam(model.method, single, combinations, target))
    apart = median(lambda: one_by_one(model.method, batch, combinations, target))
    print(
        f"{name}, {len(combinations)} combinations: {1000 * together:.1f} ms in one batch, "
        f"{1000 * apart:.1f} ms one by one"
    )
    print(f"ratio {apart / together:.1f}")
    return int(together >= 1 or apart / together < 3)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
