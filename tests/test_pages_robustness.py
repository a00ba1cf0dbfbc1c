"""Robustness as a person uses it, on every task, with models that never learned anything and the shipped samples."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mmlab.core.task import TASKS
from mmlab.inference import imputation
from mmlab.ui.components import background_task, selection
from mmlab.ui.pages.robustness import imputation as missing
from mmlab.ui.pages.robustness import page, report, view_data
from mmlab.ui.session import cache
from tests.apps import address, app_at, healthy, sentences
from tests.library import measured, untrained

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = {"digits": 40, "opinion": 40, "brain": 20, "faces": 40}  # outlines take long to measure
ANSWERS = {"digits": "classification", "opinion": "regression", "brain": "segmentation", "faces": "detection"}
SECTIONS = tuple(page.SECTIONS)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models per task, measured on the first shipped samples."""
    root = tmp_path_factory.mktemp("checkpoints")
    for name in ANSWERS:
        measured(root, name, "joint", "dmrnet", samples=SAMPLES[name])
    return root


@pytest.fixture(autouse=True)
def library(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(models))
    monkeypatch.setattr(imputation, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(imputation, "COUNT", 8)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield models
    st.cache_resource.clear()


def opened(section: str = "combinations", task: str = "digits", **address: str) -> AppTest:
    app = app_at("robustness")
    for name, value in {"section": section, "task": task, **address}.items():
        app.query_params[name] = value
    return app.run()


def boards(app: AppTest) -> list[str]:
    """The drawings, one per board."""
    return [str(json.loads(each.proto.json)["html"]) for each in app.get("bidi_component")]


def html(app: AppTest) -> str:
    return " ".join([*(element.proto.body for element in app.get("html")), *boards(app)])


def captions(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.caption, *app.markdown, *app.info, *app.warning))


@pytest.mark.parametrize("task", ANSWERS)
@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_works_on_every_task(section: str, task: str) -> None:
    app = opened(section, task)
    healthy(app)
    lattice = boards(app)[0]
    for combination in TASKS[task]().info.modalities.subsets():
        assert f'data-pick="{combination.key}"' in lattice
    assert f"on {SAMPLES[task]} test samples. Missing inputs are left to the method." in html(app)


def test_every_drawing_has_its_files_and_says_what_it_is() -> None:
    for section in SECTIONS[:-1]:
        for drawing in boards(opened(section)):
            assert all(f'data-save="{kind}"' in drawing for kind in ("svg", "png", "csv"))
            assert re.search(r'<svg [^>]*aria-label="[^"]{8,}"', drawing)


def test_the_selected_combination_steers_the_sections() -> None:
    app = opened("certainty", on="image-sound")
    assert "Calibration with Image + Sound" in " ".join(element.value for element in app.subheader).replace("\\", "")
    assert 'data-pick="image-sound" data-keys="ArrowDown:' in boards(app)[0]
    assert re.search(r'data-pick="image-sound"[^>]*aria-pressed="true"', boards(app)[0])


def test_a_slider_changes_the_expected_score_and_stands_in_the_address() -> None:
    app = opened("failures")
    first = expected(app)
    app.slider(key="failures.all").set_value(80).run()
    healthy(app)
    assert address(app, "fail") == "80"
    assert expected(app) != first
    app.toggle(key="failures.shared").set_value(False).run()
    assert address(app, "fail") == "image:80,sound:80,pen:80"
    app.slider(key="failures.sound").set_value(5).run()
    assert address(app, "fail") == "image:80,sound:5,pen:80"
    app.selectbox(key="failures.along").set_value("pen").run()
    assert "missing rate of pen" in html(app)
    again = opened("failures", fail="image:80,sound:5,pen:80", along="pen")
    assert expected(again) == expected(app)


def expected(app: AppTest) -> list[str]:
    return re.findall(r'data-expected="[^"]*">([^<]*)<', html(app))


@pytest.mark.parametrize("task", ANSWERS)
def test_drawing_agrees_with_the_closed_form(task: str) -> None:
    app = opened("failures", task)
    next(button for button in app.button if button.label == "Check by simulation").click().run()
    healthy(app)
    shown = html(app)
    assert "Closed form" in shown
    assert shown.count("<td>agree</td>") == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"section": "nonsense"},
        {"fail": "much"},
        {"fail": "smell:99999,image:x"},
        {"on": "smell"},
        {"on": "none"},
        {"measure": "beauty"},
        {"rule": "magic"},
        {"section": "flips", "to": "smell"},
        {"section": "flips", "slices": "smell", "slice": "x"},
        {"section": "pair", "versus": "nobody"},
        {"section": "certainty", "doubt": "fear"},
        {"section": "missing", "damage": "smell:rot:9"},
        {"section": "missing", "damage": "sound:blanked:0.1-0.2"},
        {"section": "blanked", "blank": "smell:left:x"},
        {"section": "blanked", "blank": "sound:random:-1e9"},
    ],
)
def test_a_wrong_address_ends_in_a_sentence_or_the_default(fields: dict[str, str]) -> None:
    app = opened(**{"section": "failures", **fields})
    healthy(app)
    assert boards(app)


def test_a_method_that_never_met_gaps_is_said_to_be_outside_of_what_it_knows() -> None:
    assert "never trained with missing inputs" in captions(opened(lattice="joint", on="image"))
    assert "never trained with missing inputs" not in captions(opened(lattice="joint"))
    assert "never trained with missing inputs" not in captions(opened(lattice="dmrnet", on="image"))


def test_samples_are_one_click_away_from_predict() -> None:
    shown = html(opened("pair", on="image"))
    links = re.findall(r'href="(predict\?[^"]*)"', shown)
    assert links
    assert all("task=digits" in link and "on=image" in link and "sample=test-" in link for link in links)


def test_one_model_alone_has_nobody_to_compare_to() -> None:
    app = opened("pair", methods="dmrnet")
    healthy(app)
    assert "Choose a second method above." in captions(app)


def test_a_rule_is_computed_when_asked_and_then_in_force() -> None:
    app = opened("missing", rule="zeros", methods="dmrnet")
    healthy(app)
    assert "Not computed for DMRNet yet" in captions(app)
    app.button(key="rules.compute").click().run()
    finished(app, "rules-digits-dmrnet")
    healthy(app)
    shown = html(app)
    assert "filled with noise" in shown
    assert "Missing inputs are filled with zeros." in shown
    assert "8 test samples" in shown
    assert 'data-pick="donor|image"' in shown
    for section in SECTIONS:
        healthy(opened(section, rule="zeros", methods="dmrnet"))


def finished(app: AppTest, name: str) -> None:
    background_task.wait(name)
    app.run()


def test_what_missing_means_is_shown_for_the_samples_that_were_chosen_on_embed() -> None:
    app = opened("missing", methods="dmrnet")
    app.button(key="rules.compute").click().run()
    finished(app, "rules-digits-dmrnet")
    ids = cache.sweep(cache.library().find("digits", "dmrnet")).ids
    computed = imputation.stored(view_data.digest(cache.library().find("digits", "dmrnet")), "zeros").ids
    for wanted, said in (
        (computed[:3], "on the same 3 test samples. "),
        ([name for name in ids if name not in computed][:3], "None of them is selected."),
    ):
        text = selection.written([ids.index(name) for name in wanted], ids)
        assert text is not None
        app = opened("missing", methods="dmrnet", chosen=text)
        healthy(app)
        assert said in html(app)


def test_a_choice_of_another_test_set_is_said_once() -> None:
    app = opened("combinations", chosen="00000000.AAAA")
    assert not app.exception
    assert sentences(app).count("to another test set") == 1


def test_imputation_has_a_page_that_computes_by_itself_once() -> None:
    app = app_at("imputation")
    app.query_params["task"], app.query_params["methods"] = "digits", "dmrnet"
    app.run()
    assert not app.exception
    finished(app, "rules-digits-dmrnet")
    healthy(app)
    assert "filled with noise" in html(app)
    assert "8 test samples" in html(app)


@pytest.mark.parametrize(("name", "said"), [("trust", "Calibration with"), ("report", "Report")])
def test_other_sections_have_a_page_too(name: str, said: str) -> None:
    app = app_at(name, 60)
    app.query_params["task"], app.query_params["methods"] = "digits", "dmrnet"
    app.run()
    healthy(app)
    assert any(said in each.value for each in app.subheader)
    finished(app, "validation-digits-dmrnet")


def test_an_address_of_old_opens_a_section_that_has_moved() -> None:
    app = opened("certainty")
    assert any("Calibration with" in each.value for each in app.subheader)
    assert "Calibration" in opened_titles(app)
    assert "Imputation" not in opened_titles(app), "it has a page of its own"


def opened_titles(app: AppTest) -> list[str]:
    group = next(group for group in app.get("button_group") if group.key == "robustness.section")
    return [option.content for option in group.proto.options]


def test_corruption_is_computed_when_asked() -> None:
    app = opened("missing", damage="sound:noise:3")
    app.button(key="corruption.compute").click().run()
    finished(app, "corruption-digits-sound-noise")
    healthy(app)
    shown = html(app)
    assert "Background noise on Sound" in shown
    assert "DMRNet without Sound" in shown


def test_a_blanked_stretch_is_measured_share_by_share_when_asked() -> None:
    app = opened("blanked", blank="sound:end", methods="joint.dmrnet", on="image-sound")
    assert "not reported as missing: the stretch holds silence." in captions(app)
    app.button(key="blanked.compute").click().run()
    finished(app, "blanked-digits-sound-end")
    healthy(app)
    shown = html(app)
    assert "with a stretch of sound blanked, at the end: Image + Sound" in shown
    assert "DMRNet without Sound" in shown
    assert "From 100 % on some recordings (8) hold nothing that can be read" in shown
    assert not [button for button in app.button if button.key == "blanked.compute"], "nothing is left"
    assert "**Blanked stretches:**" in captions(opened("report", blank="sound:end", methods="joint.dmrnet"))


def test_the_place_and_the_seed_of_a_blanked_stretch_stand_in_the_address() -> None:
    app = opened("blanked")
    app.selectbox(key="blanked.input").set_value("pen").run()
    app.selectbox(key="blanked.place").set_value("random").run()
    app.number_input(key="blanked.seed").set_value(7).run()
    healthy(app)
    assert address(app, "blank") == "pen:random:7"
    app.selectbox(key="blanked.place").set_value("end").run()
    assert address(app, "blank") == "pen:end"


def test_the_temperature_is_fitted_on_validation_when_asked() -> None:
    app = opened("certainty", methods="dmrnet", on="image")
    assert "fitted on one half of the test samples" in captions(app)
    app.button(key="certainty.validate").click().run()
    finished(app, "validation-digits-dmrnet")
    healthy(app)
    count = len(TASKS["digits"]().samples("valid"))
    assert f"fitted on the validation split ({count} samples)" in captions(app)
    assert not [button for button in app.button if button.key == "certainty.validate"]
    assert "one half" in captions(opened("certainty", methods="joint"))


def test_every_sample_stands_under_the_least_that_is_enough_for_it() -> None:
    counted = 0
    for combination in TASKS["digits"]().info.modalities.subsets():
        said = captions(opened("flips", lattice="dmrnet", on=combination.key))
        found = re.search(r"least that is enough:\*\* (\d+) of 40", said)
        assert found is not None
        counted += int(found[1])
    reference = next(e.reference for e in cache.entries("digits") if e.reference.method == "dmrnet")
    right = view_data.graded(reference, imputation.NATIVE, 0).right
    assert counted == right[-1].sum(), "where complete input is right, something is enough"


def test_what_runs_can_be_stopped_and_goes_on_later(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def slow(model: Any, rule: str, count: int, on_progress: Any) -> None:
        for step in itertools.count():  # until it is stopped
            started.append(step)
            on_progress(0.5)
            time.sleep(0.01)

    monkeypatch.setattr(missing.imputation, "compute", slow)
    app = opened("missing", methods="dmrnet")
    app.button(key="rules.compute").click().run()
    app.button(key="stop.rules-digits-dmrnet").click().run()
    finished(app, "rules-digits-dmrnet")
    healthy(app)
    assert started
    assert app.button(key="rules.compute")


def test_a_task_without_measured_models_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    untrained(tmp_path, "digits", "dropout")
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path))
    app = opened()
    healthy(app)
    assert "was not measured yet" in captions(app)


@pytest.mark.parametrize("task", ANSWERS)
def test_the_report_stands_alone(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []
    make = report.make

    def keep(*given: Any) -> bytes:
        kept.append(make(*given))
        return kept[-1]

    monkeypatch.setattr(report, "partial", lambda function, *given: keep(*given))
    app = opened("report", task, on="image") if task == "digits" else opened("report", task)
    healthy(app)
    document = kept[-1].decode()
    assert document.startswith("<!doctype html>")
    assert "<script" not in document
    assert not re.search(r"(?:src|url\(|@import)\s*=?\s*[\"'(]?https?:", document)
    links = re.findall(r'href="([^"]*)"', document)
    assert len(links) == 1, "the way back, and no other"
    assert f"task={task}" in links[0]
    info = TASKS[task]()
    for text in (info.title, "seed 4", "left to the method", "torch 2", "Joint training", "DMRNet"):
        assert text in document
    digests = [str(cache.report(e.reference)["digest"])[:16] for e in cache.entries(task)]
    assert all(digest in document for digest in digests)
    for title in report.PARTS:
        if title not in ("Imputation", "Blanked stretches"):  # nothing of them was computed
            assert f"<h2>{title}</h2>" in document


def test_opening_is_quick_once_the_app_is_warm() -> None:
    opened()
    start = time.process_time()
    view_data.graded.clear()
    healthy(opened())
    assert time.process_time() - start < 5, "far from the goal of one second"
