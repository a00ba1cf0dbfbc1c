"""The ways to give an input: found by kind, a task's own first; files of sensors with what they do not say."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.task import TASKS
from mmlab.modalities.series.decode import GYROSCOPE, encode_series
from mmlab.tasks.generators.watch.recordings import recordings
from mmlab.ui.bar.samples import OPEN
from mmlab.ui.inputs import registry
from mmlab.ui.inputs.sample_picker import TAB, TABS
from mmlab.ui.session import cache, uploads
from mmlab.ui.session.decoded_uploads import decoded
from tests.apps import show_library
from tests.library import untrained
from tests.test_pages import opened, sentences, text
from tests.unpacked import pack

ROOT = Path(__file__).resolve().parent.parent
PACK = pack("watch")
SAMPLE = "p01-left-abd-0300"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    untrained(root, "watch", "joint")
    return root


@pytest.fixture(autouse=True)
def library(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    show_library(monkeypatch, models)


def test_every_kind_has_its_ways() -> None:
    task = TASKS["digits"]()
    offered = {item.name: list(registry.ways(task, item)) for item in task.info.modalities}
    assert offered == {"image": ["File", "Camera"], "sound": ["File", "Microphone"], "pen": ["Draw", "File"]}
    assert list(registry.ways(task, Modality("scan", "scan", (1, 8, 8), "Scan", "S"))) == ["File"]


def test_a_task_may_offer_a_way_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    task = TASKS["digits"]()
    monkeypatch.setitem(registry._WAYS, "digits.image", {"Dice": lambda *_: None})
    assert list(registry.ways(task, task.info.modalities["image"])) == ["Dice", "File", "Camera"]
    assert list(registry.ways(task, task.info.modalities["sound"])) == ["File", "Microphone"]


def test_one_control_for_several_inputs_only_where_there_are_several() -> None:
    assert registry.shared(TASKS["digits"]()) == []
    [(_, modalities)] = registry.shared(TASKS["watch"]())
    assert [item.name for item in modalities] == ["accelerometer", "gyroscope"]


def own(app: AppTest) -> AppTest:
    app.session_state[TAB], app.session_state[OPEN] = TABS[1], True
    return app.run()


def given(app: AppTest) -> list[bool]:
    return [not app.toggle(key=f"on.{name}").disabled for name in ("accelerometer", "gyroscope")]


def both() -> bytes:
    """Four seconds of a recording, six columns."""
    values = recordings()[1].values
    rows = np.concatenate([values["accelerometer"], values["gyroscope"]], axis=1)[:200]
    head = "acc_x [g],acc_y [g],acc_z [g],gyro_x [rad/s],gyro_y [rad/s],gyro_z [rad/s]"
    return "\n".join([head, *(",".join(f"{value:.3f}" for value in row) for row in rows)]).encode()


def captions(app: AppTest) -> str:
    return " ".join(item.value for item in app.caption)


def test_one_file_gives_both_sensors_and_the_start_can_be_stated() -> None:
    app = own(opened(task="watch"))
    app.file_uploader(key="bring.watch.series").upload("both.csv", both(), "text/csv").run()
    assert given(app) == [True, True]
    assert "data-answer" in text(app)
    assert "where most movement is" in captions(app)
    first = text(app)
    app.number_input(key="bring.watch.series.start").set_value(2.5).run()
    assert "Took 2.5 to 3.5 s of 4.0 s, as stated." in captions(app)
    assert text(app) != first


def test_a_bad_file_for_both_sensors_is_said_once() -> None:
    app = own(opened(task="watch"))
    app.file_uploader(key="bring.watch.series").upload("empty.csv", b"", "text/csv").run()
    assert not app.exception
    assert sentences(app).count("'empty.csv' is empty.") == 1


def test_a_sensor_of_its_own_file() -> None:
    app = own(opened(task="watch"))
    content = (PACK / f"{SAMPLE}-gyro.csv").read_bytes()
    app.file_uploader(key="bring.watch.gyroscope.File").upload("g.csv", content, "text/csv").run()
    assert given(app) == [False, True]
    app.file_uploader(key="bring.watch.accelerometer.File").upload("a.csv", content, "text/csv").run()
    assert given(app) == [False, True]
    assert "none of the accelerometer" in sentences(app)


def test_a_bad_file_is_said_and_can_be_mended_by_stating_what_it_lacks() -> None:
    app = own(opened(task="watch"))
    content = b"\n".join([b"x,y,z"] + [b"%d,%d,0" % (row % 7, row % 5) for row in range(40)])
    app.file_uploader(key="bring.watch.gyroscope.File").upload("short.csv", content, "text/csv").run()
    assert "holds 0.80 s" in sentences(app)
    app.number_input(key="bring.watch.gyroscope.File.rate").set_value(25.0).run()
    assert given(app) == [False, True]
    app.button_group(key="bring.watch.gyroscope.File.unit").set_value(["deg/s"]).run()
    assert "Converted °/s to rad/s." in captions(app)


def test_a_shipped_file_is_what_the_encoder_writes() -> None:
    raw = TASKS["watch"]().example(SAMPLE).raw["gyroscope"]
    assert encode_series(raw, "gyro") == (PACK / f"{SAMPLE}-gyro.csv").read_bytes()  # type: ignore[arg-type]
    assert raw.unit == next(iter(GYROSCOPE.units))  # type: ignore[union-attr]


# what is said of a file


def test_what_was_said_of_a_file_is_in_the_bundle_and_in_the_id() -> None:
    plain = uploads.Upload("watch", {"gyroscope": uploads.UploadedFile(b"x", "a.csv")})
    said = uploads.Upload("watch", {"gyroscope": uploads.UploadedFile(b"x", "a.csv", {"rate": 100.0, "unit": "deg/s"})})
    assert plain.id != said.id
    back, _ = uploads.open_bundle(uploads.bundle(said, {}))
    assert back.parts["gyroscope"].options == {"rate": 100.0, "unit": "deg/s"}
    assert back.id == said.id


def test_an_earlier_bundle_says_the_height_of_a_slice_behind_the_name() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        inputs = {"t1": {"file": "inputs/t1", "name": "head.nii#40%"}, "t2": {"file": "inputs/t2", "name": "a#1.nii"}}
        archive.writestr("view.json", json.dumps({"mmlab": 1, "task": "brain", "view": {}, "inputs": inputs}))
        for name in inputs:
            archive.writestr(f"inputs/{name}", b"x")
    back, _ = uploads.open_bundle(target.getvalue())
    assert back.parts["t1"] == uploads.UploadedFile(b"x", "head.nii", {"height": 40})
    assert back.parts["t2"] == uploads.UploadedFile(b"x", "a#1.nii", {})


@pytest.mark.parametrize("options", [{"rate": [1]}, {"x" * 10: "y" * 999}, {str(i): i for i in range(99)}, [1], "rate"])
def test_a_bundle_that_says_what_cannot_be_is_refused(options: object) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        inputs = {"image": {"file": "inputs/image", "name": "a.png", "options": options}}
        archive.writestr("view.json", json.dumps({"mmlab": 1, "task": "digits", "view": {}, "inputs": inputs}))
        archive.writestr("inputs/image", b"x")
    with pytest.raises(DataError):
        uploads.open_bundle(target.getvalue())


@pytest.mark.parametrize(
    ("task", "modality", "options", "match"),
    [
        ("digits", "image", {"height": 4}, "no option 'height'"),
        ("brain", "t1", {"height": 400}, "out of bounds"),
        ("brain", "t1", {"rate": 4}, "no option 'rate'"),
        ("watch", "gyroscope", {"rate": "fast"}, "does not fit"),
        ("watch", "gyroscope", {"start": -3}, "out of bounds"),
    ],
)
def test_what_cannot_be_said_of_a_file_is_refused(task: str, modality: str, options: dict, match: str) -> None:
    with pytest.raises((DataError, UnknownName), match=match):
        TASKS[task]().read(modality, b"x", "a", options)
    with pytest.raises(DataError, match=match):
        decoded(cache.task(task), modality, uploads.UploadedFile(b"x", "a", options))


def test_what_is_stated_of_a_table_counts_before_its_settings_line() -> None:
    rows = b"".join(b"%d,%d,%d\n" % (i % 7, i % 5, i % 3) for i in range(400))
    task, content = TASKS["watch"](), b"# mmlab: rate=50 start=1\nx,y,z\n" + rows
    by_line = task.read("accelerometer", content, "a.csv")
    stated = task.read("accelerometer", content, "a.csv", {"rate": 100, "start": 2.5})
    assert (by_line.rate, by_line.part) == (50, (1.0, 2.0))
    assert (stated.rate, stated.part) == (100, (2.5, 3.5))


def test_an_upload_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    kind = type(cache.task("digits"))
    read = kind.read
    monkeypatch.setattr(kind, "read", lambda self, *given: calls.append(given) or read(self, *given))
    part = uploads.UploadedFile(modality_kind("image").example(), "a.png")
    for _ in range(3):
        assert decoded(cache.task("digits"), "image", part).pixels.shape == (20, 24)
    assert len(calls) == 1
