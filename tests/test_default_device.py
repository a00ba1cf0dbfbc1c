"""Nothing lands on the default device by chance: on a GPU that is the processor, where the inputs are not.

What is made without a word about its place is put on a device without content here. It is of no use to anything else
then, and whoever mixes the two is found on a machine without a GPU. Indices that lists become may be anywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from mmlab.analysis.attribution.registry import EXPLAINERS, find
from mmlab.core.batch import Samples
from mmlab.core.method import METHODS
from mmlab.inference.sweep import sweep
from mmlab.testing import method_contract
from mmlab.testing.toy_task import ToyTask

MADE = {torch.zeros, torch.ones, torch.empty, torch.full, torch.rand, torch.randn, torch.eye, torch.linspace}
TRAINED = [name for name in METHODS if METHODS[name].trained_here]


class Elsewhere(TorchFunctionMode):
    """Tensors that are made with no device go where nobody can use them.

    A generator says where its numbers are, and a single number of the processor may be used with any device.
    """

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        is_said = given.get("device") is not None or given.get("generator") is not None
        if function in MADE and args[:1] != ((),) and not is_said and torch.get_default_device().type == "cpu":
            given = {**given, "device": "meta"}
        return function(*args, **given)


@pytest.mark.parametrize("kind", ["classification", "segmentation"])
@pytest.mark.parametrize("name", list(EXPLAINERS))
def test_every_explainer_says_where_its_tensors_are(name: str, kind: str) -> None:
    method = method_contract.made("dropout", kind, 2).eval()
    batch = ToyTask(kind, 2).samples("test").batch([0])
    inputs, combinations = {each: value[0] for each, value in batch.inputs.items()}, method.modalities.subsets()
    expected = find(name).run(method, inputs, combinations, 0)
    with Elsewhere():
        found = find(name).run(method, inputs, combinations, 0)
    for key, maps in expected.maps.items():
        for modality, values in maps.items():
            np.testing.assert_allclose(found.maps[key][modality], values, atol=1e-6)


@pytest.mark.parametrize("name", TRAINED)
def test_every_training_says_where_its_tensors_are(name: str) -> None:
    made = method_contract.trainer(name, "classification", 2)
    with Elsewhere():
        last = list(made.epochs())[-1]
    assert np.isfinite(list(last.losses.values())).all()


@pytest.mark.parametrize("name", TRAINED)
def test_every_sweep_says_where_its_tensors_are(name: str) -> None:
    method, samples = method_contract.made(name, "classification", 2), ToyTask("classification", 2).samples("test")
    expected = sweep(method, samples)
    with Elsewhere():
        found = sweep(method, samples)
    np.testing.assert_array_equal(found.logits, expected.logits)


class Lookups(TorchDispatchMode):
    """Where tensors, and the rows that are taken of them, are."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if operator.overloadpacket.__name__ == "index":
            self.found += [(args[0].device.type, rows.device.type) for rows in args[1] if isinstance(rows, Tensor)]
        return operator(*args, **(kwargs or {}))


def test_rows_are_taken_where_the_samples_are_so_that_no_device_is_waited_for() -> None:
    """Numbers of rows on the processor are copied to a GPU at each use, and it is waited for each time."""
    inputs = {"image": torch.zeros(6, 1, 2, 2, device="meta"), "sound": torch.zeros(6, 3, device="meta")}
    present, target = torch.ones(6, 2, dtype=torch.bool, device="meta"), torch.zeros(6, device="meta")
    with Lookups() as seen:
        Samples(inputs, present, target, tuple("abcdef"), tuple("abcdef")).batch([4, 1])
    assert seen.found == [("meta", "meta")] * 4
