"""What lists of official data sets say that cannot be: each is one sentence with the file and the line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmlab.core.errors import DataError
from mmlab.core.task import TASKS
from mmlab.tasks.custom import locations
from mmlab.tasks.official.benchmark import BENCHMARKS
from mmlab.tasks.official.miniature import write_miniature
from mmlab.tasks.official.opening import looked_at, open_folder


@pytest.fixture(autouse=True)
def _no_other_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A miniature of each data set that these tests change lists of, and put back."""
    folders = {}
    for name in sorted({case[0] for case in CASES}):
        folders[name] = tmp_path_factory.mktemp(name)
        write_miniature(name, folders[name])
    return folders


CASES = [  # data set, protocol, list, its line, the line instead, what is said
    ("ave", "", "trainSet.txt", 2, "Zeppelin&abc&good&0&10", r"trainSet\.txt, line 2: 'Zeppelin' is no class of AVE"),
    ("ave", "", "valSet.txt", 1, "Bark,abc", r"valSet\.txt, line 1: .* is not class&id&quality&start&end"),
    ("kinetics_sounds", "ogm-ge", "my_test.txt", 1, "x_1,10,31", r"my_test\.txt, line 1: '31' is no label"),
    (
        "kinetics_sounds",
        "ogm-ge",
        "my_train.txt",
        3,
        "x_1,10,3",
        r"my_train\.txt, line 3: there are no frames of 'x_1'",
    ),
    ("food101", "titles", "texts/test_titles.csv", 2, 'a.jpg,"A, b",stew', r"line 2: 'stew' is no class of Food-101"),
    ("food101", "titles", "texts/test_titles.csv", 1, "a.jpg,waffles", r"line 1: there are 2 cells and should be 3"),
    ("food101", "map", "split.json", 1, '{"train": ["stew_1.jpg"]', r"'split\.json' is no JSON, or it is cut off"),
    ("hateful_memes", "", "train.jsonl", 2, '{"id": 1, "label": 2}', r"train\.jsonl, line 2: '2' is no label"),
    ("mmimdb", "", "split.json", 1, '{"train": []}', r"'split\.json' does not list films of train, dev and test"),
    ("mmimdb", "", "split.json", 1, '{"train": ["../x"], "dev": [], "test": []}', r"'\.\./x' is no number of a film"),
    ("mmimdb", "", "dataset/0000001.json", 8, '"genders": [', r"'dataset/0000001\.json' has no list of genres"),
    ("mmimdb", "map", "dataset/0000002.json", 8, '"Polka",', r"dataset/0000002\.json: 'Polka' is no genre of MM-IMDb"),
    (
        "ucf101",
        "",
        "ucfTrainTestlist/trainlist01.txt",
        1,
        "Archery/v_A_g08_c01.avi 4",
        r"line 1: '4' is not the number",
    ),
    (
        "ucf101",
        "",
        "ucfTrainTestlist/testlist01.txt",
        2,
        "Zeppelin/v_Z_g01_c01.avi",
        r"line 2: .* is no class and video",
    ),
    ("nyuv2", "", "train.txt", 2, "0002.png", r"train\.txt, line 2: '0002\.png' is no number of a picture"),
    (
        "cityscapes",
        "",
        "valid_disparity_raw.txt",
        1,
        "ulm/ulm_000009_000019_disparity.png",
        r"valid_disparity_raw\.txt, line 1: 'ulm/ulm_000009_000019_disparity\.png' is not of the picture",
    ),
    ("hateful_memes", "", "train.jsonl", 2, '{"id": 1', r"train\.jsonl, line 2: it is no JSON"),
    (
        "hateful_memes",
        "unseen",
        "test_unseen.jsonl",
        1,
        '{"id": 1}',
        r"test_unseen\.jsonl, line 1: the meme has no label",
    ),
]


@pytest.mark.parametrize(("name", "protocol", "file", "line", "instead", "said"), CASES)
def test_what_cannot_be_in_a_list_is_named_with_its_line(
    written: dict[str, Path], name: str, protocol: str, file: str, line: int, instead: str, said: str
) -> None:
    path = written[name] / file
    whole = path.read_text("utf-8")
    lines = whole.splitlines()
    path.write_text("\n".join([*lines[: line - 1], instead, *lines[line:]]), "utf-8")
    with pytest.raises(DataError, match=said):
        looked_at(name, written[name], protocol)
    path.write_text(whole, "utf-8")


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_a_wrong_folder_is_one_sentence_that_names_what_is_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        looked_at(name, tmp_path)
    assert "'" in raised.value.message
    assert str(tmp_path) in raised.value.message
    assert raised.value.hint


def test_a_clip_that_stands_twice_in_a_list_has_its_first_class(written: dict[str, Path]) -> None:
    found = looked_at("ave", written["ave"])[2].samples
    lines = (written["ave"] / "trainSet.txt").read_text("utf-8").splitlines()
    twice = lines[-1].split("&")[1]
    assert [each.target for each in found if each.id == twice] == [lines[0].split("&")[0]]


def test_features_of_another_layout_are_named_with_their_size(written: dict[str, Path], tmp_path: Path) -> None:
    write_miniature("mosi", tmp_path)
    with np.load(tmp_path / "mosi_raw.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    np.savez(tmp_path / "mosi_data.npz", **arrays)
    with pytest.raises(DataError, match=r"'mosi_data\.npz': train_audio is .*74.*, not 18 samples of words of 5"):
        looked_at("mosi", tmp_path, "mult")
    arrays["test_labels"][1] = 3.4
    np.savez(tmp_path / "mosi_raw.npz", **arrays)
    with pytest.raises(DataError, match=r"'mosi_raw\.npz', row 1: the label 3\.4 is not between -3 and 3"):
        looked_at("mosi", tmp_path, "multibench")


def test_arrays_of_other_lengths_and_labels_that_are_no_digits_are_named(tmp_path: Path) -> None:
    write_miniature("avmnist", tmp_path)
    labels = np.load(tmp_path / "test_labels.npy")
    np.save(tmp_path / "test_labels.npy", labels[:-1])
    with pytest.raises(DataError, match=r"'image/test_data\.npy' has 10 rows and there are 9 labels"):
        looked_at("avmnist", tmp_path)
    np.save(tmp_path / "test_labels.npy", labels + 10)
    with pytest.raises(DataError, match=r"test_labels\.npy, row 0: 1\d is no digit"):
        looked_at("avmnist", tmp_path)


def test_a_swing_is_read_with_its_two_frames_and_a_reward_that_cannot_be_is_named(tmp_path: Path) -> None:
    write_miniature("gmc_pendulum", tmp_path)
    open_folder("gmc_pendulum", tmp_path)
    task = TASKS["gmc_pendulum"]()
    samples, first = task.samples("train"), task.example("train-00000").raw
    assert samples.inputs["picture"].shape[1:] == (1, 2, 60, 60)
    assert (first["picture"].pixels[0] == first["picture"].pixels[1]).all(), "the first moment stands twice"
    later = task.example("train-00005").raw
    assert (later["picture"].pixels[0] != later["picture"].pixels[1]).any()
    assert later["sound"].names[:2] == ("earlier left pitch", "earlier left loudness")
    before = task.example("train-00004").raw["sound"].values
    assert later["sound"].values[:6].tolist() == before[6:].tolist(), "what was now is earlier a step later"
    file = next(tmp_path.glob("test_pendulum*.npz"))
    with np.load(file) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["part3"][3] = 0.5
    np.savez(tmp_path / "again.npz", **arrays)
    (tmp_path / "again.npz").replace(file)
    with pytest.raises(DataError, match=r"test_pendulum.*', row 3: the reward 0\.5 is not between -16\.3 and 0"):
        looked_at("gmc_pendulum", tmp_path)
    file.with_name("test_pendulum_dataset_samples3.npz").write_bytes(b"")
    with pytest.raises(DataError, match="are both of the split test"):
        looked_at("gmc_pendulum", tmp_path)


def test_flow_is_one_picture_of_two_and_is_lost_where_either_is(tmp_path: Path) -> None:
    write_miniature("ucf101", tmp_path)
    found = open_folder("ucf101", tmp_path).samples[0]
    picture = TASKS["ucf101"]().samples("train").inputs["flow"][0]
    mirrored = picture[0] + picture[1] - 1  # the miniature's v is its u turned about
    assert abs(float(mirrored.float().mean())) < 0.02
    second = tmp_path / found.cells["flow"].replace("/u/", "/v/")
    second.write_bytes(second.read_bytes()[:0])
    with pytest.raises(DataError, match=r"tvl1_flow/v/.* is empty"):
        open_folder("ucf101", tmp_path)
    open_folder("ucf101", tmp_path, incomplete=True)
    assert (~TASKS["ucf101"]().samples("train").present).sum(0).tolist() == [0, 1]


def test_kinetics_sounds_has_33_classes_or_31(written: dict[str, Path]) -> None:
    counts = {
        name: len(looked_at("kinetics_sounds", written["kinetics_sounds"], name)[2].classes) for name in PROTOCOLS
    }
    assert counts == {"dmrnet": 33, "adamml": 31, "ogm-ge": 31}


PROTOCOLS = ("dmrnet", "adamml", "ogm-ge")


def test_a_text_without_words_is_missing_and_the_picture_stays(written: dict[str, Path], tmp_path: Path) -> None:
    write_miniature("food101", tmp_path)
    table = tmp_path / "texts" / "test_titles.csv"
    lines = table.read_text("utf-8").splitlines()
    table.write_text("\n".join([f'{lines[0].partition(",")[0]},"...",apple_pie', *lines[1:]]), "utf-8")
    open_folder("food101", tmp_path, "titles")
    present = TASKS["food101"]().samples("test").present
    assert present.sum(0).tolist() == [12, 11]


def test_an_unlabelled_test_list_is_not_taken_where_the_labelled_one_is_there(written: dict[str, Path]) -> None:
    found = looked_at("hateful_memes", written["hateful_memes"])[2]
    assert found.sizes["test"] == len((written["hateful_memes"] / "test_seen.jsonl").read_text("utf-8").splitlines())
    assert "label" not in json.loads((written["hateful_memes"] / "test.jsonl").read_text("utf-8").splitlines()[0])
