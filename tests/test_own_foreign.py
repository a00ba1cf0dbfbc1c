"""Models of transformers, MONAI, timm and torchvision, registered as they are, through every command and every page:
the same numbers as called directly.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import streamlit as st
import torch
from PIL import Image
from torch import Tensor, nn

from mmlab.analysis.attribution.evidence_request import averaged
from mmlab.analysis.embedding import map_file, umap_worker
from mmlab.analysis.embedding.maps import MapSettings
from mmlab.cli.app import main
from mmlab.core.modality import Combination
from mmlab.experiments import model_work
from mmlab.foreign import examining
from mmlab.foreign.adapter import RegisteredModel
from mmlab.foreign.doctor import Report
from mmlab.foreign.opening import adapted
from mmlab.foreign.registration import Registration
from mmlab.foreign.task import task_class
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import fuse_all
from mmlab.storage import sweep_file
from mmlab.storage.library import Library
from mmlab.ui.components import page_frame
from tests.foreign_models import FOREIGN, Foreign, package
from tests.own_models import SHAPES
from tests.test_folder_everywhere import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
REGISTERS = """
from tests.foreign_models import FOREIGN
found = FOREIGN[{name!r}]()
"""
CAM_LAYERS = {
    "clip": ("layer_norm1", "layer_norm1"),
    "vilt": ("patch_embeddings", "text_embeddings"),
    "timm": ("net", ""),
    "spoken": ("sound", "text"),
}


@dataclass(frozen=True)
class Measured:
    """One foreign model that was examined and measured by the commands. answers: `[N, C]` or `[N, R, H, W]` of the
    module itself, called sample by sample, by combination."""

    key: str
    file: Path
    foreign: Foreign
    folder: Path
    model: Model
    doctor: dict[str, Any]
    report: dict[str, Any]
    answers: dict[str, Tensor] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.foreign.registration.name

    @property
    def method(self) -> RegisteredModel:
        assert isinstance(self.model.method, RegisteredModel)
        return self.model.method

    def direct(self, sample: dict[str, Any], combination: Combination) -> Tensor:
        """What the module answers to one sample, `[1, ...]`."""
        present = {each: each in combination for each in self.method.modalities.names}
        with torch.no_grad():
            return self.foreign.direct(self.method.module, sample, present).float()


def printed(*words: object) -> Any:
    """What a command prints as JSON."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = main([str(word) for word in (*words, "--json")])
    assert code == 0, said.getvalue()
    return json.loads(said.getvalue())


def mapped_here(folder: Path, settings: MapSettings | None = None, *_: object) -> Path:
    """What the process for a map does, in this one: its import of umap costs more than six small maps."""
    with contextlib.redirect_stdout(io.StringIO()):  # its progress, which `build_map` reads
        umap_worker.main(folder, settings or MapSettings(), folder)
    return folder / map_file.MAP


@pytest.fixture(scope="module", params=FOREIGN)
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Each foreign model after `doctor` and `measure`, alone in the library."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("CACHE", "CHECKPOINTS", "DATA"):
            patch.setenv(f"MMLAB_{variable}", str(folder / variable.lower()))
        for variable in ("MODELS", "FOLDERS"):
            patch.setenv(f"MMLAB_{variable}", "")
        st.cache_data.clear()
        st.cache_resource.clear()
        file = folder / "model.py"
        file.write_text(REGISTERS.format(name=request.param))
        FOREIGN[request.param]()  # skips where its package is not installed
        patch.setattr(examining, "examine", once(examining.examine))  # for both commands
        doctor = printed("doctor", file)
        report = printed("measure", file)
        foreign = vars(_module_of(file))["found"]
        reference = Library().find(foreign.registration.name, foreign.registration.name)
        model = Model.open(reference)
        found = Measured(request.param, file, foreign, Path(reference.path), model, doctor, report)
        data = foreign.registration.data
        found.answers.update(
            (each.key, torch.cat([found.direct(sample, each) for sample in data]))
            for each in model.method.modalities.subsets()
        )
        yield found


def once(examine: Callable[[Registration], Report]) -> Callable[[Registration], Report]:
    kept: dict[int, Report] = {}

    def examined(registration: Registration) -> Report:
        if id(registration) not in kept:
            kept[id(registration)] = examine(registration)
        return kept[id(registration)]

    return examined


def _module_of(file: Path) -> Any:
    return next(each for each in sys.modules.values() if getattr(each, "__file__", None) == str(file))


def test_the_doctor_finds_no_error(measured: Measured) -> None:
    for (found,) in (measured.doctor["models"], measured.report["doctor"]):
        assert not [each for each in found["findings"] if each["level"] == "error"], found


def test_what_is_measured_is_what_the_module_answers(measured: Measured) -> None:
    """In every combination, for every sample: in the file of answers, in the maps themselves, and in the metrics."""
    method, samples = measured.method, measured.model.task.samples("test")
    kept = sweep_file.read(measured.folder, measured.model.digest)
    batch = samples.batch(range(len(samples)))
    combinations = method.modalities.subsets()
    evaluated = printed("evaluate", "--task", measured.name, "--method", measured.name)["metrics"]
    told = measured.report["models"][0]["metrics"]
    for k, (combination, fused) in enumerate(
        zip(combinations, fuse_all(method, batch.inputs, combinations), strict=True)
    ):
        answers = measured.answers[combination.key]
        bound = 1e-5 * max(1, float(answers.abs().max()))
        assert torch.allclose(fused.logits, answers, atol=bound), combination
        assert np.allclose(kept.logits[k], method.output.summarise(answers, samples.target), atol=bound), combination
        for name, value in method.output.metrics(answers, samples.target).items():
            for said in (evaluated[combination.key][name], told[combination.key][name]):
                known = said is not None if np.isfinite(value) else said is None  # null: no sample has what it takes
                assert known, (combination, name)
                assert said is None or said == pytest.approx(value, abs=1e-5), (combination, name)


def test_layers_are_found_where_a_person_would_look(measured: Measured) -> None:
    for cam_layer, wanted in zip(measured.method.cam_layer.values(), CAM_LAYERS.get(measured.key, ()), strict=False):
        assert wanted in str(cam_layer.call or ""), measured.method.notes


def brought(kind: str) -> tuple[str, bytes]:
    """The ending and the content of a file that a person brings."""
    target = io.BytesIO()
    if kind == "image":
        pixels = np.random.default_rng(5).integers(0, 256, (48, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(target, "PNG")
        return ".png", target.getvalue()
    if kind == "series":
        soundfile.write(target, 0.4 * np.sin(np.arange(500) / 7), 16000, format="WAV", subtype="PCM_16")
        return ".wav", target.getvalue()
    return ".txt", b"one bird sang" if kind == "text" else b"1 2 3 4 5 6"


def test_files_that_are_brought_are_answered_as_the_module_answers_them(measured: Measured, tmp_path: Path) -> None:
    words, sample = [], {}
    for item in measured.method.modalities:
        ending, content = brought(item.kind)
        file = tmp_path / f"{item.name}{ending}"
        file.write_bytes(content)
        words += ["--input", f"{item.name}={file}"]
        given = measured.foreign.registration.inputs[item.name]
        assert given.transform is not None
        made = given.transform(content)
        values = made if isinstance(made, dict) else {given.keys[0]: made}
        for key, value in values.items():
            sample[key] = torch.cat([sample[key], value]) if given.channels and key in sample else value
    found = printed("predict", "--task", measured.name, "--method", measured.name, *words)["combinations"]
    assert list(found) == [each.key for each in measured.method.modalities.subsets()]
    for combination in measured.method.modalities.subsets():
        wanted = measured.method.output.read(measured.direct(sample, combination)[0])
        told = found[combination.key]
        assert told["uncertainty"] == pytest.approx(wanted.uncertainty, abs=1e-4 if "sound" in sample else 1e-5)
        assert told["answer"] == wanted.answer
        assert told["probabilities"] == pytest.approx(dict(wanted.probabilities), abs=1e-4)


def test_the_other_commands_take_it(measured: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    name = measured.name
    assert printed("open", measured.file)["models"][0]["name"] == name
    (listed,) = [task for task in printed("list")["tasks"] if task["name"] == name]
    assert list(listed["methods"]) == [name]
    assert name in json.dumps(printed("compare", "--task", name))
    found = printed("dominance", "--task", name, "--method", name)["measures"]
    assert list(found["alone"]["values"]) == list(measured.method.modalities.names)
    monkeypatch.setattr(model_work, "build_map", mapped_here)
    printed("map", "--task", name, "--method", name)
    drawn = map_file.read_map(measured.folder, measured.model.digest)
    assert drawn.solid is not None
    assert np.isfinite(drawn.projection.points).all()
    assert drawn.solid.projection.points.shape == (*drawn.projection.points.shape[:2], 3)
    if measured.key == "clip":  # options that ask nothing else of another model
        assert "as_they_are" in printed("evaluate", "--task", name, "--method", name, "--missing", "0.3")
        assert "measures" in printed("dominance", "--task", name, "--method", name, "--absent", "donor")
        assert "mean" in printed("evaluate", "--task", name, "--method", name, "--save")


def test_every_page_shows_it(measured: Measured) -> None:
    """Every section of a page: tests/test_own_everywhere.py."""
    visitor = Visitor(measured.name)
    for page in page_frame.pages():
        said = visitor.read(page.name)
        assert page.name == "overview" or "mmlab train" not in said, page.name  # it tells of all tasks


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

    call = method.cam_layer[first].call
    assert call is not None
    if name == "siamese":  # it keeps the last call only, so the first is bound there
        first, second = second, first
    net = Wrapped()
    target = dict(method.module.named_modules())[call.path]
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
