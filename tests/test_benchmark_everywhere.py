"""Official data sets go everywhere that a task goes: one of each kind is trained for a moment, and every page opens."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from mmlab.cli.app import main
from mmlab.tasks.custom import locations
from mmlab.tasks.official.miniature import write_miniature
from mmlab.tasks.official.opening import open_folder
from mmlab.ui.components import page_frame
from tests.test_folder_everywhere import Visitor

KINDS = {  # what no other task has: a picture with a text, several labels, words with whole steps, many regions
    "hateful_memes": "map",
    "mmimdb": "gmu",
    "mosi": "mult",
    "nyuv2": "mmanet",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_every_page_opens_on_a_miniature(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")
    for variable in ("CACHE", "CHECKPOINTS", "DATA"):
        monkeypatch.setenv(f"MMLAB_{variable}", str(tmp_path / variable.lower()))
    st.cache_data.clear()
    st.cache_resource.clear()
    folder = tmp_path / "data"
    write_miniature(name, folder)
    open_folder(name, folder, KINDS[name])
    task = ("--task", name, "--data", str(folder), "--method", "dropout")
    assert main(["train", *task, "--plan", "epochs=1"]) == 0
    assert main(["evaluate", *task]) == 0
    printed = capsys.readouterr().out
    metric = {"hateful_memes": "auroc", "mmimdb": "f1_samples", "mosi": "acc2_without_zero", "nyuv2": "iou"}[name]
    assert metric in printed
    assert main(["compare", *task[:4]]) == 0
    visitor = Visitor(name)
    for page in page_frame.pages():  # sections are those that an own folder of each kind opens
        visitor.read(page.name)
