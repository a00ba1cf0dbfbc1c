"""The pages on the task `brain` as a person uses them: overlays, the slider through a volume, files of one's own."""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import mmlab.ui.session.cache
from mmlab.ui.bar.samples import OPEN
from mmlab.ui.components import page_frame
from mmlab.ui.inputs.sample_picker import TAB, TABS
from mmlab.ui.session import upload_draft
from tests.apps import captions, show_library
from tests.library import measured
from tests.test_brain import head, nifti, png
from tests.test_pages import opened, sentences, text
from tests.unpacked import pack

PACK = pack("brain")
SAMPLE = "test-000-06"
SLIDER = f"slice.{SAMPLE}"
ELSEWHERE = ("robustness", "dominance")  # their own tests open them on this task, too
PAGES = [page for page in page_frame.pages() if page.name not in ELSEWHERE]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    measured(root, "brain", "dropout", "gmd", samples=16)
    return root


@pytest.fixture(autouse=True)
def library(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    show_library(monkeypatch, models)


def shown(**address: str) -> AppTest:
    return opened(task="brain", sample=SAMPLE, **address)


def slices(app: AppTest) -> str:
    """The pictures under the slider, and their numbers."""
    return next(each.proto.body for each in app.get("html") if "mm-slices" in each.proto.body)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
def test_every_page_opens_and_says_that_this_is_simulated(page: page_frame.Page) -> None:
    app = opened(page.name, task="brain")
    assert not app.exception
    assert not app.error
    if page.name in ("lessons", "sandbox", "join"):
        return  # lessons about all tasks, worlds that are made up, and a vote on what another screen shows
    said = " ".join([*(each.value for each in app.caption), text(app)])
    assert "simulated" in said
    assert "patient" in said


def test_an_overlay_shows_what_was_found_the_difference_and_the_doubt() -> None:
    cards = text(shown())
    for part in (
        "found",
        "difference",
        "uncertainty",
        "Dice with the truth",
        "Enhancing tumour",
        "dashed lines: the truth",
    ):
        assert part in cards
    assert cards.count("False positives and false negatives of Modality dropout") == 1


def test_the_overlap_of_every_model_stands_in_the_line_that_stays_in_sight_on_a_narrow_screen() -> None:
    (line,) = re.findall(r'<div class="mm-strip".*?</div>', text(shown()))
    assert re.findall(r">([\w +]+) <b>Dice \d\.\d\d [✓✗]</b>", line) == ["Modality dropout", "GMD + DS"]


def test_a_contrast_switched_off_changes_the_overlay_and_the_volume() -> None:
    app = shown()
    before, through = text(app), slices(app)
    app.toggle(key="on.t1ce").set_value(False).run()
    assert text(app) != before
    assert slices(app) != through
    assert any(r"FLAIR \+ T1 \+ T2" in each.value for each in app.subheader)


def test_a_step_through_the_volume_calls_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    app = shown()
    monkeypatch.setattr(mmlab.ui.session.cache, "fuse_all", None)  # whoever calls it fails
    before = slices(app)
    assert app.slider(key=SLIDER).value == 7
    app.slider(key=SLIDER).set_value(9).run()
    after = slices(app)
    assert after != before
    assert all(part in after for part in ("truth", "found", "difference", "uncertainty"))
    assert not app.error
    app.button(key="slice.go").click().run()
    assert app.query_params["sample"] in ("test-000-08", ["test-000-08"])


def test_specialists_are_neither_offered_nor_missed() -> None:
    offered = opened("train", task="brain").selectbox(key="train.brain.method").options
    assert "Specialists" not in offered
    assert "Ensemble" in offered
    said = sentences(opened("methods", task="brain", method="specialists"))
    assert "not trained on 4 inputs" in said
    assert "python -m mmlab train" not in said


# one's own files


def own() -> AppTest:
    app = opened(task="brain")
    app.session_state[TAB], app.session_state[OPEN] = TABS[1], True
    return app.run()


def give(app: AppTest, modality: str, name: str, content: bytes) -> AppTest:
    kind = "image/png" if name.endswith("png") else "application/octet-stream"
    return app.file_uploader(key=f"bring.brain.{modality}.File").upload(name, content, kind).run()


def test_whatever_a_file_does_to_its_reader_the_page_says_so_and_the_rest_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = give(own(), "flair", "a.nii", nifti(head()))
    monkeypatch.setattr(upload_draft, "decoded", lambda *given: 1 // 0)
    app = give(app, "t1", "b.nii", nifti(head()))
    assert not app.exception
    assert [each.value for each in app.warning] == [
        "Something went wrong with this file.  \nThe details are in the log of the app."
    ]
    assert not app.toggle(key="on.flair").disabled


def test_a_person_brings_volumes_and_pictures_and_leaves_one_out() -> None:
    app = own()
    assert "Nothing here is a diagnosis" in captions(app)
    app = give(app, "flair", "a.nii.gz", gzip.compress(nifti(head())))
    app = give(app, "t1", "b.nii", nifti(head()))
    app = give(app, "t2", "c.png", (PACK / f"{SAMPLE}-t2.png").read_bytes())
    assert not app.exception
    assert not sentences(app)
    assert [app.toggle(key=f"on.{name}").disabled for name in ("flair", "t1", "t1ce", "t2")] == [
        False,
        False,
        True,
        False,
    ]
    assert "differ in size: FLAIR 40 × 50, T1 40 × 50, T2 56 × 56" in captions(app)
    cards = text(app)
    assert "The ground truth is unknown" in cards
    assert ">1.00<" not in cards, "no overlap of a prediction with itself"
    assert "dashed lines: with all inputs" in cards


def test_one_height_moves_all_volumes() -> None:
    app = give(give(own(), "flair", "a.nii", nifti(head())), "t1ce", "b.nii", nifti(head()))
    before = text(app)
    app.slider(key="bring.brain.scan").set_value(20).run()
    assert text(app) != before
    assert captions(app).count("at 20 % of the head's height") == 2


def test_sixteen_bit_and_coloured_pictures_are_taken() -> None:
    deep = np.zeros((70, 70), np.uint16)
    deep[10:60, 10:60] = np.linspace(900, 60_000, 2500).reshape(50, 50)
    colour = np.stack([deep >> 8, deep >> 9, deep >> 10], 2).astype(np.uint8)
    target = io.BytesIO()
    Image.fromarray(colour).save(target, "JPEG")
    app = give(give(own(), "t1", "a.png", png(deep)), "t2", "b.jpg", target.getvalue())
    assert not sentences(app)
    assert "Colours were converted to greyscale" in captions(app)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("cut.nii.gz", gzip.compress(nifti(head()))[:400], "cut off"),
        ("four.nii", nifti(np.stack([head()] * 2, -1)), "not one volume of three dimensions"),
        ("text.nii", b"not a scan", "not a NIfTI volume"),
        ("nan.nii", nifti(np.full((9, 9, 9), np.nan, np.float32)), "no number"),
        ("black.png", png(np.zeros((60, 60), np.uint8)), "no head"),
        ("![x](http://host).nii", b"junk", "not a NIfTI volume"),
    ],
)
def test_a_bad_file_gets_its_sentence_and_the_good_one_stays(name: str, content: bytes, sentence: str) -> None:
    app = give(give(own(), "flair", "a.nii", nifti(head())), "t1", name, content)
    assert not app.exception
    assert len(app.warning) == 1
    assert sentence in app.warning[0].value
    assert "![" not in app.warning[0].value
    assert not app.toggle(key="on.flair").disabled
    assert app.toggle(key="on.t1").disabled
    assert "mm-areas" in text(app)
