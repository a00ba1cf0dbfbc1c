"""The inputs of `../shared/faults`: each gets its sentence, in the reader that its name says. Skips without them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmlab.core.errors import CheckpointError, DataError, MmlabError
from mmlab.core.task import TASKS
from mmlab.experiments import model_archive
from mmlab.experiments.background.manager import TrainingQueue
from mmlab.experiments.background.run_files import order_in, status_in
from mmlab.experiments.recorders import attribution_maps, embedding_maps
from mmlab.modalities.path.decode import read_strokes
from mmlab.modalities.series import columns
from mmlab.storage import checkpoints, packed_arrays, progress_file, report_file, sweep_file
from mmlab.storage.library import Library
from mmlab.ui.session import uploads

FAULTS = Path(__file__).resolve().parents[3] / "shared" / "faults"
if not FAULTS.is_dir():  # a worktree lies one folder deeper
    FAULTS = FAULTS.parents[2] / "shared" / "faults"
pytestmark = pytest.mark.skipif(not FAULTS.is_dir(), reason="../shared/faults is not here")
WATCH = ("accelerometer", "gyroscope")


def files(pattern: str) -> list[Path]:
    return sorted(FAULTS.glob(pattern))


@pytest.mark.parametrize("file", files("REPORT-*"), ids=lambda file: file.name)
def test_reports(file: Path) -> None:
    with pytest.raises(CheckpointError, match=r"report\.json"):
        report_file.decoded(file.read_bytes())


@pytest.mark.parametrize("file", files("PROGRESS-*"), ids=lambda file: file.name)
def test_logs(file: Path) -> None:
    with pytest.raises(CheckpointError, match="Line"):
        progress_file.decoded(file.read_bytes(), WATCH)


@pytest.mark.parametrize(
    "file", [*files("BUNDLE-*"), *files("*down.zip"), *files("library-*.zip")], ids=lambda f: f.name
)
def test_imports(file: Path, tmp_path: Path) -> None:
    with pytest.raises(MmlabError):
        model_archive.import_model(Library(tmp_path), file.read_bytes())
    assert not list(tmp_path.rglob("model.safetensors"))


@pytest.mark.parametrize("file", [*files("VIEWBUNDLE-*"), *files("view-*.zip")], ids=lambda file: file.name)
def test_view_bundles(file: Path) -> None:
    with pytest.raises(MmlabError):
        uploads.open_bundle(file.read_bytes())


@pytest.mark.parametrize("file", files("SWEEP-*"), ids=lambda file: file.name)
def test_sweeps(file: Path, tmp_path: Path) -> None:
    shutil.copy(file, tmp_path / "sweep.npz")
    digest = str(packed_arrays.read(tmp_path / "sweep.npz")["digest"])
    with pytest.raises(CheckpointError):
        sweep_file.read(tmp_path, digest, TASKS["watch"].info)


@pytest.mark.parametrize("file", files("SAFETENSORS-*"), ids=lambda file: file.name)
def test_weights(file: Path, tmp_path: Path) -> None:
    shutil.copy(file, tmp_path / "model.safetensors")
    with pytest.raises(MmlabError):
        checkpoints.load(tmp_path)


def value_or_sentence(read: Callable[[], object]) -> None:
    """Whatever it is, it ends in a value or in an error with a sentence; anything else fails the test."""
    sentence = "."
    try:
        assert read() is not None
    except MmlabError as error:
        sentence = error.message
    assert sentence.endswith(".")


@pytest.mark.parametrize("file", files("NPY-*"), ids=lambda file: file.name)
def test_arrays(file: Path) -> None:
    with pytest.raises(DataError, match=r"not a measured number|not finite"):
        columns.table_of(file.read_bytes(), "The row")


@pytest.mark.parametrize("file", files("CSV-*"), ids=lambda file: file.name)
def test_tables(file: Path) -> None:
    value_or_sentence(lambda: columns.table_of(file.read_bytes(), "The table"))
    task = TASKS["watch"]()
    for name in WATCH:
        value_or_sentence(lambda name=name: task.read(name, file.read_bytes(), file.name))


@pytest.mark.parametrize("file", files("[Ss][Tt][Rr][Oo][Kk][Ee][Ss]-*.json"), ids=lambda file: file.name)
def test_drawings(file: Path) -> None:
    with pytest.raises(DataError):
        read_strokes(file.read_bytes(), file.name)


PAGES: list[dict[str, np.ndarray]] = [
    {"epochs": np.array([3])},
    {"epochs": np.array([3]), "points": np.zeros((1, 7, 64, 2), np.uint8), "told": np.zeros((1, 7), np.float32)},
    {
        "epochs": np.array([3]),
        "shares": np.zeros((1, 4, 2), np.float32),
        "map_gyroscope": np.zeros((1, 4, 50), np.uint8),
    },
    {"epochs": np.array([3]), "shares": np.zeros((1, 9, 2)), "score": np.zeros((1, 4, 1)), "more": np.zeros((1, 2))},
]


@pytest.mark.parametrize("file", [*files("EPOCHS-*"), *files("SNAPSHOTS-*")], ids=lambda file: file.name)
def test_records_of_epochs(file: Path, tmp_path: Path) -> None:
    """Read, they are a value or a sentence; a training that goes on keeps what fits, whatever shape it writes."""
    reads = {embedding_maps.EPOCH_MAPS: embedding_maps.read, attribution_maps.SNAPSHOTS: attribution_maps.read}
    for name, read in reads.items():
        shutil.copy(file, tmp_path / name)
        value_or_sentence(lambda read=read: read(tmp_path))
        for page in PAGES:
            found = packed_arrays.after(tmp_path / name, page, 3)
            assert found.keys() == page.keys()
            for key, values in page.items():
                assert found[key].dtype.kind == values.dtype.kind
                np.testing.assert_array_equal(found[key][-1:], values)
            assert {len(each) for each in found.values()} == {len(found["epochs"])}


@pytest.mark.parametrize("file", files("ORDER-*"), ids=lambda file: file.name)
def test_orders(file: Path, tmp_path: Path) -> None:
    order, status = file.read_text().split("\n---\n")
    home = tmp_path / ".runs" / "watch" / "dropout" / "x"
    home.mkdir(parents=True)
    (home / "order.json").write_text(order)
    (home / "status.json").write_text(status)
    assert order_in(home) is not None
    nothing = {"state": "", "message": "", "hint": "", "asked": 0.0, "reading": "", "share": 0.0}
    assert status_in(home) == nothing
    assert [run.state for run in TrainingQueue(Library(tmp_path)).all()] == ["stopped"]
    (home / "order.json").write_text(json.dumps({**json.loads(order), "seed": True}))
    assert order_in(home) is None
