"""Official data sets go everywhere that a task goes: each is read, learned from, asked, and shown on every page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import streamlit as st

from mmlab.cli.app import main
from mmlab.core.modality_kinds import kind_of_recording
from mmlab.core.task import TASKS
from mmlab.tasks.custom import locations
from mmlab.tasks.official.benchmark import BENCHMARKS
from mmlab.tasks.official.miniature import write_miniature
from mmlab.ui.components import page_frame
from tests.test_folder_everywhere import Visitor

METRICS = {  # of the field, beside ours
    "brats": "hd95_enhancing",
    "casia_surf": "acer",
    "hateful_memes": "auroc",
    "mmimdb": "f1_samples",
    "mosei": "acc7",
    "mosi": "acc2_without_zero",
    "nyuv2": "iou",
}
OTHERS = {"volumes": "brats"}  # protocols that go everywhere beside the first of their data set
ASKED = {"volumes": ("--protocol", "volumes", "--size", "16")}
PLAN = {"volumes": ("--plan", "window=12", "--plan", "windows=1")}  # so that a scan is larger than a window


def brought(name: str, folder: Path) -> dict[str, Path]:
    """What was recorded of the first sample for the test, each input as a file that a person could bring."""
    task = TASKS[name]()
    found = {}
    for modality, raw in task.example(task.gallery()[0]).raw.items():
        ending, content = next(iter(kind_of_recording(raw).written(raw).items()))
        found[modality] = folder / f"{modality}.{ending}"
        found[modality].write_bytes(content)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "protocol"),
    [*((name, "") for name in BENCHMARKS), *((name, protocol) for protocol, name in OTHERS.items())],
)
def test_a_miniature_is_read_learned_from_measured_asked_and_shown_on_every_page(
    name: str, protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")
    for variable in ("CACHE", "CHECKPOINTS", "DATA"):
        monkeypatch.setenv(f"MMLAB_{variable}", str(tmp_path / variable.lower()))
    st.cache_data.clear()
    st.cache_resource.clear()
    folder = tmp_path / "data"
    write_miniature(name, folder)

    def run(*words: str) -> str:
        assert main(list(words)) == 0
        return capsys.readouterr().out

    assert json.loads(run("data", name, str(folder), *ASKED.get(protocol, ()), "--json"))["ready"]
    task = ("--task", name, "--data", str(folder))
    run("train", *task, "--method", "dropout", "--plan", "epochs=1", *PLAN.get(protocol, ()))
    measured = json.loads(run("evaluate", *task, "--method", "dropout", "--json"))["metrics"]
    assert all(METRICS.get(name, TASKS[name]().info.output.headline) in each for each in measured.values())
    given = [f"--input={modality}={file}" for modality, file in brought(name, tmp_path).items()]
    answers = json.loads(run("predict", *task, "--method", "dropout", *given, "--json"))
    assert len(answers["combinations"]) == 2 ** len(given) - 1
    assert "Modality dropout" in run("compare", *task)
    visitor = Visitor(name)
    for page in page_frame.pages():  # sections are those that an own folder of each kind opens
        visitor.read(page.name)
