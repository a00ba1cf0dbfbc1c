"""Files as other programs write them: read right, or told about, never silently something else."""

from __future__ import annotations

import csv
import gzip
import io
import json
import struct
import unicodedata
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from mmlab.analysis.dominance.contributions import sample_kinds
from mmlab.core.errors import DataError
from mmlab.core.recordings import Series
from mmlab.modalities.files import numbered
from mmlab.modalities.image.decode import read_picture
from mmlab.modalities.image.folder_input import ImageInput
from mmlab.modalities.scan.folder_input import SlicesInput, read_labels
from mmlab.modalities.scan.nifti import read_volume
from mmlab.modalities.scan.preprocess import read_scan
from mmlab.modalities.series.columns import table_of
from mmlab.modalities.series.corruptions import TABLE, apply
from mmlab.modalities.series.folder_input import SeriesInput
from mmlab.tasks.custom.validate import check
from mmlab.tasks.custom_folder import task_class
from mmlab.viz.inputs import time_series
from mmlab.viz.predict.number_line import Scale


def png(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def png_of_bits(values: np.ndarray, bits: int) -> bytes:
    """A grey PNG of 1, 2 or 4 bits, written by hand: pillow writes eight."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    height, width = values.shape
    each = np.unpackbits(values[..., None].astype(np.uint8), axis=2)[..., 8 - bits :].reshape(height, -1)
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in each)
    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def nifti(values: np.ndarray, affine: np.ndarray | None = None) -> bytes:
    return bytes(nibabel.Nifti1Image(values, affine).to_bytes())


def test_a_scan_without_orientation_is_taken_as_it_is_stored_and_says_so():
    values = np.arange(20 * 24 * 6, dtype=np.int16).reshape(20, 24, 6)
    volume = read_volume(nifti(values))
    assert np.array_equal(volume.values, values)
    assert volume.spacing is None
    assert not volume.is_oriented
    assert "used as stored" in read_scan(nifti(values), "x.nii").note
    kind = SlicesInput(size=24)
    assert any("used as stored" in note for note in kind.prepare(kind.read(nifti(values), "x.nii#2")).notes)
    assert not kind.prepare(kind.read(nifti(values, np.eye(4)), "x.nii#2")).notes[:-1]


def test_a_label_map_without_orientation_lies_on_a_scan_that_is_stored_alike():
    labels = np.zeros((20, 24, 6), np.uint8)
    labels[3:7, 5:12] = 1
    scan = np.where(labels > 0, 400, 100).astype(np.int16)
    bright = SlicesInput(size=24).read(nifti(scan, np.eye(4)), "s.nii#3").pixels > 200
    assert np.array_equal(bright, read_labels(nifti(labels), "m.nii#3", "axial") > 0)


def test_label_maps_with_a_rounded_factor_of_scale_are_read():
    image = nibabel.Nifti1Image(np.tile(np.arange(4, dtype=np.int16), (8, 8, 4, 1))[:, :, :, 0] * 0 + 3, np.eye(4))
    image.header.set_slope_inter(1.000015, 0)
    assert (read_labels(image.to_bytes(), "m.nii#1", "axial") == 3).all()
    halves = nibabel.Nifti1Image(np.full((8, 8, 4), 1.5, np.float32), np.eye(4))
    with pytest.raises(DataError, match="whole numbers"):
        read_labels(halves.to_bytes(), "m.nii#1", "axial")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_label_pictures_of_few_bits_hold_the_numbers_that_were_written(bits: int):
    values = np.arange(64).reshape(8, 8) % 2**bits
    assert np.array_equal(read_labels(png_of_bits(values, bits), "m.png", "axial"), values)


def test_packed_scans_of_several_members_are_read_and_bounded():
    plain = nifti(np.arange(512, dtype=np.int16).reshape(8, 8, 8), np.eye(4))
    packed = gzip.compress(plain[:700]) + gzip.compress(plain[700:])
    assert read_volume(packed, "a.nii.gz").values.shape == (8, 8, 8)
    with pytest.raises(DataError, match="cut off"):
        read_volume(packed[:-20], "a.nii.gz")
    bomb = gzip.compress(bytes(2**27)) * 3
    with pytest.raises(DataError, match="once unpacked"):
        read_volume(bomb, "a.nii.gz")


def seen(kind: ImageInput, values: np.ndarray) -> tuple[float, tuple[str, ...]]:
    made = kind.prepare(kind.read(png(values), "a.png"))
    return float(made.tensor.mean()), made.notes


def test_pictures_of_sixteen_bits_share_one_scale():
    ramp = np.linspace(100, 150, 256).reshape(16, 16)
    kind = ImageInput(size=16)
    eight, _ = seen(kind, ramp.astype(np.uint8))
    sixteen, notes = seen(kind, ramp.astype(np.uint8).astype(np.uint16) * 257)
    assert sixteen == pytest.approx(eight, abs=0.003)
    assert notes == ("0 is black and 65535 is white.",)
    assert seen(kind, np.full((16, 16), 40000, np.uint16))[0] == pytest.approx(40000 / 65535, abs=0.003)
    near, far = (seen(ImageInput(size=16, white=5000), np.full((16, 16), mm, np.uint16))[0] for mm in (1000, 4000))
    assert (near, far) == (pytest.approx(0.2, abs=0.003), pytest.approx(0.8, abs=0.003))


def test_what_a_scale_loses_is_told():
    _, notes = seen(ImageInput(size=16), np.full((16, 16), 600, np.uint16))
    assert "few steps of grey" in notes[0]
    _, notes = seen(ImageInput(size=16, white=5000), np.full((16, 16), 6000, np.uint16))
    assert "up to 6000 is white, too" in notes[0]
    buffer = io.BytesIO()
    Image.fromarray(np.full((16, 16), 7.5, np.float32)).save(buffer, "TIFF")
    with pytest.raises(DataError, match="not within 0 to 1"):
        read_picture(buffer.getvalue(), "a.tif")


def test_one_grey_is_neither_black_nor_white_where_each_picture_has_its_own_scale():
    assert read_picture(png(np.full((16, 16), 40000, np.uint16)), white=None).pixels[0, 0] == 156


def test_only_a_number_at_the_end_says_what_of_a_file_is_meant():
    assert numbered("case #3/t1.nii#40") == ("case #3/t1.nii", "40")
    assert numbered("case #3.nii") == ("case #3.nii", "")
    assert numbered("t1.nii#40%") == ("t1.nii", "40%")
    scan = nifti(np.arange(512, dtype=np.int16).reshape(8, 8, 8), np.eye(4))
    assert SlicesInput(size=16).read(scan, "case #3.nii").pixels.shape == (8, 8)


def folder(place: Path, output: dict[str, object], kind: str, target: str, cell: str) -> Path:
    modalities = [{"name": name, "kind": kind, "size": 16} for name in "ab"]
    task = {"name": "mine", "output": output, "modalities": modalities}
    (place / "task.json").write_text(json.dumps(task))
    with (place / "manifest.csv").open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "split", "target", "a", "b"])
        for i, split in enumerate(["train", "train", "valid", "test"]):
            rows.writerow([f"s{i}", split, target, cell, cell])
    return place


def test_paths_with_a_number_sign_are_found(tmp_path: Path):
    (tmp_path / "case #3").mkdir()
    scan = nifti(np.random.default_rng(0).integers(0, 200, (16, 16, 8)).astype(np.int16), np.eye(4))
    (tmp_path / "case #3" / "t1.nii").write_bytes(scan)
    mask = np.zeros((16, 16), np.uint8)
    mask[4:9, 4:9] = 1
    (tmp_path / "case #3" / "mask.png").write_bytes(png(mask))
    output = {"kind": "segmentation", "regions": ["r"]}
    found = check(folder(tmp_path, output, "slices", "case #3/mask.png", "case #3/t1.nii#4")).problems
    assert not found.errors, str(found.found[0])


@pytest.mark.parametrize(("on_disk", "in_manifest"), [("NFD", "NFC"), ("NFC", "NFD"), ("NFD", "NFD")])
def test_names_are_found_whether_composed_or_decomposed(tmp_path: Path, on_disk: str, in_manifest: str):
    name = "Jürgen Müller/é.png"
    file = tmp_path / unicodedata.normalize(on_disk, name)
    file.parent.mkdir()
    file.write_bytes(png(np.arange(256, dtype=np.uint8).reshape(16, 16)))
    output = {"kind": "classification", "classes": ["für", "wider"]}
    target = unicodedata.normalize(in_manifest, "für")
    cell = unicodedata.normalize(in_manifest, name)
    found = check(folder(tmp_path, output, "image", target, cell)).problems
    assert not found.errors, str(found.found[0])


def test_of_two_names_with_the_same_letters_the_exact_one_is_meant(tmp_path: Path):
    from mmlab.tasks.custom.safe_paths import file_of

    for form in ("NFC", "NFD"):
        (tmp_path / unicodedata.normalize(form, "é.png")).write_bytes(form.encode())
    assert file_of(tmp_path, unicodedata.normalize("NFC", "é.png")).read_bytes() == b"NFC"


UNITS = {"plain": (1.0, 0.0), "tesla": (1e-13, 0.0), "nano": (3e-10, 0.0), "since 1970": (1.0, 1.7e9)}


def numbers_folder(folder: Path, values: np.ndarray, other: str = "1 2") -> Path:
    """A folder of two rows of numbers: `values` `[N, 2]`, three quarters of them for training, and `other`."""
    modalities = [{"name": name, "kind": "vector", "columns": ["p", "q"], "inline": True} for name in "ab"]
    output = {"kind": "classification", "classes": ["n", "y"]}
    folder.mkdir()
    (folder / "task.json").write_text(json.dumps({"name": "units", "output": output, "modalities": modalities}))
    with (folder / "manifest.csv").open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "split", "target", "a", "b"])
        for i, row in enumerate(values):
            split = "train" if 4 * i < 3 * len(values) else ("valid", "test")[i % 2]
            rows.writerow([f"s{i}", split, "ny"[i // 2 % 2], " ".join(repr(float(v)) for v in row), other])
    return folder


@pytest.mark.parametrize("unit", UNITS)
def test_numbers_in_any_unit_and_around_any_offset_look_alike(tmp_path: Path, unit: str):
    scale, offset = UNITS[unit]
    values = np.random.default_rng(0).normal(size=(80, 2))
    task = task_class(numbers_folder(tmp_path / "units", offset + scale * values))()
    seen = task.samples("train").inputs["a"].float().numpy()
    expected = (values[:60] - values[:60].mean(0)) / values[:60].std(0)
    assert np.abs(seen - expected).max() < 2e-3
    brought = task.prepare("a", task.read("a", f"{float(offset + scale * values[70, 0])!r} {offset!r}".encode()))
    assert brought.tensor[0] == pytest.approx(task.samples("valid").inputs["a"][5, 0].item(), abs=2e-3)


def test_check_shows_what_numbers_hold_and_names_those_that_teach_nothing(tmp_path: Path):
    values = np.stack([np.arange(40) * 1e-13, 1.7e9 + np.arange(40) * 1e-5], 1)
    found = check(numbers_folder(tmp_path / "units", values))
    said = [str(problem) for problem in found.problems.found]
    assert any("b: 'p', 'q': the same number in every training sample" in each for each in said)
    assert any("a: 'q': so far from 0" in each for each in said)
    assert found.numbers["a"].moments.mean[0] == pytest.approx(values[:30, 0].mean())


@pytest.mark.parametrize("unit", UNITS)
def test_series_in_any_unit_keep_their_digits(unit: str):
    scale, offset = UNITS[unit]
    kind = SeriesInput(columns=("x",), rate=8.0, seconds=1.0, steps=8)
    values = np.sin(np.arange(8.0))
    raw = kind.read("\n".join(repr(float(offset + scale * v)) for v in values).encode(), "x.csv")
    assert np.abs((kind.prepare(raw).tensor[0].numpy() - offset) / scale - values).max() < 1e-6
    noisy = apply(raw, TABLE["noise"].act, 20.0, np.random.default_rng(0))
    assert 0.01 < ((noisy.values - raw.values) / scale).std() < 0.3


def test_drawings_and_thresholds_hold_in_any_unit():
    small = Series(np.sin(np.arange(20.0))[:, None] * 1e-13, 1.0, ("x",))
    points = time_series.lines(small.values.T, 100, 100, ["#000"])
    assert points == time_series.lines(small.values.T * 1e13, 100, 100, ["#000"])
    assert time_series.steps_of(0, 1e-12, 4)[1] > 0
    assert Scale(0.0, 1e-12, 0.0).place(5e-13) == pytest.approx(50)
    shares = np.array([[1.0, 0.5, 0.0], [0.1, 0.5, 0.0]])
    assert sample_kinds(shares * 1e-12, 1e-12).tolist() == sample_kinds(shares).tolist()


def series_of(times: np.ndarray, head: str = "time,x") -> bytes:
    return "\n".join([head, *(f"{t!r},{k % 7}" for k, t in enumerate(times.tolist()))]).encode()


WALK = SeriesInput(columns=("x",), seconds=1.0, steps=8)
TENTHS = np.arange(10) / 10


@pytest.mark.parametrize(
    ("times", "first"),
    [
        (np.concatenate([TENTHS[:5], 3600 + TENTHS]), 5),  # a pause
        (np.concatenate([[0.0], 3600 + TENTHS]), 1),  # a stray row
        (np.concatenate([TENTHS, [3600.0]]), 0),
    ],
)
def test_a_series_is_taken_where_it_was_measured(times: np.ndarray, first: int):
    raw = WALK.read(series_of(times), "x.csv")
    assert raw.values[:, 0].tolist() == pytest.approx([(first + k) % 7 for k in range(10)], abs=1e-4)
    assert f"10 of {len(times)} rows: there is a gap" in WALK.prepare(raw).notes[0]


@pytest.mark.parametrize(
    ("head", "factor", "offset", "said"),
    [
        ("time,x", 1.0, 0.0, ""),
        ("time,x", 1e3, 0.0, "milliseconds are assumed"),
        ("time,x", 1e3, 1.7e12, "milliseconds are assumed"),
        ("time,x", 1e6, 0.0, "microseconds are assumed"),
        ("time,x", 1e9, 1.7e18, "nanoseconds are assumed"),
        ("timestamp_ms,x", 1e3, 0.0, "times are those of 'timestamp_ms'"),
    ],
)
def test_times_in_other_units_do_not_flatten_a_series(head: str, factor: float, offset: float, said: str):
    raw = WALK.read(series_of(np.round(offset + np.arange(60) / 25 * factor, 3), head), "x.csv")
    assert raw.rate == pytest.approx(25, rel=1e-3)
    assert said in raw.note
    assert len(raw.note) <= 80 * bool(said)
    assert WALK.prepare(raw).tensor.std() > 0.3


def test_times_that_leave_less_than_two_rows_are_refused():
    with pytest.raises(DataError, match="There is a row every 60 s"):
        WALK.prepare(WALK.read(series_of(np.arange(5) * 60.0), "x.csv"))
    stated = SeriesInput(columns=("x",), seconds=1.0, steps=8, time_unit="ms")
    assert stated.read(series_of(np.arange(90) * 40.0), "x.csv").rate == pytest.approx(25)


@pytest.mark.parametrize("place", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1)])
def test_a_scan_read_slice_by_slice_is_what_nibabel_makes_of_it(place: tuple[int, ...], signs: tuple[int, ...]) -> None:
    """Scaled, turned and with voxels that are no numbers; in a quarter of the memory."""
    affine = np.zeros((4, 4))
    affine[list(place), range(3)] = np.multiply(signs, (1.0, 2.0, 3.0))
    affine[3, 3] = 1
    numbers = np.random.default_rng(0).normal(size=(5, 6, 7)).astype(np.float32)
    numbers[1, 2, 3] = np.nan
    stored = nibabel.Nifti1Image(numbers, affine)
    stored.header.set_slope_inter(0.5, 10)
    found = read_volume(stored.to_bytes())
    turned = nibabel.as_closest_canonical(nibabel.Nifti1Image.from_bytes(stored.to_bytes()))
    np.testing.assert_array_equal(found.values, np.nan_to_num(np.asarray(turned.dataobj, np.float32)))
    assert found.spacing == pytest.approx(turned.header.get_zooms())
    assert found.lost == 1


def test_numbers_that_would_become_infinite_are_refused_wherever_they_come_from() -> None:
    target = io.BytesIO()
    np.save(target, np.array([1.0, 1e39]))
    for content in (target.getvalue(), b"a,b\n1,1e39\n", b"a,b\n1,inf\n"):
        with pytest.raises(DataError, match="measured number"):
            table_of(content, "It")


def test_tables_of_more_rows_than_a_recording_has_are_refused_before_their_numbers_are_read() -> None:
    head = io.BytesIO()
    form = {"descr": "|i1", "fortran_order": False, "shape": (30_000_000, 1)}
    np.lib.format.write_array_header_1_0(head, form)
    for content in (head.getvalue() + bytes(30_000_000), b"1,2\n" * 150_000):
        with pytest.raises(DataError, match=r"100,000 rows|30,000,000 × 1"):
            table_of(content, "It")
