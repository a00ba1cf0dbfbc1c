"""What holds for every kind of input that has a folder under `modalities/`: how a test of one asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import streamlit as st
import torch
from torch import Tensor

from mmlab.cli.app import main
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Modalities, Modality
from mmlab.core.outputs import Classification
from mmlab.core.task import TaskInfo
from mmlab.tasks.custom import locations
from mmlab.testing.toy_task import ToyTask
from tests.test_folder_everywhere import Visitor

ROW = Modality("row", "vector", (3,), "Row", "R")


def alone_in(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """No folders, models, recordings and cached splits but those in this one."""
    patch.setenv(locations.VARIABLE, "")
    for name in ("CACHE", "CHECKPOINTS", "DATA"):
        patch.setenv(f"MMLAB_{name}", str(folder / name.lower()))
    st.cache_data.clear()
    st.cache_resource.clear()


def every_method() -> list[str]:
    return [name for name in METHODS if not METHODS[name].unsupported_reason(ToyTask().info)]


def check_method(name: str, modality: Modality, values: Tensor) -> tuple[Method, dict[str, Tensor]]:
    """A method answers every combination of this input `[B, *shape]` and a row of numbers, and takes nothing from an
    input that is absent. Gives back both."""
    info = TaskInfo("toy", Modalities((modality, ROW)), Classification(("a", "b")))
    method = METHODS[name](info, METHODS[name].Config()).eval()
    inputs, count = {modality.name: values, "row": torch.rand(len(values), 3)}, len(values)
    for combination in info.modalities.subsets():
        answer = method.fuse(method.encode(inputs), info.modalities.mask(combination, count))
        assert answer.logits.shape == (count, 2)
    hidden = {**inputs, modality.name: torch.full_like(values, torch.nan)}
    row = info.modalities.mask(info.modalities.combination(["row"]), count)
    assert torch.equal(method(hidden, row).logits, method(inputs, row).logits), "an absent input has no influence"
    return method, inputs


def scores_after(folder: Path, capsys: pytest.CaptureFixture[str], *plan: str) -> dict[str, float]:
    """The accuracy of each combination after a training."""
    words = [word for each in plan for word in ("--plan", each)]
    assert main(["train", "--task", str(folder), "--method", "dropout", *words]) == 0
    capsys.readouterr()
    assert main(["evaluate", "--task", str(folder), "--method", "dropout", "--json"]) == 0
    return {key: each["accuracy"] for key, each in json.loads(capsys.readouterr().out)["metrics"].items()}


def goes_everywhere(
    folder: Path,
    place: Path,
    modality: str,
    file: Path,
    corruptions: Mapping[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Through the commands and the pages, and a file that a person brings. damages: views of Predict by damage."""
    assert main(["train", "--task", str(folder), "--method", "dropout", "--plan", "epochs=2"]) == 0
    of_one = ["--task", str(folder), "--method", "dropout"]
    for command in (
        ["export", *of_one, "--site", str(place / "site")],
        ["export", *of_one, "--onnx", str(place / "graphs")],
        ["describe", str(folder)],
    ):
        assert main(command) == 0, capsys.readouterr()
    assert (place / "graphs" / "model.onnx").is_file()
    capsys.readouterr()
    assert main(["predict", *of_one, "--input", f"{modality}={file}", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["combinations"]) == [modality]
    visitor = Visitor(folder.name)
    for page in ("explain", "robustness"):
        visitor.read(page)
    for damage, view in corruptions.items():
        visitor.read("predict", damage=damage, **({"view": view} if view else {}))
