"""Models of transformers, MONAI, timm and torchvision, registered as they are: the same numbers as called directly."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
from torch import nn

from mmlab.analysis.attribution.evidence_question import averaged
from mmlab.cli.app import main
from mmlab.foreign.adapter import RegisteredModel
from mmlab.foreign.doctor import examine
from mmlab.foreign.opening import adapted
from mmlab.foreign.task import RegisteredTask, task_class
from mmlab.inference.sweep import fuse_all
from tests.foreign_models import FOREIGN, Foreign, package
from tests.own_models import SHAPES
from tests.test_folder_everywhere import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
LOOKS = {
    "clip": ("layer_norm1", "layer_norm1"),
    "vilt": ("patch_embeddings", "text_embeddings"),
    "timm": ("net", ""),
    "spoken": ("sound", "text"),
}


@cache
def opened(name: str) -> tuple[Foreign, RegisteredTask, RegisteredModel]:
    found = FOREIGN[name]()
    said = found.registration
    task = task_class(said, said.name, (said.name,))()
    return found, task, adapted(said, task.info)


@pytest.mark.parametrize("name", FOREIGN)
def test_the_doctor_finds_no_error(name: str) -> None:
    report = examine(FOREIGN[name]().registration)
    assert not report.errors, report.text()


@pytest.mark.parametrize("name", FOREIGN)
def test_every_combination_is_answered_as_the_module_answers_it(name: str) -> None:
    found, task, method = opened(name)
    samples = task.samples("test")
    batch = samples.batch(range(4))
    for combination, fused in zip(
        method.modalities.subsets(), fuse_all(method, batch.inputs, method.modalities.subsets()), strict=True
    ):
        present = {each: each in combination for each in method.modalities.names}
        with torch.no_grad():
            rows = [found.direct(method.module, found.registration.data[row], present) for row in range(4)]
        assert torch.allclose(fused.logits, torch.cat(rows).float(), atol=1e-5 * max(1, fused.logits.abs().max())), (
            combination
        )


@pytest.mark.parametrize("name", LOOKS)
def test_layers_are_found_where_a_person_would_look(name: str) -> None:
    _, _, method = opened(name)
    for look, wanted in zip(method.looks.values(), LOOKS[name], strict=True):
        assert wanted in str(look.call or ""), method.trace.notes


@pytest.mark.parametrize("name", FOREIGN)
def test_every_page_and_command_takes_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    found = FOREIGN[name]().registration
    for variable in ("CACHE", "CHECKPOINTS", "DATA"):
        monkeypatch.setenv(f"MMLAB_{variable}", str(tmp_path / variable.lower()))
    monkeypatch.setenv("MMLAB_MODELS", "")
    st.cache_data.clear()
    st.cache_resource.clear()
    file = tmp_path / "model.py"
    file.write_text(f"from tests.foreign_models import FOREIGN\nFOREIGN[{name!r}]()\n")
    assert main(["measure", str(file)]) == 0, capsys.readouterr()
    for command in ("evaluate", "dominance"):
        if command == "evaluate" or len(found.data) >= 8:
            assert main([command, "--task", found.name, "--method", found.name]) == 0, capsys.readouterr()
    visitor = Visitor(found.name)
    if name == "clip":
        visitor.read_all()
    for path in ("predict", "explain", "embed", "robustness", "dominance"):  # sections: tests/test_own_everywhere.py
        visitor.read(f"pages/{path}.py", section="", aspect="")


@pytest.mark.parametrize(("name", "layer"), [("two_branches", "rgb"), ("siamese", "enc")])
def test_grad_cam_is_that_of_pytorch_grad_cam(name: str, layer: str) -> None:
    cam = package("pytorch_grad_cam")
    shape = SHAPES[name]()
    said = shape.registration
    task = task_class(said, said.name, (said.name,))()
    method = adapted(said, task.info)
    first, second = method.modalities.names
    batch = task.samples("test").batch([0, 1])

    class Wrapped(nn.Module):
        """What its users write: one input, the others bound."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = method.module

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(**{first: x, second: batch.inputs[second]})

    look = method.looks[first].call
    assert look is not None
    if name == "siamese":  # it keeps the last call only, so the first is bound there
        first, second = second, first
    net = Wrapped()
    target = dict(method.module.named_modules())[look.path]
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    with cam.GradCAM(model=net, target_layers=[target]) as theirs:
        theirs(input_tensor=batch.inputs[first], targets=[ClassifierOutputTarget(1)] * 2)
        activations = theirs.activations_and_grads.activations[-1].numpy()
        gradients = theirs.activations_and_grads.gradients[-1].numpy()
        raw = theirs.get_cam_image(batch.inputs[first], target, None, activations, gradients, False)
    full = torch.ones(2, 2, dtype=torch.bool)
    found = method.evidence(batch.inputs, full, lambda logits: logits[:, 1])
    mine = averaged(*found.layers[first][0])[:, 0].detach().numpy()
    assert np.allclose(np.maximum(mine, 0), np.maximum(raw, 0), atol=1e-6)
