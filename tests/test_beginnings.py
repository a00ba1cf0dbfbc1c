"""A folder of one's own out of a table, and out of folders of files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmlab.cli.app import main
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.validate import check
from tests.folders import opened, png, wav


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))


def sound(folder: Path) -> list[str]:
    return [str(problem) for problem in check(folder).problems.found if problem.is_error]


def test_a_table_becomes_a_folder(tmp_path: Path) -> None:
    rng, source = np.random.default_rng(0), tmp_path / "table.csv"
    lines = ["id,Target,width,height,audio_0,audio_1,words,photo"]
    for i in range(40):
        (tmp_path / f"{i}.png").write_bytes(png(np.full((8, 8), i, np.uint8)))
        numbers = ",".join(f"{value:.2f}" for value in rng.normal(size=4))
        gap = numbers.rpartition(",")[0] + "," if i == 3 else numbers
        lines.append(f"n{i},{('yes', 'no')[i % 2]},{gap},{'a long day' if i % 4 else ''},{i}.png")
    source.write_text("\n".join(lines))
    assert main(["example", str(tmp_path / "mine"), "--from", str(source)]) == 0
    assert sound(tmp_path / "mine") == []
    task = json.loads((tmp_path / "mine" / "task.json").read_text())
    kinds = {item["name"]: item["kind"] for item in task["modalities"]}
    assert kinds == {"numbers": "vector", "audio": "vector", "words": "text", "photo": "image"}
    assert task["output"] == {"kind": "classification", "classes": ["no", "yes"]}
    found = opened(tmp_path / "mine")
    sizes = [len(found.samples(split)) for split in ("train", "valid", "test")]
    assert sum(sizes) == 40
    assert min(sizes) == 8
    present = {key: row for split in ("train", "valid", "test") for key, row in _present(found, split).items()}
    assert present["n3"] == {"numbers", "words", "photo"}
    assert present["n4"] == {"numbers", "audio", "photo"}


def _present(task: object, split: str) -> dict[str, set[str]]:
    found, names = task.samples(split), task.info.modalities.names  # type: ignore[attr-defined]
    return {
        key: {name for name, there in zip(names, row, strict=True) if there}
        for key, row in zip(found.ids, found.present.tolist(), strict=True)
    }


@pytest.mark.parametrize("splits", [False, True])
def test_folders_of_files_become_a_folder(tmp_path: Path, splits: bool) -> None:
    source = tmp_path / "recordings"
    for i in range(30):
        split = ("train", "val", "test")[i % 3] if splits else "."
        for name, ending, content in (("image", "png", png(np.full((8, 8), i, np.uint8))), ("sound", "wav", wav())):
            place = source / name / split / ("cat", "dog")[i % 2]
            place.mkdir(parents=True, exist_ok=True)
            if not (i == 5 and name == "sound"):
                (place / f"{i}.{ending}").write_bytes(content)
    assert main(["example", str(tmp_path / "mine"), "--from", str(source)]) == 0
    assert sound(tmp_path / "mine") == []
    found = check(tmp_path / "mine")
    assert sum(found.counts.values()) == 30
    assert found.missing == {"image": 0.0, "sound": round(1 / 30, 4)}
    if splits:
        assert found.counts == {"train": 10, "valid": 10, "test": 10}


def test_videos_become_an_input_of_frames(tmp_path: Path) -> None:
    for i in range(12):
        for name, content in ((f"clip/{'ab'[i % 2]}/{i}.mp4", b"a video"), (f"voice/{'ab'[i % 2]}/{i}.wav", wav())):
            (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "source" / name).write_bytes(content)
    assert main(["example", str(tmp_path / "mine"), "--from", str(tmp_path / "source")]) == 0
    task = json.loads((tmp_path / "mine" / "task.json").read_text("utf-8"))
    assert task["modalities"][0] == {"name": "clip", "kind": "frames", "frames": 8, "size": 64}
    assert ",clip/0.mp4,voice/0.wav" in (tmp_path / "mine" / "manifest.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "There are 0 folders with files"),
        ({"image/cat/1.png": b"", "sound/1.wav": b""}, "'sound/1.wav' lies in no class"),
        ({"image/cat/1.png": b"", "Sound/cat/1.wav": b""}, "'Sound' cannot name an input"),
        ({"image/cat/1.png": b"", "sound/cat/1.wav": b"", "sound/cat/1.mp3": b""}, "twice"),
        ({"table.csv": b"a,b\n1,2\n"}, "has no column for the right answers"),
        ({"table.csv": b"target,b_1\nx,2\n"}, "There are 1 inputs in it"),
        ({"table.csv": b"target,b_1\nx,2,3\n"}, "Line 2 has another number of cells"),
    ],
)
def test_what_cannot_be_taken_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, bytes], sentence: str
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, content in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    given = source / "table.csv" if "table.csv" in files else source
    assert main(["example", str(tmp_path / "mine"), "--from", str(given)]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()
