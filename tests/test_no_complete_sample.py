"""Data in which no sample has every input: no page breaks, whatever it can or cannot show."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from mmlab.experiments.train_job import TrainJob, train
from mmlab.storage.library import Library
from mmlab.ui.pages.embed import page
from tests.apps import app_at

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A probabilistic model of samples that have one of two inputs each."""
    root = tmp_path_factory.mktemp("gappy")
    folder = root / "gappy"
    folder.mkdir()
    inputs = [{"name": name, "kind": "vector", "columns": ["p", "q"], "inline": True} for name in "ab"]
    output = {"kind": "classification", "classes": ["no", "yes"]}
    (folder / "task.json").write_text(json.dumps({"name": "gappy", "output": output, "modalities": inputs}))
    rng = np.random.default_rng(0)
    with (folder / "manifest.csv").open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "split", "target", "a", "b"])
        for split, count in {"train": 24, "valid": 12, "test": 12}.items():
            for i in range(count):
                cell = f"{rng.normal():.2f} {rng.normal():.2f}"
                rows.writerow([f"{split}{i}", split, ["no", "yes"][i % 2], *((cell, "") if i % 4 < 2 else ("", cell))])
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MMLAB_FOLDERS", str(folder))
        patched.setenv("MMLAB_CHECKPOINTS", str(root / "library"))
        patched.setenv("MMLAB_CACHE", str(root / "cache"))
        st.cache_data.clear()
        st.cache_resource.clear()
        for _ in train(TrainJob("gappy", "dmrnet", {}, {"epochs": 2}), Library()):
            pass
        yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.mark.slow
@pytest.mark.parametrize("part", list(page.SECTIONS))
def test_every_section_of_embed_opens(part: str, trained: None) -> None:
    app = app_at("embed")
    app.query_params["task"], app.query_params["part"] = "gappy", part
    app.run()
    assert not app.exception
    assert not [element.value for element in app.error]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["predict", "explain", "robustness", "dominance", "compare", "methods"])
def test_every_other_page_opens(name: str, trained: None) -> None:
    app = app_at(name, 120)
    app.query_params["task"] = "gappy"
    app.run()
    assert not app.exception
    assert not [element.value for element in app.error]
