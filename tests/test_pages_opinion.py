"""The pages on the task `opinion` as a person uses them: numbers on their scale, coloured words, a sentence, a face."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mmlab.ui.bar.samples import OPEN
from mmlab.ui.components import page_frame
from mmlab.ui.inputs.sample_picker import TAB, TABS
from tests.apps import captions, show_library
from tests.library import measured
from tests.test_pages import opened, sentences, text

SAMPLE = "test-0001"
METHODS = ("dropout", "gmd")
ELSEWHERE = ("robustness", "dominance")  # their own tests open them on this task, too
PAGES = [page for page in page_frame.pages() if page.name not in ELSEWHERE]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    measured(root, "opinion", *METHODS)
    return root


@pytest.fixture(autouse=True)
def library(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    show_library(monkeypatch, models)


def shown(**address: str) -> AppTest:
    return opened(task="opinion", sample=SAMPLE, **address)


def own() -> AppTest:
    app = opened(task="opinion")
    app.session_state[TAB], app.session_state[OPEN] = TABS[1], True
    return app.run()


def typed(app: AppTest, words: str) -> AppTest:
    return app.text_area(key="bring.opinion.text.Type").set_value(words).run()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
def test_every_page_opens(page: page_frame.Page) -> None:
    app = opened(page.name, task="opinion")
    assert not app.exception
    assert not app.error


def test_a_number_stands_on_its_scale_with_truth_and_interval() -> None:
    cards = text(shown())
    assert cards.count('class="mm-number"') == len(METHODS)
    side = "right side" if "✓ right side" in cards else "wrong side"
    for part in (side, "90 % interval", "truth 2.39", "off\u00a0by"):
        assert part in cards
    assert "nats" not in cards


def test_a_switch_moves_the_number_and_says_how_far() -> None:
    app = shown()
    assert "This is the prediction from all available inputs" in text(app)
    app.toggle(key="on.text").set_value(False).run()
    cards = text(app)
    assert "on the same side" in cards or "Changed sides" in cards
    assert "with all inputs" in cards


def test_words_are_explained_and_which_way_can_be_chosen() -> None:
    app = opened("explain", task="opinion", sample=SAMPLE)
    assert not app.exception
    way = app.selectbox(key="target")
    assert way.options[1:] == ["a higher number", "a lower number"]
    assert way.options[0].startswith("Predicted now: a ")
    assert app.selectbox(key="explainer").value == "occlusion"
    way.set_value("1").run()
    assert not app.exception
    assert "python" not in sentences(app)


def test_a_person_types_a_sentence_and_moves_a_face() -> None:
    app = typed(own(), "The story was wonderful, but the acting is frabjous.")
    assert not app.exception
    assert not sentences(app)
    assert "“frabjous”" in captions(app)
    assert [app.toggle(key=f"on.{name}").disabled for name in ("text", "voice", "face")] == [False, True, True]
    app.slider(key="bring.opinion.face.Draw.mouth").set_value(0.9).run()
    assert not app.toggle(key="on.face").disabled
    glad = text(app)
    app.slider(key="bring.opinion.face.Draw.mouth").set_value(-0.9).run()
    assert text(app) != glad


def test_the_right_number_may_be_said() -> None:
    app = typed(own(), "A good film.")
    assert "right side" not in text(app)
    app.number_input(key="bring.number").set_value(2.5).run()
    assert "truth 2.5" in text(app)
    assert "✓ right side" in text(app) or "✗ wrong side" in text(app)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [("?! ... !!!", "no words in it"), ("…", "no words in it")],
)
def test_what_has_no_words_gets_its_sentence(words: str, sentence: str) -> None:
    app = typed(own(), words)
    assert not app.exception
    assert sentence in sentences(app)


def test_a_silent_recording_gets_its_sentence_and_the_text_stays() -> None:
    silent = io.BytesIO()
    with wave.open(silent, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    app = typed(own(), "A good film.")
    app.file_uploader(key="bring.opinion.voice.File").upload("quiet.wav", silent.getvalue(), "audio/wav").run()
    assert not app.exception
    assert "silent" in sentences(app)
    assert not app.toggle(key="on.text").disabled


def test_on_dominance_truth_and_measure_stand_side_by_side() -> None:
    app = opened("dominance", task="opinion", aspect="truth")
    assert not app.exception
    said = " ".join(each.value for each in app.markdown)
    assert "Shares of the gain: Text 50 % in truth" in said
    app = opened("dominance", task="digits", aspect="truth")
    assert "in truth" not in " ".join(each.value for each in app.markdown)
