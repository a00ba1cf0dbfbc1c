"""Loaders of official data sets, each on a tiny copy of its layout, and what a bad download says."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.cli.app import main
from mmlab.core.data_version import other_data
from mmlab.core.errors import DataError, MissingExtra, MmlabError, UnknownName
from mmlab.core.recordings import ScanVolume
from mmlab.core.task import TASKS
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.manifest import SPLITS
from mmlab.tasks.custom.validate import check
from mmlab.tasks.official import benchmark
from mmlab.tasks.official.benchmark import BENCHMARKS
from mmlab.tasks.official.miniature import make_pointer, write_miniature
from mmlab.tasks.official.opening import looked_at, open_folder
from mmlab.tasks.official.stand_ins import cut_off
from mmlab.testing import check_benchmark
from mmlab.testing.task_contract import check_task
from tests.folders import nifti

QUICK = ("--plan", "epochs=1")


@pytest.fixture(autouse=True)
def _no_other_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")


@pytest.fixture(scope="module")
def cremad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cremad")
    write_miniature("cremad", folder)
    return folder


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_a_loader_keeps_the_contract(name: str, tmp_path: Path) -> None:
    check_benchmark(name, tmp_path / "data")
    check_task(name)


def test_nothing_is_wrong_with_any_loader() -> None:
    assert BENCHMARKS.problems == {}


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_the_page_of_data_sets_has_a_section_for_each(name: str, tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md").read_text("utf-8")
    section = text.partition(f"## {BENCHMARKS[name].title}\n")[2].partition("\n## ")[0]
    assert all(f"`{protocol.name}`" in section for protocol in BENCHMARKS[name].protocols)
    write_miniature(name, tmp_path)
    assert looked_at(name, tmp_path)[2].digest in section


def test_a_folder_is_checked_trained_measured_and_compared(
    cremad: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = ("--checkpoints", str(tmp_path))
    assert main(["data", "cremad", str(cremad), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["shared"]["train and test"] == {"groups": 12, "ids": 0}
    assert found["sizes"] == {"train": 54, "valid": 6, "test": 12}
    task = ("--task", "cremad", "--data", str(cremad))
    assert main(["train", *task, "--method", "dropout", *QUICK, *library]) == 0
    assert main(["evaluate", *task, "--method", "dropout", *library]) == 0
    sound = next((cremad / "AudioWAV").glob("*.wav"))
    assert main(["predict", *task, "--method", "dropout", "--input", f"sound={sound}", *library]) == 0
    capsys.readouterr()
    assert main(["compare", *task, *library]) == 0
    assert "Modality dropout" in capsys.readouterr().out
    report = json.loads(next(tmp_path.glob("cremad/dropout/*/report.json")).read_text("utf-8"))
    assert report["card"]["data"]["protocol"] == "ogm-ge"
    assert main(["data", "cremad", str(cremad), "--protocol", "speakers"]) == 0
    capsys.readouterr()
    main(["compare", *task, *library])
    said = capsys.readouterr()
    assert "another protocol (ogm-ge, not speakers)" in said.out + said.err


def test_no_actor_is_in_two_splits_under_the_protocol_of_speakers(cremad: Path) -> None:
    shared = looked_at("cremad", cremad, "speakers")[2].shared
    assert all(counts["groups"] == 0 for counts in shared.values())


@pytest.mark.parametrize(
    ("name", "protocol", "shape"),
    [
        ("cremad", "frames", (3, 4, 64, 64)),
        ("ave", "frames", (3, 10, 64, 64)),
        ("kinetics_sounds", "ogm-ge", (3, 3, 64, 64)),
        ("ucf101", "frames", (3, 8, 64, 64)),
    ],
)
def test_clips_of_frames_are_read_and_a_lost_one_is_named(
    name: str, protocol: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    write_miniature(name, tmp_path / "data")
    found = open_folder(name, tmp_path / "data", protocol)
    first, item = found.samples[0], TASKS[name]().info.modalities.items[0]
    assert (item.kind, item.shape) == ("frames", shape)
    assert len(first.frames[item.name]) == 3, "as many as the miniature has"
    clip = TASKS[name]().example(first.id).raw[item.name]
    assert len(clip.pixels) == 3
    assert (clip.pixels[0] != clip.pixels[2]).any(), "something moves"
    make_pointer(tmp_path / "data" / first.frames[item.name][1])
    with pytest.raises(DataError, match="is a Git LFS pointer"):
        open_folder(name, tmp_path / "data", protocol)


@pytest.mark.skipif(find_spec("av") is None, reason="PyAV is not installed: pip install 'mmlab[video]'")
def test_videos_of_cremad_are_read_themselves_and_half_of_one_is_named(tmp_path: Path) -> None:
    write_miniature("cremad", tmp_path)
    found = open_folder("cremad", tmp_path, "videos")
    first = found.samples[0]
    raw = TASKS["cremad"]().example(first.id).raw
    assert len(raw["picture"].pixels) == 3
    assert (raw["picture"].pixels[0] != raw["picture"].pixels[2]).any(), "something moves"
    recorded = raw["sound"]
    shutil.rmtree(tmp_path / "AudioWAV")
    found = open_folder("cremad", tmp_path, "videos")
    assert set(found.samples[0].cells.values()) == {f"VideoFlash/{first.id}.flv"}
    sound = TASKS["cremad"]().example(first.id).raw["sound"]
    assert len(sound.wave) / sound.rate == pytest.approx(len(recorded.wave) / recorded.rate, rel=0.01)
    cut_off(tmp_path / "VideoFlash" / f"{first.id}.flv")
    problems = [str(each) for each in check(tmp_path).problems.found if each.is_error]
    assert problems
    assert all(f"'{first.id}.flv' is cut off" in each for each in problems)
    make_pointer(tmp_path / "VideoFlash" / f"{first.id}.flv")
    with pytest.raises(DataError, match=f"VideoFlash/{first.id}.flv' is a Git LFS pointer"):
        open_folder("cremad", tmp_path, "videos")


def test_a_protocol_whose_package_is_not_here_says_what_to_install(
    cremad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="Protocol videos takes the package av") as raised:
        looked_at("cremad", cremad, "videos")
    assert "mmlab[video]" in raised.value.hint
    assert looked_at("cremad", cremad, "ogm-ge")[2].lacking == ()


def test_where_only_videos_are_there_the_protocol_that_reads_them_is_named(tmp_path: Path) -> None:
    write_miniature("cremad", tmp_path)
    shutil.rmtree(tmp_path / "Image-01-FPS")
    with pytest.raises(DataError, match="There is no 'Image-01-FPS'") as raised:
        looked_at("cremad", tmp_path, "ogm-ge")
    assert "--protocol videos" in raised.value.hint
    assert "ffmpeg" in raised.value.hint


def test_a_protocol_that_cannot_be_run_is_refused_with_those_that_can(cremad: Path) -> None:
    with pytest.raises(UnknownName, match="ogm-ge, speakers, frames, videos"):
        looked_at("cremad", cremad, "di-mml")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1001_DFA_JOY_XX,JOY", "train.csv, line 2: 'JOY' is no emotion"),
        ("1001_DFA_ANG_XX,SAD", "train.csv, line 2: .* another emotion"),
        ("../../etc/passwd,ANG", "train.csv, line 2: .* no clip"),
    ],
)
def test_a_label_outside_the_table_is_named_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    write_miniature("cremad", tmp_path)
    lines = (tmp_path / "train.csv").read_text("utf-8").splitlines()
    (tmp_path / "train.csv").write_text("\n".join([lines[0], line, *lines[2:]]), "utf-8")
    with pytest.raises(DataError, match=said):
        looked_at("cremad", tmp_path)


def test_a_wrong_folder_names_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="AudioWAV"):
        looked_at("cremad", tmp_path)
    with pytest.raises(DataError, match="train_list"):
        looked_at("casia_surf", tmp_path)


def test_a_bad_download_is_refused_and_its_lost_files_can_count_as_missing(tmp_path: Path) -> None:
    write_miniature("cremad", tmp_path / "data", broken=True)
    with pytest.raises(DataError, match="is a Git LFS pointer"):
        open_folder("cremad", tmp_path / "data")
    open_folder("cremad", tmp_path / "data", incomplete=True)
    open_folder("cremad", tmp_path / "data")
    lost = looked_at("cremad", tmp_path / "data")[2].lacking
    assert sorted(why for _, why in lost) == ["a Git LFS pointer", "cut off"]
    found = TASKS["cremad"]()
    present = [found.samples(split).present for split in ("train", "valid", "test")]
    assert sum(int((~each).sum()) for each in present) == 2


def test_a_picture_that_is_cut_off_is_named_before_anything_is_read(tmp_path: Path) -> None:
    write_miniature("casia_surf", tmp_path / "data")
    whole = looked_at("casia_surf", tmp_path / "data")[2]
    cut = whole.samples[-1].cells["infrared"]
    cut_off(tmp_path / "data" / cut)
    assert looked_at("casia_surf", tmp_path / "data")[2].lacking == ((cut, "cut off"),)
    with pytest.raises(DataError, match=f"'{cut}' is cut off"):
        open_folder("casia_surf", tmp_path / "data")


def test_a_case_with_a_contrast_of_another_shape_or_without_one_is_named(tmp_path: Path) -> None:
    write_miniature("brats", tmp_path)
    first, second = (tmp_path / f"BraTS20_Training_00{number}" for number in (1, 2))
    (second / "BraTS20_Training_002_flair.nii.gz").unlink()
    with pytest.raises(DataError, match=r"BraTS20_Training_002_flair\.nii\.gz' is not there"):
        open_folder("brats", tmp_path)
    open_folder("brats", tmp_path, incomplete=True)
    assert sum(each.present.all(1).logical_not().sum() for each in map(TASKS["brats"]().samples, SPLITS)) == 6
    (first / "BraTS20_Training_001_t2.nii.gz").write_bytes(nifti(np.zeros((4, 4, 6))))
    with pytest.raises(DataError, match=r"BraTS20_Training_001_t2\.nii\.gz' has 4 × 4 × 6 voxels"):
        looked_at("brats", tmp_path)


def test_a_case_of_brats_can_be_one_sample(tmp_path: Path) -> None:
    write_miniature("brats", tmp_path)
    found = open_folder("brats", tmp_path, "volumes")
    assert (len(found.samples), found.shapes["t1ce"]) == (12, (1, 78, 120, 120))
    assert found.samples[0].cells["flair"].endswith("_flair.nii.gz")
    assert found.samples[0].group == found.samples[0].id
    task = TASKS["brats"]()
    assert isinstance(task.example(found.samples[0].id).raw["flair"], ScanVolume)
    samples = task.samples("valid")
    batch = samples.batch(torch.tensor([0]))
    assert batch.inputs["t2"].shape == (1, 1, 78, 120, 120)
    assert batch.target.shape == (1, 3, 78, 120, 120)
    assert batch.target[:, 0].sum() >= batch.target[:, 1].sum() > 0


def test_the_size_of_scans_can_be_chosen_and_stays(tmp_path: Path) -> None:
    """78 slices of 120 are 20.8 of 32: the box keeps its proportions, until another size is asked for."""
    write_miniature("brats", tmp_path)
    assert open_folder("brats", tmp_path, "volumes", size=32).shapes["t1ce"] == (1, 21, 32, 32)
    assert open_folder("brats", tmp_path).shapes["t1ce"] == (1, 21, 32, 32)
    assert TASKS["brats"]().samples("valid").batch(torch.tensor([0])).target.shape == (1, 3, 21, 32, 32)
    assert looked_at("brats", tmp_path, size=120)[2].shapes["t1ce"] == (1, 78, 120, 120)
    with pytest.raises(DataError, match="slices has no scans as a whole"):
        looked_at("brats", tmp_path, "slices", size=32)
    with pytest.raises(MmlabError, match="size"):
        looked_at("brats", tmp_path, "volumes", size=4)


def test_the_names_of_2023_are_known(tmp_path: Path) -> None:
    for end in ("t1n", "t1c", "t2w", "t2f", "seg"):
        case = tmp_path / "BraTS-GLI-00000-000"
        case.mkdir(exist_ok=True)
        (case / f"{case.name}-{end}.nii.gz").write_bytes(nifti(np.zeros((4, 4, 3))))
    found = looked_at("brats", tmp_path)[2]
    assert found.files == 5
    assert found.lacking == ()
    assert found.samples[0].cells["t1ce"] == "BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1c.nii.gz#0"


def test_a_folder_that_is_no_class_is_named(tmp_path: Path) -> None:
    write_miniature("modelnet40", tmp_path)
    (tmp_path / "modelnet40_images_new_12x" / "zeppelin").mkdir()
    with pytest.raises(DataError, match="zeppelin' is no class"):
        looked_at("modelnet40", tmp_path)


def test_a_task_of_ones_own_in_the_folder_is_left_alone(cremad: Path, tmp_path: Path) -> None:
    (tmp_path / locations.TASK_FILE).write_text('{"name": "mine"}', "utf-8")
    with pytest.raises(DataError, match="is not that of cremad"):
        open_folder("cremad", tmp_path)
    assert (tmp_path / locations.TASK_FILE).read_text("utf-8") == '{"name": "mine"}'


def test_only_another_protocol_is_called_so(cremad: Path) -> None:
    open_folder("cremad", cremad, "speakers")
    task = TASKS["cremad"]()
    assert "another version" in other_data({"data": {"protocol": "speakers"}}, task)
    assert "ogm-ge, not speakers" in other_data({"data": {"protocol": "ogm-ge"}}, task)
