"""What lists of official data sets say that cannot be: each is one sentence with the file and the line."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import nibabel
import numpy as np
import pytest

from mmlab.core.errors import DataError
from mmlab.core.task import TASKS
from mmlab.modalities.files import numbered, shown_name
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.validate import check
from mmlab.tasks.official.benchmark import BENCHMARKS
from mmlab.tasks.official.fingerprint import unusable
from mmlab.tasks.official.miniature import write_miniature
from mmlab.tasks.official.opening import looked_at, open_folder
from mmlab.tasks.official.stand_ins import cut_off, jpeg, npy, png
from tests.folders import nifti


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
    (
        "casia_surf",
        "",
        "train_list.txt",
        1,
        "Training/a/color/1.jpg Training/a/depth/1.jpg Training/a/ir/1.jpg 2",
        r"train_list\.txt, line 1: '2' is no label",
    ),
    (
        "casia_surf",
        "",
        "train_list.txt",
        2,
        "Training/a/color/1.jpg Training/a/ir/1.jpg Training/a/depth/1.jpg 1",
        r"train_list\.txt, line 2: 'Training/a/ir/1\.jpg' is not of the kind depth",
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


def read_first(name: str, folder: Path, sample: str) -> None:
    open_folder(name, folder)
    TASKS[name]().example(sample)


def zipped(content: bytes) -> bytes:
    """A zip with one file."""
    made = io.BytesIO()
    with ZipFile(made, "w") as archive:
        archive.writestr("a.npy", content)
    return made.getvalue()


def box(name: bytes, size: int) -> bytes:
    """A box of an MP4 with so many zeros in it."""
    return (8 + size).to_bytes(4) + name + bytes(size)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", png(np.zeros((9, 9), np.uint8))),
        ("a.jpg", jpeg(np.zeros((9, 9), np.uint8))),
        ("a.npy", npy(np.zeros((9, 9)))),
        ("a.npz", zipped(b"an array")),
        ("a.wav", b"RIFF" + (92).to_bytes(4, "little") + b"WAVE" + bytes(88)),
        ("a.mp4", box(b"ftyp", 8) + box(b"moov", 16) + (1).to_bytes(4) + b"mdat" + (64).to_bytes(8) + bytes(48)),
    ],
)
def test_a_file_that_ends_early_is_told_without_decoding_it(name: str, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / name
    for length in (len(content) // 3, len(content) // 2, len(content) - 24):
        file.write_bytes(content[:length])
        assert unusable(file) == "cut off", length
    file.write_bytes(content)
    assert unusable(file) == ""


def test_a_thumbnail_that_is_whole_does_not_make_its_picture_whole(tmp_path: Path) -> None:
    whole = jpeg(np.random.default_rng(0).integers(0, 255, (99, 99), np.uint8))
    file = tmp_path / "a.jpg"
    file.write_bytes(whole[:2] + jpeg(np.zeros((4, 4), np.uint8)) + whole[2:-9])
    assert unusable(file) == "cut off"
    file.write_bytes(whole + b"what a camera leaves behind" * 40)
    assert unusable(file) == ""


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_half_a_file_is_named_whatever_it_holds(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list may end anywhere and be whole; every other file that the first sample needs is missed by its name."""
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "data"
    write_miniature(name, folder)
    _, protocol, found = looked_at(name, folder)
    first = found.samples[0]
    maps = [numbered(first.target)[0]] if BENCHMARKS[name].output["kind"] == "segmentation" else []
    for path in (*protocol.paths(first), *maps):
        whole = (folder / path).read_bytes()
        cut_off(folder / path)
        with pytest.raises(DataError) as raised:
            read_first(name, folder, first.id)
        assert shown_name(path, "") in raised.value.message or path in raised.value.message, path
        (folder / path).write_bytes(whole)


@pytest.mark.parametrize(("name", "maps"), [("nyuv2", "*/labels_40/*.png"), ("brats", "*/*_seg.nii.gz")])
def test_a_label_map_with_a_label_outside_the_table_is_named(name: str, maps: str, tmp_path: Path) -> None:
    write_miniature(name, tmp_path)
    open_folder(name, tmp_path)
    path = min(tmp_path.glob(maps))
    if path.suffix == ".png":
        path.write_bytes(png(np.full((96, 96), 41, np.uint8)))
    else:
        path.write_bytes(nifti(np.full(loaded(path).shape, 41.0)))
    problems = [str(each) for each in check(tmp_path).problems.found if path.name in str(each)]
    assert "has the label 41, which belongs to no region" in problems[0]


def test_contrasts_that_are_not_on_one_grid_are_named_with_what_differs(tmp_path: Path) -> None:
    write_miniature("brats", tmp_path)
    case = tmp_path / "BraTS20_Training_001"
    path = case / "BraTS20_Training_001_t1.nii.gz"
    values = np.asarray(loaded(path).dataobj)
    both = r"_001_t1\.nii\.gz' and 'BraTS20_Training_001/BraTS20_Training_001_flair\.nii\.gz' are not on one grid"
    for affine, said in (
        (np.diag([1.0, 1.0, 2.0, 1.0]), "their voxels are 1 × 1 × 2 mm and 1 × 1 × 1 mm"),
        (shifted(0.0, 3.0, 4.0), "their first voxels lie 5 mm apart"),
        (np.diag([-1.0, 1.0, 1.0, 1.0]), "one is turned against the other"),
    ):
        path.write_bytes(gzip.compress(nibabel.Nifti1Image(values, affine).to_bytes()))
        with pytest.raises(DataError, match=f"{both}: {said}"):
            looked_at("brats", tmp_path)
    unsaid = bytearray(nibabel.Nifti1Image(values, np.diag([1.0, 1.0, 2.0, 1.0])).to_bytes())
    unsaid[252:256] = bytes(4)  # the codes of both ways to say how voxels lie
    path.write_bytes(gzip.compress(unsaid))
    assert looked_at("brats", tmp_path)[2].files == 60, "a file that does not say how it lies is taken as it is"


def loaded(path: Path) -> Any:
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(path.read_bytes()))


def shifted(*by: float) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, 3] = by
    return affine


def test_digits_that_are_none_are_named_in_an_archive(tmp_path: Path) -> None:
    write_miniature("mhd", tmp_path)
    with np.load(tmp_path / "mhd_test.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["part0"][2] = 12
    np.savez(tmp_path / "mhd_test.npz", **arrays)
    with pytest.raises(DataError, match=r"mhd_test\.npz, row 2: 12 is no digit"):
        looked_at("mhd", tmp_path)


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


def test_flow_is_one_input_of_two_pictures_and_is_lost_where_either_is(tmp_path: Path) -> None:
    write_miniature("ucf101", tmp_path)
    found = open_folder("ucf101", tmp_path).samples[0]
    flow = TASKS["ucf101"]().samples("train").inputs["flow"][0].float()
    assert flow.shape == (2, 64, 64)
    assert float(flow.abs().mean()) > 0.01
    assert float((flow[0] + flow[1]).abs().mean()) < 0.02, "the miniature's v is its u turned about"
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
