"""ONNX graphs answer as torch does, for every combination, in batches of any size; what no graph holds is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from mmlab.cli.app import main
from mmlab.core.backbone_families import as_read
from mmlab.core.errors import Unsupported
from mmlab.core.method import METHODS
from mmlab.core.options import build
from mmlab.core.training_plan import Plan
from mmlab.experiments import onnx_export
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import fuse_all
from mmlab.storage.library import SHIPPED
from mmlab.testing.toy_task import ToyTask
from tests.test_scan_regions import ToyScans

NAMES = ("m0", "m1", "m2")
ROWS = 20


def untrained(name: str) -> Model:
    task = ToyTask()
    torch.manual_seed(3)
    return Model(task, METHODS[name](task.info, METHODS[name].Config()).eval(), {"method": name}, "digest")


def ask(file: Path, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(file.read_bytes(), providers=["CPUExecutionProvider"])
    found = session.run(None, {each.name: values[each.name] for each in session.get_inputs()})
    return {each.name: value for each, value in zip(session.get_outputs(), found, strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dmrnet", "ensemble"])
def test_both_ways_of_asking_answer_as_torch_does(name: str, tmp_path: Path) -> None:
    model = untrained(name)
    onnx_export.export(model, tmp_path)
    inputs = {each: model.task.samples("test").inputs[each][:ROWS].float() for each in NAMES}
    given = {each: value.numpy() for each, value in inputs.items()}
    features = ask(tmp_path / "encoders.onnx", given)
    mixed = torch.rand(ROWS, 3, generator=torch.Generator().manual_seed(1)) < 0.5
    mixed[:, 0] |= ~mixed.any(1)
    masks = [model.method.modalities.mask(each, ROWS, "cpu") for each in model.method.modalities.subsets()]
    for present in (*masks, mixed):
        with torch.no_grad():
            wanted = model.method(inputs, present)
        there = {"present": present.numpy().copy()}
        for found in (ask(tmp_path / "model.onnx", given | there), ask(tmp_path / "fusion.onnx", features | there)):
            np.testing.assert_allclose(found["logits"], wanted.logits, 1e-5, 1e-5)
            np.testing.assert_allclose(found["mean"], wanted.mean, 1e-5, 1e-5)
            assert ("variance" in found) == (wanted.variance is not None)
    about = json.loads((tmp_path / "model.json").read_text())
    assert about["graphs"]["model.onnx"]["inputs"] == [*NAMES, "present"]
    assert [each["name"] for each in about["task"]["modalities"]] == list(NAMES)


@pytest.mark.slow
def test_graphs_of_scans_hold_one_window_of_which_answers_are_put_together(tmp_path: Path) -> None:
    """By MONAI with what `model.json` says, as anybody would who has the files only."""
    from monai.inferers import sliding_window_inference

    task = ToyScans(10)
    torch.manual_seed(3)
    info = as_read(task.info, build(Plan, {"window": 8}))
    method = METHODS["dropout"](info, METHODS["dropout"].Config()).eval()
    onnx_export.export(Model(task, method, {"method": "dropout"}, "digest"), tmp_path)
    said = json.loads((tmp_path / "model.json").read_text())["windows"]
    assert said["sides"] == [8, 8, 8]
    inputs = {name: value[:1] for name, value in task.samples("test").inputs.items()}
    for combination in method.modalities.subsets():
        present = np.array(method.modalities.row(combination))[None]

        def one(window: torch.Tensor, present: np.ndarray = present) -> torch.Tensor:
            values = {"m0": window[:, :1].numpy(), "m1": window[:, 1:].numpy(), "present": present}
            return torch.from_numpy(ask(tmp_path / "model.onnx", values)["logits"])

        scans = torch.cat(list(inputs.values()), 1)
        whole = sliding_window_inference(scans, said["sides"], 1, one, overlap=said["overlap"], mode="gaussian")
        (wanted,) = fuse_all(method, inputs, [combination])
        np.testing.assert_allclose(whole, wanted.logits, 1e-4, 1e-4)


@pytest.mark.slow
def test_a_method_that_takes_another_way_for_another_combination_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="DI-MML cannot be written as ONNX"):
        onnx_export.export(untrained("dimml"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_answers_otherwise_than_torch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = untrained("dropout")
    given = {each: model.task.samples("test").inputs[each][: onnx_export.OTHERS].float() for each in NAMES}
    graph = onnx_export.Graph(b"", (), ("logits", "mean"))

    def almost(self: onnx_export.Graph, values: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        if "present" not in values:
            return {}
        found = model.method(given, values["present"])
        wrong = 1e-3 * float(values["present"].all())  # for one combination only
        return {"logits": found.logits + wrong, "mean": found.mean}

    monkeypatch.setattr(onnx_export.Graph, "run", almost)
    with torch.no_grad(), pytest.raises(Unsupported, match=r"answers M0 \+ M1 \+ M2 otherwise"):
        onnx_export._compare(model.method, dict.fromkeys(("model", "encoders", "fusion"), graph), given)


def test_the_command_asks_for_one_form_and_one_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shipped = ["--checkpoints", str(SHIPPED)]
    assert main(["export", "--task", "watch", *shipped]) == 2
    assert "--site FOLDER or --onnx FOLDER" in capfd.readouterr().err
    assert main(["export", "--task", "watch", "--onnx", str(tmp_path), *shipped]) == 2
    assert "Name one with --method" in capfd.readouterr().err
