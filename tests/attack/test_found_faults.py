"""What the fuzzers found, as its whole kind: each of these once ended in something else than a value or a sentence."""

from __future__ import annotations

import io
import pickle
import struct
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmlab.core.errors import CheckpointError, DataError, UnknownName
from mmlab.core.options import NoOptions, build
from mmlab.core.task import TASKS
from mmlab.foreign.outputs_file import read_outputs
from mmlab.modalities.image.decode import read_picture
from mmlab.modalities.scan.folder_input import read_labels
from mmlab.modalities.series.columns import table_of
from mmlab.modalities.vector.array_rows import row_of
from mmlab.storage import bounded_arrays, bounded_zip, checkpoints, sweep_file, sweep_misfit
from mmlab.storage.bounded_zip import Bounds
from mmlab.storage.library import SHIPPED
from mmlab.viz.inputs import numeric_row

SOUND: dict[str, Any] = {
    "logits": np.zeros((3, 2, 2), np.float32),
    "target": np.array([0, 1]),
    "names": np.array(["image", "sound"]),
    "embedding": np.ones((3, 2, 4)),
    "variance": np.ones((3, 2, 4)),
}


def archive(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def test_a_directory_that_points_in_front_of_its_archive_is_damaged() -> None:
    packed = archive(a=np.arange(3))
    at = packed.rfind(b"PK\5\6")
    further = packed[: at + 16] + struct.pack("<I", at + 500) + packed[at + 20 :]
    with pytest.raises(bounded_zip.DamagedArchive), bounded_zip.opened(further, Bounds(4, 1000)) as opened:
        opened.read(opened.names[0], 1000)


@pytest.mark.parametrize("code", [0x110000, 0xFFFFFFFF, 0xD800])
def test_text_of_no_characters_is_damaged(code: int) -> None:
    words = np.array(["ab", "cd"])
    words.view(np.uint32)[1] = code
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, words, allow_pickle=False)
    with pytest.raises(bounded_arrays.DamagedArray, match="text that is none"):
        bounded_arrays.array(buffer.getvalue(), 100)


@pytest.mark.parametrize(
    "other",
    [
        {"logits": np.zeros((3, 0, 2)), "target": np.zeros(0, int)},
        {"logits": np.array(["a"])},
        {"logits": np.array(3.0)},
        {"logits": np.full((3, 2, 2), 1e300)},
        {"target": np.array([0.5, np.nan]), "logits": np.zeros((3, 2, 1)), "low": np.array(0.0), "high": np.array(1.0)},
        {"logits": np.zeros((3, 2, 1)), "target": np.array([0.0, 1.0]), "low": np.array(["x"]), "high": np.array(2)},
        {
            "logits": np.zeros((3, 2, 1)),
            "target": np.array([0.0, 1.0]),
            "low": np.array(-np.inf),
            "high": np.array(2.0),
        },
        {"logits": np.zeros((2, 2, 2)), "combinations": np.array(["image", "sound", "image-sound"])},
        {"combinations": np.array(["image", "sound", "\u202e" * 400])},
        {"combinations": np.array(3)},
        {"names": np.array([f"x{number}" for number in range(40)])},
        {"names": np.array(["image", "\u202e"])},
        {"classes": np.array(["", " "])},
        {"classes": np.array([b"a", b"b"])},
        {"embedding": np.full((3, 2, 4), np.inf)},
        {"embedding": np.ones((3, 2))},
        {"variance": np.full((3, 2, 4), -1.0)},
        {"variance": np.ones((3, 2, 3))},
        {"present": np.array("x")},
        {"ids": np.array("a")},
    ],
    ids=lambda other: " ".join(f"{name} {values.dtype}{values.shape}" for name, values in other.items()),
)
def test_a_file_of_answers_of_another_form_is_a_sentence(other: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(archive(**SOUND))
    read_outputs(tmp_path / "a.npz")
    (tmp_path / "a.npz").write_bytes(archive(**{**SOUND, **other}))
    with pytest.raises(DataError) as caught:
        read_outputs(tmp_path / "a.npz")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_a_small_file_of_very_many_answers_is_refused_by_its_header(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as opened:
        buffer = io.BytesIO()
        np.lib.format.write_array_header_1_0(buffer, {"descr": "|i1", "fortran_order": False, "shape": (2**26 + 1,)})
        opened.writestr("logits.npy", buffer.getvalue() + bytes(2**26 + 1))
    assert (tmp_path / "a.npz").stat().st_size < 2**17
    with pytest.raises(DataError, match="more than"):
        read_outputs(tmp_path / "a.npz")


def test_other_arrays_in_a_file_of_answers_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(archive(**SOUND, notes=np.array([{"a": 1}], object)))
    assert read_outputs(tmp_path / "a.npz").found.ids == ("test-0000", "test-0001")


def test_a_sweep_whose_right_answers_are_no_classes_is_a_sentence() -> None:
    info = TASKS["watch"].info
    folder = SHIPPED / "watch" / "joint" / "seed0"
    found = sweep_file.read(folder, checkpoints.load(folder).digest)
    assert sweep_misfit.misfit(found, info) == ""
    assert "not classes" in sweep_misfit.misfit(replace(found, target=found.target.astype(np.float32)), info)


def test_names_of_columns_hold_nothing_that_a_drawing_cannot() -> None:
    table = table_of("a\x01b;\u202ec\ufffe\n1,5;2\n".encode(), "The table")
    assert table.names == ("ab", "c")
    assert "\x01" not in numeric_row.rows(table.names, table.values[0].tolist(), "#000000")


@pytest.mark.parametrize("cell", ['"' + "a" * 200_000 + '"', '"' + "1" * 200_000 + '",2'])
def test_a_cell_that_is_longer_than_a_reader_of_tables_takes_is_a_sentence(cell: str) -> None:
    with pytest.raises(DataError, match="a cell in it is too long"):
        table_of(f"a,b\n{cell},1\n3,4\n".encode(), "The table")


def test_what_is_odd_about_a_picture_is_not_written_to_the_log() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.eye(9, dtype=np.uint8)).save(buffer, "TIFF")
    cut = buffer.getvalue()[:-30]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for read in (read_picture, lambda content: read_labels(content, "a.png", "axial")):
            with pytest.raises(DataError):
                read(cut)


def test_a_sweep_that_lacks_what_unpacks_its_embedding_is_damaged(tmp_path: Path) -> None:
    """Codes are no embedding: taken as one they would be drawn as content."""
    source = SHIPPED / "watch" / "dmrnet" / "seed0"
    digest = checkpoints.load(source).digest
    with np.load(source / "sweep.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    packed = {f"{name}_{part}" for name in ("mean", "variance") for part in ("low", "scale", "basis", "middle")}
    assert packed <= set(arrays)
    for lacking in ({"mean_low"}, {"mean_scale"}, {"variance_basis"}, {"mean_low", "mean_scale"}, packed):
        (tmp_path / "sweep.npz").write_bytes(archive(**{n: a for n, a in arrays.items() if n not in lacking}))
        with pytest.raises(CheckpointError, match="missing or damaged"):
            sweep_file.read(tmp_path, digest)


def test_an_endless_name_is_cut_where_it_is_said() -> None:
    endless = "x" * 3000
    with pytest.raises(UnknownName) as unknown:
        build(NoOptions, {endless: 1})
    assert len(str(unknown.value)) < 200
    error = DataError(f"'{endless}' is unknown.", "Use another.")
    assert len(str(error)) < 600
    assert error.message.startswith("'xx")
    assert error.message.endswith("is unknown.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_side_of_an_array_that_is_no_number_is_damaged() -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<i8", "fortran_order": False, "shape": (True, 1)})
    content = buffer.getvalue() + bytes(8)
    with pytest.raises(bounded_arrays.DamagedArray):
        bounded_arrays.array(content, 100)
    for read in (lambda: row_of(content, "0", 1, "The array"), lambda: table_of(content, "The array")):
        with pytest.raises(DataError):
            read()
