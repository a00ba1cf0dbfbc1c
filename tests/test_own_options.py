"""What task.json can say of splits and of pictures of more than eight bits."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmlab.tasks.custom import locations
from mmlab.tasks.custom.validate import check
from tests.folders import ROWS, opened, with_photo, with_task, written

SIXTEEN = np.linspace(800, 4000, 64).reshape(8, 8).astype(np.uint16)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))


def deep(pixels: np.ndarray) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


FILES = {"a.png": deep(SIXTEEN), "b.png": deep(SIXTEEN // 2)}


def said(folder: Path) -> str:
    return " ".join(str(problem) for problem in check(folder).problems.found)


def test_a_range_that_leaves_few_steps_of_grey_is_named_with_the_one_that_is_there(tmp_path: Path) -> None:
    folder = written(tmp_path / "data", files=FILES)
    assert "Training pictures hold 400 to 4000; 0 is black and 65535 white" in said(folder)
    assert '"black": 400, "white": 4000' in said(folder)
    folder = written(tmp_path / "other", with_photo(black=400, white=4000), files=FILES)
    assert "few steps" not in said(folder)


def test_a_declared_range_is_the_same_for_every_picture(tmp_path: Path) -> None:
    task = opened(written(tmp_path, with_photo(black=400, white=4000), files=FILES))
    first, second = task.samples("train").inputs["photo"][:2, 0].float().numpy()
    expected = np.round(np.clip((SIXTEEN - 400.0) / 3600, 0, 1) * 255) / 255
    assert first == pytest.approx(expected, abs=2e-3)
    assert second == pytest.approx(np.round(np.clip((SIXTEEN // 2 - 400.0) / 3600, 0, 1) * 255) / 255, abs=2e-3)
    assert second.max() < 0.5 < first.max()  # half as bright stays half as bright


def test_black_that_is_not_below_white_is_an_error(tmp_path: Path) -> None:
    folder = written(tmp_path, with_photo(black=4000, white=400), files=FILES)
    assert "4000 is black, which is not below 400" in said(folder)


def test_the_split_may_stand_in_any_column(tmp_path: Path) -> None:
    splits = ["official", "test", "test", "train", "valid", "train", "train"]
    rows = [f"{row},{split}" for row, split in zip(ROWS, splits, strict=True)]
    folder = written(tmp_path, with_task(split="official"), rows)
    assert check(folder).counts == {"train": 3, "valid": 1, "test": 2}
    task = opened(folder)
    assert task.samples("test").ids == ("a", "b")
    other = task.fingerprint()
    content = json.loads((folder / "task.json").read_text())
    (folder / "task.json").write_text(json.dumps({**content, "split": "split"}))
    assert opened(folder).fingerprint() != other


@pytest.mark.parametrize(("name", "sentence"), [("gone", "There is no column 'gone'"), ("", "has no name")])
def test_a_column_of_splits_that_is_not_there_is_an_error(tmp_path: Path, name: str, sentence: str) -> None:
    assert sentence in said(written(tmp_path, with_task(split=name)))
