"""Files of shipped samples that a person can download and bring: for every input, and read back as what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmlab.core.errors import DataError
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.recordings import Strokes
from mmlab.core.task import TASKS
from mmlab.inference import example_files
from mmlab.modalities.path import stroke_table
from mmlab.modalities.path.decode import read_strokes
from mmlab.modalities.series.folder_input import SeriesInput
from mmlab.tasks.official.stand_ins import npy
from tests.apps import app_at, healthy, html, show_library
from tests.folders import opened, scans, written

PREVIEW = ' class="mm-pair mm-preview"'  # of a drawing, before it is used
ENDINGS = {
    "digits": {"image": {"png"}, "sound": {"wav"}, "pen": {"csv", "json"}},
    "watch": {"accelerometer": {"csv"}, "gyroscope": {"csv"}},
    "faces": {"color": {"png"}, "depth": {"png"}, "infrared": {"png"}},
    "actions": {"frame": {"png"}, "flow": {"flo", "png"}},
    "objects": {"front": {"png"}, "rear": {"png"}},
    "rooms": {"color": {"png"}, "depth": {"png"}},
    "opinion": {"text": {"txt"}, "voice": {"wav"}, "face": {"png"}},
    "pendulum": {"image": {"png"}, "sound": {"csv", "npy"}},
    "brain": {key: {"nii.gz", "png"} for key in ("flair", "t1", "t1ce", "t2")},
}


def first_of(name: str) -> str:
    task = TASKS[name]()
    sample = task.gallery()[0]
    stack = task.example(sample).stack
    return stack[len(stack) // 2] if stack else sample


@pytest.mark.parametrize("name", ENDINGS)
def test_every_input_has_a_file_of_each_kind_that_a_person_would_bring(name: str) -> None:
    task = TASKS[name]()
    found = example_files.examples(task, first_of(name))
    assert {modality: set(files) for modality, files in found.items()} == ENDINGS[name]
    for modality, files in found.items():
        endings = modality_kind(task.info.modalities[modality].kind).endings
        assert all(ending.rpartition(".")[2] in endings for ending in files), "the field takes it"


@pytest.mark.parametrize("name", [name for name in ENDINGS if name != "brain"])
def test_a_file_of_a_sample_is_read_as_the_sample_is(name: str) -> None:
    task, sample = TASKS[name](), first_of(name)
    for modality, files in example_files.examples(task, sample).items():
        there = task.prepare(modality, task.example(sample).raw[modality]).tensor.numpy()
        for ending, content in files.items():
            back = task.prepare(modality, task.read(modality, content, f"a.{ending}")).tensor.numpy()
            assert np.abs(back - there).max() <= 0.02 * max(1.0, np.abs(there).max()), (modality, ending)


def test_one_file_gives_both_sensors() -> None:
    task, sample = TASKS["watch"](), first_of("watch")
    (content,) = example_files.together(task, sample, ["accelerometer", "gyroscope"]).values()
    for name in ("accelerometer", "gyroscope"):
        there = task.prepare(name, task.example(sample).raw[name]).tensor
        assert np.allclose(task.prepare(name, task.read(name, content, "both.csv")).tensor, there, atol=0.02)


def test_folders_of_ones_own_have_them_too(tmp_path: Path) -> None:
    task = opened(written(tmp_path / "pair"))
    found = example_files.examples(task, task.gallery()[0])
    assert {name: set(files) for name, files in found.items()} == {"photo": {"png"}, "numbers": {"csv", "npy"}}
    slices = opened(scans(tmp_path / "lesions"))
    assert all("png" in files for files in example_files.examples(slices, slices.gallery()[0]).values())


def test_columns_without_names_are_read_back_though_they_are_called_by_numbers() -> None:
    steps = SeriesInput(size=3, rate=1.0, seconds=8.0, steps=8)
    there = steps.read(npy(np.random.default_rng(0).normal(size=(8, 3))), "steps.npy")
    content = modality_kind("series").written(there)["csv"]
    assert content.startswith(b"t [s],column_1,column_2,column_3\n")
    back = steps.prepare(steps.read(content, "steps.csv")).tensor
    assert float(abs(back - steps.prepare(there).tensor).max()) < 1e-3


def test_strokes_are_read_from_a_table_with_and_without_names() -> None:
    named = read_strokes(b"stroke,x,y\n1,0,0\n1,4,8\n2,2,4\n2,6,4\n", "a.csv")
    assert [stroke.tolist() for stroke in named.strokes] == [[[0, 0], [4, 8]], [[2, 4], [6, 4]]]
    assert read_strokes(b"x;y\n0;0\n4;8\n").strokes[0].tolist() == [[0, 0], [4, 8]]
    assert len(read_strokes(b"1 0 0\n1 4 8\n2 2 4\n2 6 4\n").strokes) == 2
    json = modality_kind("path").example()
    assert isinstance(read_strokes(json, "a.json"), Strokes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n3,4\n", "no columns x and y"),
        (b"x,y\n1,2\n", "has a single point"),
        (b"x,y\n1,2\n1,2\n", "only a dot"),
        (b"x,y\n1,2\n3,1e9\n", "not two finite numbers"),
        (b"x,y\n1,2\n3,four\n", "four"),
        (b"\x00\x01\x02", ""),
        (b"x,y\n" + b"1,2\n" * 20_001, "more than 20,000 points"),
    ],
)
def test_a_table_that_is_no_drawing_is_refused_with_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(DataError) as found:
        read_strokes(content, "a.csv")
    assert said in str(found.value)


def test_the_form_offers_them_and_the_drawn_face_is_seen_before_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_library(monkeypatch, tmp_path)
    app = app_at("predict", 120, task="opinion", sample="test-0001").run()
    app.session_state["mmlab.samples"] = True
    app.session_state["mmlab.tab"] = "Upload"
    healthy(app.run())
    labels = [each.proto.label for each in app.get("download_button")]
    assert [label for label in labels if label.startswith("Example")] == ["Example TXT", "Example WAV", "Example PNG"]
    shown = [body for body in html(app).split("<div") if body.startswith(PREVIEW)]
    assert len(shown) == 1
    app.slider(key="bring.opinion.face.Draw.mouth").set_value(1.0).run()
    assert [body for body in html(app).split("<div") if body.startswith(PREVIEW)] != shown


@pytest.mark.parametrize("content", [b"", b"hello, this is not it\nno\n", b"\x89PNG\r\n\x1a\n\0\0"])
def test_what_is_no_table_of_strokes_is_told_how_one_looks(content: bytes) -> None:
    with pytest.raises(DataError) as refused:
        stroke_table.strokes_of_table(content, "'a.csv'")
    assert refused.value.hint == stroke_table.HINT
