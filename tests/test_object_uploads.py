"""An object as one file on the Bench: both views, sliders that turn it, the angle in the address and in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mmlab.tasks.objects import Objects
from mmlab.ui.bar.samples import OPEN
from mmlab.ui.inputs.sample_picker import TAB, TABS
from mmlab.ui.pages.predict import downloads, view_data
from mmlab.ui.session import uploads
from mmlab.ui.session.uploads import Upload, UploadedFile
from tests.apps import show_library
from tests.library import untrained
from tests.test_pages import opened, sentences, text

FIELD = "bring.objects.image"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    untrained(root, "objects", "joint")
    return root


@pytest.fixture(autouse=True)
def library(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    show_library(monkeypatch, models)


@pytest.fixture(scope="module")
def thing() -> bytes:
    return Objects().example_mesh("test-0000")


def form() -> AppTest:
    app = opened(task="objects")
    app.session_state[TAB], app.session_state[OPEN] = TABS[1], True
    return app.run()


def given(app: AppTest) -> list[bool]:
    return [not app.toggle(key=f"on.{name}").disabled for name in ("front", "rear")]


def sample(app: AppTest) -> str:
    found = app.query_params["sample"]
    return found if isinstance(found, str) else str(found[0])


def captions(app: AppTest) -> str:
    return " ".join(item.value for item in app.caption)


def test_one_file_gives_both_views_and_the_sliders_turn_them(thing: bytes) -> None:
    app = form()
    assert "example.objects.object.obj" in {each.proto.id.rpartition("-")[2] for each in app.get("download_button")}
    app.file_uploader(key=FIELD).upload("thing.obj", thing, "model/obj").run()
    assert not app.exception
    assert given(app) == [True, True]
    assert sample(app).endswith(".azimuth_0.elevation_15")
    assert "azimuth of 0°" in captions(app)
    first, begun = text(app), sample(app)
    app.slider(key="turn.azimuth").set_value(-60).run()
    assert sample(app) == begun.replace("azimuth_0", "azimuth_-60")
    assert "azimuth of -60°" in captions(app)
    assert text(app) != first
    app.slider(key="turn.elevation").set_value(26).run()
    assert sample(app).endswith(".azimuth_-60.elevation_26")
    app.query_params["sample"] = begun  # one step back in the browser, or an address that somebody edits
    app.run()
    assert app.slider(key="turn.azimuth").value == 0
    assert text(app) == first
    app.query_params["sample"] = begun.replace("azimuth_0", "azimuth_400")
    app.run()
    assert not app.exception
    assert "azimuth = 400 is out of bounds" in sentences(app)


def test_what_was_said_to_be_right_stays_when_it_is_turned(thing: bytes) -> None:
    app = form()
    app.file_uploader(key=FIELD).upload("thing.obj", thing, "model/obj").run()
    app.selectbox(key="bring.truth").set_value("monitor").run()
    app.session_state[OPEN] = False
    app.run().slider(key="turn.azimuth").set_value(30).run()
    assert "right answer: **monitor**" in captions(app)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"Dear Sir or Madam", "There are no faces in 'thing.obj'."),
        (b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n", "asks for vertex 4"),
        (b"v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "nowhere"),
    ],
)
def test_a_bad_object_is_said_once(content: bytes, said: str) -> None:
    app = form()
    app.file_uploader(key=FIELD).upload("thing.obj", content, "model/obj").run()
    assert not app.exception
    assert sentences(app).count(said) == 1


def test_which_axis_points_upwards_can_be_said(thing: bytes) -> None:
    app = form()
    app.file_uploader(key=FIELD).upload("thing.obj", thing, "model/obj").run()
    usual = text(app)
    app.button_group(key=f"{FIELD}.up").set_value("z").run()
    assert sample(app).endswith(".up_z")
    assert text(app) != usual


def turned(content: bytes, **said: object) -> Upload:
    part = UploadedFile(content, "thing.obj", said)
    return Upload("objects", {"front": part, "rear": part})


def test_an_id_says_how_a_thing_is_turned_and_a_bundle_brings_it_back() -> None:
    one, other = turned(b"x", azimuth=30, elevation=15), turned(b"x", azimuth=-30, elevation=15)
    assert one.id == other.id.replace("-30.", "30.")
    assert turned(b"y", azimuth=30).id.partition(".")[0] != one.id.partition(".")[0]
    back, _ = uploads.open_bundle(uploads.bundle(one, {}))
    assert back.id == one.id
    assert uploads.in_words(back)["rear"] == "thing.obj (azimuth 30, elevation 15)"
    mixed = Upload("objects", {**one.parts, "rear": UploadedFile(b"png", "rear.png")})
    assert mixed.id.endswith(".azimuth_30.elevation_15"), "nothing is said of a picture"
    assert mixed.told({"azimuth": 5}).parts["rear"].options == {}
    apart = Upload("objects", {**one.parts, "rear": other.parts["rear"]})
    assert "." not in apart.id, "what is said of one file only is part of the digest"
    assert turned(b"x", rate=2.5).id != turned(b"x", rate=3.5).id


def test_what_is_saved_names_the_file_and_the_angle(thing: bytes, models: Path) -> None:
    app = form()
    app.file_uploader(key=FIELD).upload("thing.obj", thing, "model/obj").run()
    app.slider(key="turn.azimuth").set_value(45).run()
    shown = app.session_state[view_data.KEPT][0][1]
    said = "thing.obj (azimuth 45, elevation 15)"
    assert f"front: {said}; rear: {said}" in downloads.as_csv(shown).decode()
    assert json.loads(downloads.as_json(shown))["files"] == {"front": said, "rear": said}
