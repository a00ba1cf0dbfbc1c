"""The pages as a person uses them: open, click, read what is shown."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import mmlab.inference.predictor
from mmlab.core.errors import DataError
from mmlab.testing import check_page
from mmlab.ui.bar.samples import OPEN
from mmlab.ui.components import page_frame
from mmlab.ui.inputs.canvas import strokes_of
from mmlab.ui.inputs.sample_picker import TAB, TABS
from mmlab.ui.session import uploads, url_state
from mmlab.ui.session.page_registry import PAGES
from tests.apps import app_at, sentences, show_library, turn
from tests.library import untrained
from tests.unpacked import pack

ROOT = Path(__file__).resolve().parent.parent
PACK = pack("digits")
OLD_FIELDS = """
    task sample methods on damage lattice target without picture axes colour shown point part many beside chosen
    source metric baseline by values ladder cell section measure rule fail along to doubt slices slice versus
    aspect worth absent number kind clash epoch node lesson arrows known explainer run method
"""
PICTURE, SOUND = PACK / "test-0001.png", PACK / "test-0001.flac"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    untrained(root, "digits", "joint", "dmrnet")
    return root


@pytest.fixture(autouse=True)
def library(models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Only these models, and nothing kept from the test before."""
    show_library(monkeypatch, models)
    return models


def opened(path: str = "predict", **address: str) -> AppTest:
    """A page, with this address."""
    app = app_at(path, 60)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def text(app: AppTest) -> str:
    """The HTML of the page: cards, tables."""
    return " ".join(element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("page", page_frame.pages(), ids=lambda page: page.title)
def test_every_page_opens(page: page_frame.Page) -> None:
    check_page(page.name, task="digits")


def test_a_start_declares_all_pages_and_imports_none_of_them() -> None:
    program = (
        "import sys; from mmlab.ui.session.page_registry import pages; print(len(pages()), 'torch' in sys.modules, "
        "[name for name in sys.modules if name.startswith('mmlab.ui.pages.') and name.count('.') > 3])"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == f"{len(page_frame.pages())} False []"


def test_every_page_and_every_field_of_the_address_of_old_is_there() -> None:
    assert [page.name for page in page_frame.pages()][:4] == ["home", "predict", "explain", "embed"]
    assert set(OLD_FIELDS.split()) <= set(url_state.fields())
    assert url_state.link("predict", {"task": "digits", "damage": "sound:noise:3"}) == (
        "predict?task=digits&damage=sound:noise:3"
    )
    assert url_state.link("home", {"task": "digits"}) == "?task=digits"


def test_the_page_of_all_tasks_shows_them_with_their_models(models: Path) -> None:
    report = {
        "digest": "x",
        "headline": "accuracy",
        "sources": {
            "built-in": {"metrics": {"image-sound-pen": {"accuracy": 0.91}}, "mean": {"accuracy": 0.5}, "samples": 9}
        },
    }
    file = models / "digits" / "joint" / "seed0" / "report.json"
    file.write_text(json.dumps(report))
    shown = text(opened("overview"))
    file.unlink()
    assert "Digits" in shown
    assert "91.0 %" in shown


def test_a_toggle_does_not_call_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    answer = mmlab.inference.predictor.fuse_all
    monkeypatch.setattr(mmlab.inference.predictor, "fuse_all", lambda *given: calls.append(given) or answer(*given))
    app = opened()
    before, first = len(calls), text(app)
    app.toggle(key="on.sound").set_value(False).run()
    app.toggle(key="on.image").set_value(False).run()
    assert before == 2, "each method once, all combinations together"
    assert len(calls) == before
    assert text(app) != first
    assert app.query_params["on"] in ("pen", ["pen"])


def test_an_address_with_wrong_inputs_and_corruptions_is_refused_once_above_the_inputs() -> None:
    app = opened(on="smell", damage="sound:fire:3")
    said = sentences(app)
    assert said.count("There is no corruption 'fire'") == 1
    assert said.count("smell") == 1
    assert "data-answer" in text(app)


def test_nothing_switched_on_is_a_sentence_and_the_rest_works() -> None:
    app = opened(on="none")
    assert "No input is switched on." in sentences(app)
    assert not app.exception
    app.toggle(key="on.pen").set_value(True).run()
    assert "No input" not in sentences(app)
    assert "data-answer" in text(app)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("task", "nonsense", "There is no task named 'nonsense'"),
        ("sample", "test-9999", "test-9999"),
        ("sample", "../../etc/passwd", "passwd"),
        ("methods", "joint.nonsense", "nonsense"),
        ("on", "image-smell", "smell"),
        ("damage", "sound:melting:3", "melting"),
        ("damage", "sound:noise:9", "no level"),
        ("damage", "sound", "no corruption"),
        ("damage", "sound:blanked:0.5-0.2", "no level"),
        ("damage", "image:blanked:0-1", "blanked"),
        ("lattice", "nonsense", ""),
    ],
)
def test_what_the_address_gets_wrong_is_said_and_the_page_goes_on(field: str, value: str, sentence: str) -> None:
    app = opened(**{field: value})
    assert not app.exception
    assert not app.error
    assert page_frame.plain(sentence) in sentences(app)
    assert "data-answer" in text(app)


def test_corruption_changes_the_answers_and_stands_in_the_address() -> None:
    app = opened()
    first = text(app)
    app.selectbox(key="corruption.sound").set_value("noise").run()
    assert "sound:noise:3" in str(app.query_params["damage"])
    app.select_slider(key="severity.sound").set_value(5).run()
    assert "sound:noise:5" in str(app.query_params["damage"])
    assert text(app) != first
    app.selectbox(key="corruption.sound").set_value("").run()
    assert "damage" not in app.query_params


def test_the_view_goes_along_to_another_page() -> None:
    app = opened(sample="test-0004", on="image")
    turn(app, "home").run()
    turn(app, "predict").run()
    assert not app.toggle(key="on.sound").value
    assert app.toggle(key="on.image").value
    assert "test-0004" in str(app.query_params["sample"])


def upload(app: AppTest, modality: str, name: str, content: bytes, kind: str = "image/png") -> AppTest:
    app.session_state[TAB], app.session_state[OPEN] = TABS[1], True
    app.run()
    return app.file_uploader(key=f"bring.digits.{modality}.File").upload(name, content, kind).run()


def test_the_form_goes_away_when_the_answers_are_wanted() -> None:
    app = upload(opened(), "image", "a.png", PICTURE.read_bytes())
    sample = app.query_params["sample"]
    app.button(key="bring.done").click().run()
    assert not app.exception
    assert app.session_state[OPEN] is False
    assert app.query_params["sample"] == sample
    app = upload(app, "sound", "b.flac", SOUND.read_bytes(), "audio/flac")
    assert not app.toggle(key="on.image").disabled, "what was given before the form went away is kept"


def test_a_person_brings_a_picture_and_a_sound() -> None:
    app = upload(opened(), "image", "a.png", PICTURE.read_bytes())
    assert "own-" in str(app.query_params["sample"])
    assert app.toggle(key="on.sound").disabled
    app = upload(app, "sound", "b.flac", SOUND.read_bytes(), "audio/flac")
    assert not app.toggle(key="on.sound").disabled
    assert app.toggle(key="on.pen").disabled
    assert "data-answer" in text(app)


@pytest.mark.parametrize(
    ("modality", "name", "content"),
    [
        ("image", "empty.png", b""),
        ("image", "mislabelled.png", b"not a picture"),
        ("image", "cut.png", PICTURE.read_bytes()[:60]),
        ("sound", "cut.wav", b"RIFF\x00\x00"),
        ("image", "../../![x](http://host).png", b"junk"),
    ],
)
def test_a_bad_file_gets_its_sentence_and_nothing_is_lost(modality: str, name: str, content: bytes) -> None:
    app = upload(opened(), modality, name, content)
    assert not app.exception
    said = [each.value for each in app.warning]
    assert len(said) == 2, "beside the file, and above the answers, which are not of it"
    assert sum("answers are those of" in each for each in said) == 1
    assert not any("![" in each for each in said)
    assert "data-answer" in text(app)
    assert "sample" not in app.query_params


def test_a_bad_file_does_not_take_the_good_one_away() -> None:
    app = upload(upload(opened(), "image", "a.png", PICTURE.read_bytes()), "sound", "b.wav", b"junk")
    assert len(app.warning) == 1
    assert app.toggle(key="on.image").value


def test_a_link_to_an_upload_says_that_the_upload_is_not_in_it() -> None:
    address = upload(opened(), "image", "a.png", PICTURE.read_bytes()).query_params["sample"]
    st.cache_data.clear()  # every AppTest has the same session's id, so that one would see what is kept for the other
    other = opened(sample=address if isinstance(address, str) else address[0])
    assert "not part of a link" in sentences(other)
    assert "data-answer" in text(other)


def test_a_bundle_opens_in_another_session_with_the_same_view() -> None:
    own = uploads.Upload("digits", {"image": uploads.UploadedFile(PICTURE.read_bytes(), "a.png")}, "3")
    content = uploads.bundle(own, {"task": "digits", "sample": own.id, "methods": "joint"})
    app = opened()
    app.session_state[TAB], app.session_state[OPEN] = TABS[1], True
    app.run()
    app.file_uploader(key="bring.bundle").upload("view.zip", content, "application/zip").run()
    assert not app.warning
    assert own.id in str(app.query_params["sample"])
    assert "joint" in str(app.query_params["methods"])
    assert text(app).count("data-answer") == 1


def test_a_bundle_comes_back_as_it_was() -> None:
    own = uploads.Upload(
        "digits", {"image": uploads.UploadedFile(b"abc", "ä.png"), "pen": uploads.UploadedFile(b"{}")}, "7"
    )
    back, view = uploads.open_bundle(uploads.bundle(own, {"on": "image"}))
    assert back == own
    assert back.id == own.id
    assert view == {"on": "image"}


def hostile(**files: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_json", ".json"), content)
    return buffer.getvalue()


GOOD = {"mmlab": 1, "task": "digits", "view": {}, "inputs": {"image": {"name": "a"}}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 cut off",
        hostile(other="x"),
        hostile(view_json="[" * 10_000),
        hostile(view_json=" " * 100_000),
        hostile(view_json=json.dumps({**GOOD, "mmlab": 99})),
        hostile(view_json=json.dumps({**GOOD, "inputs": {"../../x": {}}})),
        hostile(view_json=json.dumps({**GOOD, "inputs": {}})),
        hostile(view_json=json.dumps({**GOOD, "inputs": ["image"]})),
        hostile(view_json=json.dumps(GOOD), inputs__image=bytes(60 * 2**20)),
        hostile(view_json=json.dumps(GOOD), **{f"f{i}": "" for i in range(40)}),
    ],
)
def test_a_hostile_bundle_is_refused(content: bytes) -> None:
    with pytest.raises(DataError):
        uploads.open_bundle(content)


def test_a_bundle_for_an_unknown_task_is_a_sentence() -> None:
    content = uploads.bundle(uploads.Upload("digits", {"smell": uploads.UploadedFile(b"x")}), {})
    app = opened()
    app.session_state[TAB], app.session_state[OPEN] = TABS[1], True
    app.run()
    app.file_uploader(key="bring.bundle").upload("view.zip", content, "application/zip").run()
    assert "smell" in sentences(app)
    assert not app.exception


def test_a_broken_checkpoint_is_named_and_hides_no_other(models: Path) -> None:
    folder = models / "digits" / "dropout" / "seed0"
    folder.mkdir(parents=True)
    file = folder / "model.safetensors"
    file.write_bytes((models / "digits" / "joint" / "seed0" / "model.safetensors").read_bytes()[:200])
    (models / "digits" / "gmd" / "seed0").mkdir(parents=True)
    app = opened()
    file.unlink()
    folder.rmdir()
    (models / "digits" / "gmd" / "seed0").rmdir()
    shown = " ".join(element.value for element in app.markdown)
    assert "digits/dropout/seed0" in shown
    assert "digits/gmd/seed0" in shown
    assert text(app).count("data-answer") == 2


def test_weights_that_do_not_fit_break_one_card_only(models: Path) -> None:
    untrained(models, "digits", "ensemble")
    good, bad = (models / "digits" / name / "seed0" / "model.safetensors" for name in ("joint", "ensemble"))
    bad.write_bytes(good.read_bytes().replace(b'\\"method\\": \\"joint\\"', b'\\"method\\": \\"gmd\\"  '))
    app = opened()
    bad.unlink()
    assert not app.exception
    assert text(app).count("data-answer") == 2


def test_no_model_at_all_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path))
    app = opened()
    assert "There is no trained model for this task yet." in sentences(app)
    assert not app.exception
    assert not opened("home").exception


def test_a_canvas_becomes_strokes() -> None:
    drawing = {"objects": [{"path": [["M", 1, 2], ["Q", 3, 4, 5, 6], ["L", 7, 8]]}, {"type": "rect"}]}
    assert strokes_of(drawing) == [[[1, 2], [3, 4], [5, 6], [7, 8]]]


def test_text_from_outside_is_no_markdown() -> None:
    assert page_frame.plain("![x](<b> $a$") == r"\!\[x\]\(\<b\> \$a\$"
    assert page_frame.plain("a\u202eb\u200bc\x1bd") == "abcd", "marks that turn, hide or control"
    assert page_frame.plain("2. a\n- b\n===\n0.5") == "2\\. a\n\\- b\n\\===\n0.5"
    for address in ("http://host.example", "HTTPS://a", "www.host.example", "a@host.example", "mailto:a@b.example"):
        assert address not in page_frame.plain(address).replace("\\", ""), "a browser makes it a link, escaped or not"


def test_a_file_in_pages_is_the_entry_of_a_page_that_exists() -> None:
    for file in sorted((ROOT / "pages").glob("*.py")):
        assert file.stem in PAGES
        app = AppTest.from_file(str(file), default_timeout=240).run()
        assert not app.exception
