"""`check --fix`: what is mechanical is mended in a new manifest, and each change is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmlab.cli.app import main
from mmlab.core.errors import DataError
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.fixing import FIXED, fix
from mmlab.tasks.custom.validate import check
from tests.folders import FILES, ROWS, with_task, written

WRONG = [
    "ID,Split,target,photo,numbers,,",
    "a,Training,LOW,A.PNG,1 10,,",
    "b,train,high,.\\b.png,-3 30",
    "b,train,low,,2 20,",
    ",VAL,High,{home}/a.png,",
    "e,test,low,b.png,1 10",
    "f,Testing,high,a.png",
]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))


def test_what_is_mechanical_is_mended_beside_the_old_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "data"
    rows = [row.replace("{home}", folder.as_posix()) for row in WRONG]
    written(folder, rows=rows)
    before = (folder / "manifest.csv").read_bytes()
    assert check(folder).problems.errors
    assert main(["check", str(folder), "--fix"]) == 0
    told = capsys.readouterr().out
    assert (folder / "manifest.csv").read_bytes() == before
    for sentence in (
        "line 1, ID: the column is named 'id' now",
        "line 2, split: 'Training' is 'train' now",
        "line 2, target: 'LOW' is 'low' now",
        "line 2, photo: 'A.PNG' is 'a.png' now",
        "line 4, id: 'b' is 'b-4' now",
        "line 5, id: '' is 'row-5' now",
        "line 7: 1 empty cells were added",
        "manifest.csv is as it was",
    ):
        assert sentence in told, told
    (folder / FIXED).replace(folder / "manifest.csv")
    assert [str(each) for each in check(folder).problems.found if each.is_error] == []
    assert fix(folder) == []
    assert not (folder / FIXED).exists()


def test_labels_get_the_sign_that_stands_between_them(tmp_path: Path) -> None:
    output = {"kind": "multilabel", "classes": ["low", "Very high", "odd"]}
    rows = [ROWS[0]]
    for row in ROWS[1:]:
        name, split, _, *rest = row.split(",")
        rows.append(",".join([name, split, '"Low; very high"' if len(rows) < 3 else "odd|odd|", *rest]))
    rows[-1] = rows[-1].replace("odd|odd|", "")
    folder = written(tmp_path / "data", with_task(output=output), rows)
    assert len([each for each in check(folder).problems.found if each.is_error]) == len(rows) - 2
    said = [str(each) for each in fix(folder)]
    assert "line 2, target: 'Low; very high' is 'low|Very high' now" in said
    assert "line 4, target: 'odd|odd|' is 'odd' now" in said
    (folder / FIXED).replace(folder / "manifest.csv")
    assert not any(each.is_error for each in check(folder).problems.found)
    assert any("The label 'odd' has" in str(each) for each in check(folder).problems.found)


def test_what_would_be_a_guess_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row.replace("low", "lwo").replace("b.png", "lost.png") for row in ROWS]
    folder = written(tmp_path / "data", rows=rows)
    assert fix(folder) == []
    assert main(["check", str(folder), "--fix", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []


def test_another_encoding_becomes_utf_8(tmp_path: Path) -> None:
    folder = written(tmp_path / "data", files={**FILES, "ä.png": FILES["a.png"]})
    text = "\n".join(row.replace("a.png", "ä.png") for row in ROWS)
    (folder / "manifest.csv").write_bytes(text.encode("cp1252"))
    assert any("UTF-8" in str(change) for change in fix(folder))
    assert "ä.png" in (folder / FIXED).read_text("utf-8")


def test_a_folder_without_a_task_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no task\.json"):
        fix(tmp_path)
