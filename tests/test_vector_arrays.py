"""Features of a whole data set in one array: a row of it per sample."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.core.errors import DataError
from mmlab.core.modality_kinds import modality_kind
from mmlab.modalities.vector.folder_input import VectorInput
from mmlab.tasks.custom import scales
from mmlab.tasks.custom.validate import check
from mmlab.tasks.custom_folder import task_class

ROWS = 12


def folder_of(root: Path, arrays: dict[str, np.ndarray], **option: object) -> Path:
    """Two arrays of features, the samples in their order."""
    lines = ["id,split,target,text,video"]
    for row in range(ROWS):
        split = "train" if row < 8 else "valid" if row < 10 else "test"
        lines.append(f"s{row},{split},{'no' if row % 2 else 'yes'},text.npy#{row},video.npy#{row}")
    (root / "manifest.csv").write_text("\n".join(lines))
    for name, values in arrays.items():
        np.save(root / f"{name}.npy", values)
    inputs = [{"name": name, "kind": "vector", "size": values.shape[1], **option} for name, values in arrays.items()]
    output = {"kind": "classification", "classes": ["no", "yes"]}
    (root / "task.json").write_text(json.dumps({"name": "features", "output": output, "modalities": inputs}))
    return root


@pytest.mark.parametrize("kind", ["vector", "sequence", "series", "volume"])
def test_what_is_called_an_array_and_is_none_is_told_so(kind: str) -> None:
    archive = io.BytesIO()
    np.savez(archive, one=np.zeros(3), two=np.ones(3))
    for content, said in (
        (b"a,b\n1,2\n", "'a.npy' is no .npy file that can be read."),
        (archive.getvalue(), "'a.npy' is an archive of arrays (.npz)."),
    ):
        with pytest.raises(DataError) as caught:
            modality_kind(kind).read(content, "a.npy")
        assert caught.value.message == said


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"text": rng.normal(3, 2, (ROWS, 300)).astype("f4"), "video": np.asfortranarray(rng.normal(0, 1, (ROWS, 5)))}


def test_each_sample_is_its_row(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    task = task_class(folder_of(tmp_path, arrays))()
    for name, values in arrays.items():
        mean, spread = values[:8].mean(0), values[:8].std(0)
        np.testing.assert_allclose(task.samples("train").inputs[name], (values[:8] - mean) / spread, atol=5e-3)
        np.testing.assert_allclose(task.example("s10").raw[name].values, values[10], rtol=1e-6)


def test_numbers_are_left_as_they_are_where_that_is_asked(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    task = task_class(folder_of(tmp_path, arrays, standardise=False))()
    np.testing.assert_allclose(task.samples("valid").inputs["text"], arrays["text"][8:10], atol=5e-3)
    arrays["text"][3, 7] = 1e6
    with pytest.raises(DataError, match="too large as it is"):
        task_class(folder_of(tmp_path, arrays, standardise=False))().samples("train")


def test_a_robust_scale_goes_by_quartiles_and_draws_in_what_lies_far_off(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    arrays["text"][3, 7] = 1e6
    arrays["video"][:, 2] = [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 1, 2]  # more than half are 0: the spread is the deviation
    task = task_class(folder_of(tmp_path, arrays, standardise="robust"))()
    for name, values in arrays.items():
        low, middle, high = np.quantile(values[:8].astype("f8"), (0.25, 0.5, 0.75), axis=0)
        spread = np.where(high > low, (high - low) / 1.349, values[:8].std(0))
        for split, rows in (("train", slice(0, 8)), ("valid", slice(8, 10))):
            expected = np.arcsinh((values[rows] - middle) / spread)
            np.testing.assert_allclose(task.samples(split).inputs[name], expected, atol=5e-3)
        prepared = task.prepare(name, task.example("s10").raw[name]).tensor
        np.testing.assert_allclose(prepared, np.arcsinh((values[10] - middle) / spread), atol=5e-3)
    assert 8 < task.samples("train").inputs["text"][3, 7] < 16  # and is neither cut nor does it hide the rest
    with pytest.raises(DataError, match="does not fit option 'standardise'"):
        task_class(folder_of(tmp_path, arrays, standardise="sometimes"))


def test_quartiles_of_many_samples_are_those_of_some_drawn_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scales, "MOST_KEPT", 2000)
    found, values = scales.Quartiles(2), np.sort(np.random.default_rng(1).exponential(1, (8000, 2)), 0)
    for row in values:
        found.add(torch.from_numpy(row))
    assert len(found._kept) == 1000
    middle, spread, _ = found.scale()
    low, expected, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    np.testing.assert_allclose(middle, expected, rtol=0.15)
    np.testing.assert_allclose(spread, (high - low) / 1.349, rtol=0.15)


def test_the_file_is_shared_by_the_splits_and_rows_are_not(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    folder = folder_of(tmp_path, arrays)
    assert not any("also that of line" in problem.message for problem in check(folder).problems.found)
    arrays["text"][9] = arrays["text"][2]
    folder_of(tmp_path, arrays)
    twice = [problem for problem in check(folder).problems.found if "also that of line" in problem.message]
    assert [(problem.line, problem.column) for problem in twice] == [(11, "text")]


@pytest.mark.parametrize(
    ("values", "number", "said"),
    [
        (np.ones((3, 4)), "3", "no row '3'"),
        (np.ones((3, 4)), "9%", "no row '9%'"),
        (np.ones((3, 5)), "0", "5 numbers in a row and should have 4"),
        (np.ones(4), "0", "no array of rows"),
        (np.array([["a"] * 4]), "0", "no array of rows"),
        (np.full((2, 4), np.nan), "1", "not finite"),
    ],
)
def test_what_is_wrong_with_an_array_is_said(values: np.ndarray, number: str, said: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(DataError, match=said):
        VectorInput(size=4).read((tmp_path / "a.npy").read_bytes(), f"a.npy#{number}")


def test_arrays_of_objects_and_cut_files_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[{}] * 4], object), allow_pickle=True)
    with pytest.raises(DataError, match="no array of rows"):
        VectorInput(size=4).read((tmp_path / "a.npy").read_bytes(), "a.npy#0")
    np.save(tmp_path / "b.npy", np.ones((100, 4)))
    with pytest.raises(DataError, match="cut off"):
        VectorInput(size=4).read((tmp_path / "b.npy").read_bytes()[:900], "b.npy#0")
    with pytest.raises(DataError, match=r"no \.npy file"):
        VectorInput(size=4).read(b"1 2 3 4", "b.txt#0")
