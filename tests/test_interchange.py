"""Folders of one's own from and for others: WebDataset, data sets of Hugging Face, Croissant; sound and hostile."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest

from mmlab.cli.app import main
from mmlab.core.errors import DataError
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.from_samples import write_from_samples
from mmlab.tasks.custom.from_web_dataset import samples_of_shards
from mmlab.tasks.custom.validate import check
from tests.folders import opened, png, wav


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))


def sound(folder: Path) -> dict[str, Any]:
    """What task.json of a folder says that has nothing to be mended."""
    assert [str(problem) for problem in check(folder).problems.found if problem.is_error] == []
    return json.loads((folder / "task.json").read_text())


def tar(file: Path, members: Mapping[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(file, "w") as archive:
        for name, content in members.items():
            entry = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            entry.size = len(content) if isinstance(content, bytes) else 0
            archive.addfile(entry, io.BytesIO(content) if isinstance(content, bytes) else None)
    return file


def npy(values: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.save(target, values)
    return target.getvalue()


def shard(first: int, count: int) -> dict[str, bytes]:
    """Samples with a picture, a sound (not the first), a row of numbers and what json says."""
    found = {}
    for i in range(first, first + count):
        found[f"./{i:04}.photo.png"] = png(np.full((8, 8), i, np.uint8))
        if i != first:
            found[f"./{i:04}.wav"] = wav()
        found[f"./{i:04}.depth.npy"] = npy(np.arange(3) + i)
        found[f"./{i:04}.cls"] = str(i % 2).encode()
        found[f"./{i:04}.json"] = json.dumps(
            {"caption": f'number {i},\n"so"', "group": f"g{i // 2}", "width": 8}
        ).encode()
    return found


def test_shards_of_web_dataset_become_a_folder_with_their_splits_groups_and_gaps(tmp_path: Path) -> None:
    source = tmp_path / "shards"
    source.mkdir()
    for split, first, count in (("train", 0, 12), ("val", 12, 6), ("test", 18, 8)):
        tar(source / f"{split}-000000.tar", shard(first, count))
    packed = source / "train-000000.tar"
    (source / "train-000000.tar.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    assert main(["example", str(tmp_path / "mine"), "--from", str(source)]) == 0
    task = sound(tmp_path / "mine")
    kinds = {item["name"]: item["kind"] for item in task["modalities"]}
    assert kinds == {"photo": "image", "depth": "vector", "caption": "text", "sound": "sound"}
    assert task["output"] == {"kind": "classification", "classes": ["0", "1"]}
    found = check(tmp_path / "mine")
    assert found.counts == {"train": 12, "valid": 6, "test": 8}
    assert found.missing["sound"] == pytest.approx(3 / 26, abs=1e-4)
    assert (tmp_path / "mine" / "caption" / "13.txt").read_text() == 'number 5,\n"so"'
    np.testing.assert_array_equal(np.load(tmp_path / "mine" / "depth.npy")[13], [5, 6, 7])
    samples = opened(tmp_path / "mine").samples("valid")
    assert set(samples.groups) == {f"g{i}" for i in range(6, 9)}


def link(name: str, to: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, to
    return entry


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"1.png": link("1.png", "/etc/passwd")}, "no ordinary file"),
        ({"1.png": png(), "1.wav": wav()}, "has no right answer"),
        ({"1.pkl": b"cos\nsystem", "1.cls": b"0"}, "of no kind that is known"),
        ({"1.x.npy": npy(np.array([{}], dtype=object)), "1.cls": b"0"}, "no .npy that can be read"),
        ({"1.png": png(), "1.cls": b"0"}, "There are 1 inputs in it"),
        ({"1.png": png(), "1.PNG": png(), "1.cls": b"0"}, "twice"),
        ({"1.id.png": png(), "1.target.png": png(), "1.cls": b"0"}, "cannot name an input"),
        ({"1.json": b"[1", "1.cls": b"0"}, "1.json"),
        ({"1.txt": b"a" * (2**20 + 1), "1.cls": b"0"}, "longer than 1 MB"),
        ({"1.txt": b"\xff", "1.cls": b"0"}, "no text in UTF-8"),
        ({"1.json": b'{"words": "\\ud800"}', "1.cls": b"0"}, r"Unicode|1.json"),
        ({"1.a.npy": npy(np.ones(3)), "1.cls": b"0", "2.a.npy": npy(np.ones(4)), "2.cls": b"1"}, "not what it was"),
    ],
)
def test_what_a_tar_file_may_not_hold_is_a_sentence_and_leaves_nothing(
    members: Mapping[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=sentence):
        write_from_samples(samples_of_shards([tar(tmp_path / "a.tar", members)]), tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_names_in_a_tar_file_never_become_paths(tmp_path: Path) -> None:
    members = {}
    for i in range(12):
        for name, content in (("png", png()), ("wav", wav()), ("cls", str(i % 2).encode())):
            members[f"../../{i}/../out.{name}" if i % 2 else f"/tmp/{i}.{name}"] = content
    write_from_samples(samples_of_shards([tar(tmp_path / "a.tar", members)]), tmp_path / "deep" / "mine")
    assert {each.name for each in tmp_path.iterdir()} == {"a.tar", "deep"}
    written = sorted(each.name for each in (tmp_path / "deep" / "mine").iterdir())
    assert written == [
        "image",
        "manifest.csv",
        "sound",
        "task.json",
    ]


@pytest.mark.parametrize("size", [10**8, 10**15])
def test_sizes_are_asked_before_anything_is_read(size: int, tmp_path: Path) -> None:
    plain, extended = tarfile.TarInfo("1.png"), tarfile.TarInfo("1.png")
    plain.size = extended.size = size
    extended.type = tarfile.XHDTYPE  # a header, which the standard library reads whole
    for place, entry in enumerate((plain, extended)):
        file = tmp_path / f"{place}.tar.gz"
        file.write_bytes(gzip.compress(entry.tobuf(tarfile.GNU_FORMAT) + bytes(10240)))
        with pytest.raises(DataError):
            write_from_samples(samples_of_shards([file]), tmp_path / "mine")
    (tmp_path / "cut.tar").write_bytes(tar(tmp_path / "a.tar", shard(0, 3)).read_bytes()[: 15 * 1024 + 700])
    with pytest.raises(DataError, match="too early"):
        write_from_samples(samples_of_shards([tmp_path / "cut.tar"]), tmp_path / "mine")


def saved(folder: Path, rows: list[dict[str, Any]], features: Mapping[str, Any]) -> Path:
    """What `save_to_disk` writes of these rows."""
    folder.mkdir(parents=True)
    table = pyarrow.Table.from_pylist(rows)
    with pyarrow.ipc.new_stream(str(folder / "data-00000-of-00001.arrow"), table.schema) as stream:
        stream.write_table(table, max_chunksize=5)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    return folder


FEATURES = {
    "photo": {"_type": "Image"},
    "voice": {"_type": "Audio"},
    "label": {"_type": "ClassLabel", "names": ["cat", "dog"]},
}


def pets(first: int, count: int) -> list[dict[str, Any]]:
    return [
        {
            "photo": {"bytes": png(np.full((8, 8), i, np.uint8)), "path": "/etc/passwd"},
            "voice": {"bytes": wav(), "path": None} if i % 3 else None,
            "words": f"word {i}",
            "codes": [float(i), 1.0, 2.0],
            "moves": [[float(i), 1.0]] * 8,
            "label": i % 2,
            "width": 8,
        }
        for i in range(first, first + count)
    ]


def test_a_data_set_of_hugging_face_becomes_a_folder_without_its_package(tmp_path: Path) -> None:
    for split, first, count in (("train", 0, 12), ("validation", 12, 6), ("test", 18, 8)):
        saved(tmp_path / "pets" / split, pets(first, count), FEATURES)
    (tmp_path / "pets" / "dataset_dict.json").write_text('{"splits": ["train", "validation", "test"]}')
    assert main(["example", str(tmp_path / "mine"), "--from", str(tmp_path / "pets")]) == 0
    task = sound(tmp_path / "mine")
    kinds = {item["name"]: item["kind"] for item in task["modalities"]}
    assert kinds == {"photo": "image", "voice": "sound", "words": "text", "codes": "vector", "moves": "series"}
    assert task["output"]["classes"] == ["cat", "dog"]
    found = check(tmp_path / "mine")
    assert found.counts == {"train": 12, "valid": 6, "test": 8}
    assert found.missing["voice"] == pytest.approx(9 / 26, abs=1e-4)


def test_lists_of_classes_are_several_labels(tmp_path: Path) -> None:
    """As Hugging Face stores them, by number, and as json beside the samples of WebDataset, by name."""
    listed = {"label": {"feature": FEATURES["label"], "_type": "Sequence"}, "photo": {"_type": "Image"}}
    several = ([], [0], [1], [0, 1])
    rows = [{**pet, "label": several[i % 4]} for i, pet in enumerate(pets(0, 30))]
    saved(tmp_path / "pets", rows, {**FEATURES, **listed})
    source = tar(
        tmp_path / "shard.tar",
        {
            name: content
            for i in range(30)
            for name, content in (
                (f"{i}.photo.png", png(np.full((8, 8), i, np.uint8))),
                (f"{i}.json", json.dumps({"target": [["cat", "dog"][j] for j in several[i % 4]], "words": f"w {i}"})),
            )
            for content in ([content.encode()] if isinstance(content, str) else [content])
        },
    )
    for place, name in ((tmp_path / "pets", "mine"), (source, "other")):
        assert main(["example", str(tmp_path / name), "--from", str(place)]) == 0
        assert sound(tmp_path / name)["output"] == {"kind": "multilabel", "classes": ["cat", "dog"]}
        cells = (tmp_path / name / "manifest.csv").read_text().splitlines()[1:]
        assert sum(",cat|dog," in line for line in cells) == 7
        assert sum(line.split(",")[2] == "" for line in cells) == 8


def test_a_hostile_data_set_is_a_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = pets(0, 4)
    cases: list[tuple[str, Any, str]] = [
        ("state.json", {"_data_files": [{"filename": "../../x.arrow"}]}, "leaves the folder"),
        ("state.json", {"_data_files": [{"filename": "dataset_info.json"}]}, "no Arrow file"),
        ("state.json", [], "no object"),
        ("dataset_info.json", {"features": 3}, "not what save_to_disk writes"),
    ]
    for place, (name, content, sentence) in enumerate(cases):
        folder = saved(tmp_path / f"bad{place}", rows, FEATURES)
        (folder / name).write_text(json.dumps(content))
        assert main(["example", str(tmp_path / "mine"), "--from", str(folder)]) == 2
        assert sentence in capfd.readouterr().err
    outside = [{**row, "photo": {"bytes": None, "path": "/etc/passwd"}} for row in rows]
    assert main(["example", str(tmp_path / "mine"), "--from", str(saved(tmp_path / "out", outside, FEATURES))]) == 2
    assert "names files and does not hold them" in capfd.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_what_the_package_of_hugging_face_writes_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip(
        "datasets", reason="the package datasets is no part of the suite: pip install datasets"
    )
    features = datasets.Features(
        {
            "photo": datasets.Image(decode=False),
            "words": datasets.Value("string"),
            "moves": datasets.Array2D((8, 2), "float32"),
            "label": datasets.ClassLabel(names=["cat", "dog"]),
        }
    )
    rows = [{name: row[name] for name in features} | {"moves": [row["moves"][0]] * 8} for row in pets(0, 20)]
    for row in rows:
        row["photo"]["path"] = None
    datasets.Dataset.from_list(rows, features=features).save_to_disk(str(tmp_path / "pets"))
    assert main(["example", str(tmp_path / "mine"), "--from", str(tmp_path / "pets")]) == 0
    kinds = {item["name"]: item["kind"] for item in sound(tmp_path / "mine")["modalities"]}
    assert kinds == {"photo": "image", "words": "text", "moves": "series"}


def test_a_folder_is_described_as_croissant(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine"
    write_from_samples(samples_of_shards([tar(tmp_path / "a.tar", shard(0, 12))]), mine)
    terms = "https://creativecommons.org/licenses/by/4.0/"
    assert main(["describe", str(mine), "--licence", terms, "--url", "https://example.org/mine", "--json"]) == 0
    found = json.loads((mine / "croissant.json").read_text())
    assert json.loads(capfd.readouterr().out) == found
    manifest, *others = found["distribution"]
    assert manifest["sha256"] == hashlib.sha256((mine / "manifest.csv").read_bytes()).hexdigest()
    assert {each["@id"] for each in others} == {"photo-files", "depth.npy", "caption-files", "sound-files"}
    fields = {each["@id"]: each for each in found["recordSet"][-1]["field"]}
    assert set(fields) == {f"samples/{name}" for name in (mine / "manifest.csv").read_text().splitlines()[0].split(",")}
    assert found["recordSet"][0]["data"] == [{"classes/name": "0"}, {"classes/name": "1"}]
    assert [each["@id"] for each in found["recordSet"]][:2] == ["classes", "photo-records"]
    assert "one of photo-records" in fields["samples/photo"]["description"]
    assert main(["describe", str(tmp_path)]) == 2


def test_the_library_of_croissant_takes_the_description_and_reads_the_samples(tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is no part of the suite")
    write_from_samples(samples_of_shards([tar(tmp_path / "a.tar", shard(0, 12))]), tmp_path / "mine")
    assert main(["describe", str(tmp_path / "mine")]) == 0
    found = mlcroissant.Dataset(tmp_path / "mine" / "croissant.json")
    assert not found.metadata.issues.errors
    records = list(found.records("samples"))
    assert len(records) == 12
    assert {each["samples/target"] for each in records} <= {b"0", b"1", "0", "1"}
    pictures = list(found.records("photo-records"))
    assert len(pictures) == 12
    assert pictures[0]["photo-records/content"].size == (8, 8)
