"""What a folder from somebody else may hold: nothing outside of it is read, every trick has a sentence."""

from __future__ import annotations

import copy
import gzip
import io
import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmlab.cli.app import main
from mmlab.core.errors import DataError, MmlabError
from mmlab.core.plain_text import MARKUP
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.input_kinds import kinds
from mmlab.tasks.custom.safe_paths import LARGEST_FILE
from mmlab.tasks.custom.validate import check
from mmlab.tasks.custom_folder import task_class
from tests.folders import FILES, PAIR, ROWS, Task, changed, opened, png, scans, with_photo, with_task, written


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folders but those of the test, and nothing kept on disk."""
    monkeypatch.setenv(locations.VARIABLE, "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))


def said(folder: Path) -> str:
    return "\n".join(map(str, check(folder).problems.found))


# files


@pytest.mark.parametrize(
    "name",
    [
        "a.png",
        "sound.wav",
        "steps.csv",
        "row.npy",
        "scan.nii.gz",
        "words.txt",
        "pen.json",
        "clip.zip",
        "words.npy",
        "a.flo",
    ],
)
@pytest.mark.parametrize("content", [b"", b"junk\0\xff", b"\x93NUMPY\x01\x00\xff\xff{'descr'"])
def test_a_damaged_file_of_any_kind_gets_its_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    options: dict[str, Task] = {
        "a.png": {"kind": "image"},
        "sound.wav": {"kind": "sound"},
        "steps.csv": {"kind": "series", "columns": ["x"]},
        "row.npy": {"kind": "vector", "columns": ["x"]},
        "scan.nii.gz": {"kind": "slices"},
        "head.nii": {"kind": "volume"},
        "words.txt": {"kind": "text"},
        "pen.json": {"kind": "path"},
        "clip.zip": {"kind": "frames"},
        "words.npy": {"kind": "sequence", "size": 2},
        "a.flo": {"kind": "flow"},
    }
    assert {option["kind"] for option in options.values()} == set(kinds()), "a kind is not tested"
    task = with_task(modalities=[{"name": "photo", **options[name]}, PAIR["modalities"][1]])
    rows = [row.replace("a.png", name).replace("b.png", name) for row in ROWS]
    found = check(written(tmp_path, task, rows, {name: content}))
    of_line = [problem for problem in found.problems.found if problem.line == 2]
    assert [problem.column for problem in of_line] == ["photo"]
    assert of_line[0].hint


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = written(tmp_path / "own")
    (tmp_path / "secret.png").write_bytes(png())
    (folder / "b.png").unlink()
    (folder / "b.png").symlink_to(tmp_path / "secret.png")
    assert "link out of the folder" in str(check(folder).problems.found[0])


def test_no_pickle_is_opened(tmp_path: Path) -> None:
    target = io.BytesIO()
    np.save(target, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    task = with_task(modalities=[PAIR["modalities"][0], {"name": "numbers", "kind": "vector", "columns": ["a"]}])
    rows = [row.replace("1 10", "row.npy").replace("3 30", "row.npy").replace("2 20", "row.npy") for row in ROWS]
    found = check(written(tmp_path, task, rows, {**FILES, "row.npy": target.getvalue()}))
    assert "no array of numbers" in str(found.problems.found[0])


def test_too_large_a_set_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmlab.tasks.custom.stored_split.HELD", 20)
    monkeypatch.setattr("mmlab.tasks.custom.stored_split._free", lambda: 100)
    folder = written(tmp_path)
    assert "GB of the cache" in str(check(folder).problems.found[0])
    with pytest.raises(DataError, match="GB of the cache"):
        opened(folder).samples("train")


@pytest.mark.parametrize(("side", "sentence"), [(300, "cut off"), (30_000, "has 30000 × 30000 × 30000 voxels")])
def test_a_scan_that_promises_more_than_it_holds_is_refused(tmp_path: Path, side: int, sentence: str) -> None:
    folder = scans(tmp_path)
    plain = bytearray(gzip.decompress((folder / "scan.nii.gz").read_bytes()))
    struct.pack_into("<8h", plain, 40, 3, side, side, side, 1, 1, 1, 1)
    (folder / "scan.nii.gz").write_bytes(gzip.compress(bytes(plain)))
    assert sentence in str(check(folder).problems.found[0])


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmlab.modalities.scan.nifti.PLAIN_BYTES", 1_000_000)
    folder = scans(tmp_path)
    (folder / "scan.nii.gz").write_bytes(gzip.compress(bytes(2_000_000)))
    assert "larger than 1 MB once unpacked" in str(check(folder).problems.found[0])


def test_a_folder_that_is_a_link_out_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "b.png").write_bytes(png())
    folder = written(tmp_path / "own", rows=changed(3, "b.png", "sub/b.png"))
    (folder / "sub").symlink_to(tmp_path / "secret")
    assert "line 3, photo: 'sub/b.png' is a link out of the folder" in said(folder)


@pytest.mark.parametrize("name", ["task.json", "manifest.csv"])
def test_the_two_text_files_are_no_links_out_either(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path / "own")
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    assert f"'{name}' is a link out of the folder" in said(folder)


@pytest.mark.parametrize("name", ["b.png", "manifest.csv", "task.json"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert check(folder).problems.errors


@pytest.mark.parametrize("name", ["b.png", "manifest.csv"])
def test_a_huge_file_is_not_read(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path)
    with (folder / name).open("r+b") as file:
        file.truncate(LARGEST_FILE + 1)  # sparse: takes no room
    assert f"'{name}' has 64 MB; the limit is 64 MB" in said(folder)


def test_a_picture_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, files={**FILES, "b.png": png(np.zeros((12_000, 12_000), np.uint8))})
    assert "line 3, photo" in said(folder)
    assert "pixels" in said(folder)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.zeros((1, 3)), "has 3 columns and should have 2"),
        (np.zeros((2, 2)), "has 2 rows"),
        (np.zeros((1, 1, 3)), "has 3"),
        (np.array([1.0, np.nan]), "not finite numbers"),
        (np.array(["1", "2"]), "no array of numbers"),
        (np.zeros(0), "is empty"),
    ],
)
def test_an_array_of_the_wrong_shape_is_said_with_its_line(tmp_path: Path, values: np.ndarray, sentence: str) -> None:
    target = io.BytesIO()
    np.save(target, values)
    numbers = {**PAIR["modalities"][1], "inline": False}
    rows = [*ROWS[:1], "a,train,low,a.png,", "b,train,high,b.png,row.npy", *ROWS[4:5], "e,test,low,b.png,"]
    task, files = with_task(modalities=[PAIR["modalities"][0], numbers]), {**FILES, "row.npy": target.getvalue()}
    found = said(written(tmp_path, task, rows, files))
    assert "manifest.csv, line 3, numbers: 'row.npy'" in found
    assert sentence in found


# texts


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("\n".join(ROWS).encode("utf-16"), "line 1: It is not text in UTF-8"),
        ("\n".join(changed(3, "b,", "\xe9,")).encode("latin-1"), "line 3: It is not text in UTF-8"),
        (b"\0" * 100, "It has 0 samples"),
        (b'id,"split', "It is not CSV"),
        (("id," + "x" * 200_000 + "\nb").encode(), "It is not CSV"),
    ],
)
def test_a_manifest_that_is_none_gets_its_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    folder = written(tmp_path)
    (folder / "manifest.csv").write_bytes(content)
    assert sentence in said(folder)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_line_ends_do_no_harm(tmp_path: Path, end: str) -> None:
    folder = written(tmp_path)
    for name in ("task.json", "manifest.csv"):
        text = (folder / name).read_text()
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", end).encode())
    assert check(folder).counts == {"train": 3, "valid": 1, "test": 2}
    assert not check(folder).problems.errors


def test_lines_count_as_editors_count_them(tmp_path: Path) -> None:
    odd = 'c,train,low,,"2\n20"'  # a cell over two lines
    rows = [*ROWS[:3], "", odd, "x,train,low,a.png,1\u20281", "y,train,lo,a.png,1 1", *ROWS[4:]]
    assert "manifest.csv, line 8, target: 'lo' is not a class" in said(written(tmp_path, rows=rows))


@pytest.mark.parametrize("target", ["nan", "inf", "-inf", "1e999", "", "3,5", "five"])
def test_a_target_that_is_no_number_of_the_scale_is_said(tmp_path: Path, target: str) -> None:
    task = with_task(output={"kind": "regression", "low": 0, "high": 10})
    rows = [row.replace(",low,", ",1,").replace(",high,", ",9,") for row in ROWS]
    assert not check(written(tmp_path, task, rows)).problems.errors
    rows[2] = f'b,train,"{target}",b.png,3 30'
    assert "manifest.csv, line 3, target: " in said(written(tmp_path, task, rows))


LOADS = "![x](http://a.test/x.png)<img src='http://a.test/y.png'>$x$ \x1b[31m"


def test_nothing_that_a_browser_could_load_gets_onto_the_screen(tmp_path: Path) -> None:
    task = with_photo(label=LOADS, letter="<b>") | {"title": LOADS, "about": LOADS, "simulated": [LOADS]}
    rows = [f"{row},{'group,note' if number == 0 else f'{LOADS},{LOADS}'}" for number, row in enumerate(ROWS)]
    folder = written(tmp_path, task, rows)
    assert not check(folder).problems.errors
    made, glance = opened(folder), locations.glance(folder)
    item = made.info.modalities["photo"]
    shown = [made.title, made.about, item.label, item.letter, made.example("e").note, glance.title, glance.about]
    shown += [*made.describe()["simulated"], *made.samples("test").groups]
    for text in shown:
        assert text.isprintable()
        assert not MARKUP & set(text), text


def test_a_terminal_is_not_steered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*ROWS, "g,train,\x1b]0;x\x07\x1b[2Jlow,a.png,"]
    assert main(["check", str(written(tmp_path, rows=rows))]) == 2
    assert "\x1b" not in capsys.readouterr().out
    assert main(["check", str(written(tmp_path, with_task(title="\x1b[2J", name="x\x1b[2J")))]) == 2
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("field", ["title", "about"])
def test_half_a_character_is_refused(tmp_path: Path, field: str) -> None:
    """JSON can spell a lone surrogate, which neither a terminal nor a page can show."""
    assert "task.json cannot be read" in said(written(tmp_path, json.dumps(with_task(**{field: "\ud800"}))))


def test_label_maps_of_other_proportions_are_refused(tmp_path: Path) -> None:
    folder = scans(tmp_path)
    (folder / "flat.png").write_bytes(png(np.zeros((8, 16), np.uint8)))
    text = (folder / "manifest.csv").read_text()
    (folder / "manifest.csv").write_text(text.replace("d,test,labels.nii.gz#1", "d,test,flat.png"))
    assert "line 5, t1: It is 8 × 8 and the label map 16 × 8: they do not lie on each other" in said(folder)


# anything at all


def places_in(found: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a JSON document."""
    yield at
    items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, value in items:
        yield from places_in(value, (*at, key))


WHOLE = with_task(
    title="t",
    about="a",
    simulated=["x"],
    plan={"epochs": 2},
    modalities=[
        *PAIR["modalities"],
        {"name": "s", "kind": "series", "columns": ["x"], "label": "S", "letter": "S", "inline": False, "vary": True},
    ],
)
OUTPUTS = [
    WHOLE["output"],
    {"kind": "regression", "low": 0, "high": 1, "middle": 0},
    {"kind": "segmentation", "regions": {"a": [1]}},
    {"kind": "segmentation", "regions": {"a": [1]}, "ignore": [0, 255]},
    {"kind": "detection", "classes": ["low", "high"], "accept": "low"},
    {"kind": "multilabel", "classes": ["low", "high"], "threshold": 0.4},
]
WORDS = ["kind", "name", "classes", "regions", "low", "high", "accept", "columns", "size", "rate", "steps", "axis", "a"]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 1e308, float("1e999"), 0, -1]),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from([*kinds(), "classification", "regression", "photo", "\ud800", "\x1b[31m"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(st.tuples(st.sampled_from([at for at in places_in(WHOLE) if at]), VALUES), max_size=3),
    output=st.sampled_from(OUTPUTS),
    lines=st.lists(st.text(max_size=30), max_size=3),
    tail=st.binary(max_size=30),
)
def test_whatever_the_two_files_hold_there_is_a_sentence_or_a_task(
    tmp_path_factory: pytest.TempPathFactory, changes: list[Any], output: Task, lines: list[str], tail: bytes
) -> None:
    task = copy.deepcopy({**WHOLE, "output": output})
    for at, value in changes:
        inside: Any = task
        try:
            for key in at[:-1]:
                inside = inside[key]
            inside[at[-1]] = value
        except (KeyError, TypeError, IndexError):
            continue  # an earlier change took that place away
    rows = [row + (",s" if number == 0 else ",") for number, row in enumerate(ROWS)]
    folder = written(tmp_path_factory.mktemp("any"), json.dumps(task), rows)
    with (folder / "manifest.csv").open("ab") as file:
        file.write("\n".join(lines).encode("utf-8", "surrogatepass") + tail)
    wrong = [problem for problem in check(folder).problems.found if problem.is_error]
    refused = None
    try:
        made = task_class(folder)()
        json.dumps([made.describe(), made.plan, made.gallery()])
        made.samples("train")
    except MmlabError as error:
        refused = error
    if refused is None:
        assert all(problem.column == "plan" for problem in wrong), "only a training looks at the settings"
    else:
        assert wrong
        assert refused.hint
