"""Dominance as a person uses it, on every task, with models that never learned anything and the shipped samples."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mmlab.analysis.attribution.registry import find
from mmlab.analysis.dominance.contributions import sample_kinds
from mmlab.analysis.dominance.measure import measures
from mmlab.analysis.dominance.measures.shapley import shapley
from mmlab.analysis.dominance.payoffs import payoffs
from mmlab.analysis.dominance.perturbations import ProbeBudget
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS
from mmlab.experiments.recorders.attribution_maps import SNAPSHOTS, AttributionRecorder
from mmlab.inference import imputation
from mmlab.storage import checkpoints
from mmlab.storage.checkpoints import PROGRESS
from mmlab.training.dominance_log import ANGLES
from mmlab.ui.components import report_origin
from mmlab.ui.components import selection as chosen
from mmlab.ui.pages.dominance import page as view
from mmlab.ui.pages.dominance import result_cache, sample_download, verdict_data, verdict_report
from mmlab.ui.pages.dominance import verdict as verdict_view
from mmlab.ui.pages.dominance.modality_labels import Names
from mmlab.ui.session import cache, library_entries
from mmlab.ui.text import verdict as words
from tests.apps import app_at, healthy, sentences
from tests.library import measured

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = 40
FEWER = {"brain": 20}  # outlines take long to measure
EPOCHS = 4
ANSWERS = {"digits": "classification", "opinion": "regression", "brain": "segmentation", "faces": "detection"}
SECTIONS = tuple(name for name in view.SECTIONS if name != "truth")  # which trains a network: tested by itself
FEW = ProbeBudget(12, 8, 1, 1)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models per task, measured on the first shipped samples; the first of them has a log and snapshots."""
    root = tmp_path_factory.mktemp("checkpoints")
    for name in ANSWERS:
        reference = measured(root, name, "dropout", "gmd", samples=FEWER.get(name, SAMPLES))[0]
        task, folder = TASKS[name](), Path(reference.path)
        recorder = AttributionRecorder(task, checkpoints.load(folder).method, EPOCHS, folder)
        for epoch in range(EPOCHS):
            recorder.record(epoch)
        (folder / PROGRESS).write_text("\n".join(json.dumps(line(task, epoch)) for epoch in range(EPOCHS)))
    return root


def line(task: Any, epoch: int) -> dict[str, Any]:
    """A line of a log, as `training` writes it."""
    keys = [combination.key for combination in task.info.modalities.subsets()]
    names = task.info.modalities.names
    metric = {"classification": "accuracy", "detection": "accuracy", "regression": "sign_accuracy"}
    chosen = metric.get(task.info.output.kind, "dice")
    return {
        "epoch": epoch,
        "stage": "all",
        "metrics": {key: {chosen: 0.4 + 0.1 * epoch + 0.01 * place} for place, key in enumerate(keys)},
        "gradient_norm": {name: 1.0 + place for place, name in enumerate(names)},
        "logs": {
            "shares": dict.fromkeys(names, 1 / len(names)),
            "cosines": [[1.0 if a == b else -0.1 for b in keys] for a in keys],
            "angles_before": [0] * (ANGLES - 1) + [2],
            "angles_after": [2] + [0] * (ANGLES - 1),
            "lengths": [1.0] * len(keys),
        },
    }


@pytest.fixture(autouse=True)
def library(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(models))
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(ProbeBudget, "usual", classmethod(lambda cls, output: FEW))
    monkeypatch.setattr(result_cache, "samples", lambda name: imputation.shipped(name, 16))
    st.cache_data.clear()
    st.cache_resource.clear()
    yield models
    st.cache_resource.clear()


def opened(section: str = "measures", task: str = "digits", **address: str) -> AppTest:
    app = app_at("dominance")
    for name, value in {"aspect": section, "task": task, "lattice": "dropout", **address}.items():
        app.query_params[name] = value
    return app.run()


def boards(app: AppTest) -> str:
    return " ".join(str(json.loads(each.proto.json)["html"]) for each in app.get("bidi_component") if each.proto.json)


def html(app: AppTest) -> str:
    return " ".join([*(element.proto.body for element in app.get("html")), boards(app)])


def said(app: AppTest) -> str:
    return " ".join(each.value for each in (*app.caption, *app.markdown, *app.info, *app.warning))


@pytest.mark.parametrize("task", ANSWERS)
@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_works_on_every_task(section: str, task: str) -> None:
    app = opened(section, task)
    healthy(app)
    assert len(app.subheader) == 1


@pytest.mark.slow
@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("dropout", "gmd")])
def test_every_section_works_with_every_method(method: str, models: Path) -> None:
    measured(models, "digits", method, samples=SAMPLES)
    for section in ("measures", "samples", "clashes", "maps"):
        healthy(opened(section, lattice=method))


# The verdict


def test_the_page_opens_with_a_verdict_and_nothing_else_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_cache, "probe", lambda *given, **named: pytest.fail("the model was asked"))
    app = opened("")
    healthy(app)
    assert re.search(r"### (Yes|No|Too close to call|There is nothing to dominate|The measures disagree)", said(app))
    assert "of the Shapley value" in said(app) or "nothing to dominate" in said(app)
    assert "Parts of the Shapley value by seed" in boards(app)
    files = json.loads(json.loads(app.get("bidi_component")[0].proto.json)["files"])
    assert "Modality dropout" in files["about"][0], "a saved drawing says its model"
    assert "Task: Digits." in files["about"][0]
    assert f"{datetime.now(UTC):%Y-%m}" in files["about"][0]
    assert files["csv"].startswith("# Parts of the Shapley value")
    assert "that ask the model itself are in the report" in boards(app)
    assert not app.subheader, "no section is open"
    assert "Report of this verdict" in [each.proto.label for each in app.get("download_button")]


def test_an_old_link_to_a_number_opens_the_table() -> None:
    app = opened("", number="shapley:right~image")
    assert [each.value for each in app.subheader] == [view.SECTIONS["measures"].question]
    assert "are not counted until" not in boards(app), "the model was asked, and the verdict counts it"


def test_other_seeds_are_in_the_verdict(models: Path) -> None:
    reference = cache.library().find("digits", "dropout")
    found = verdict_data.verdict(reference, None)
    shown = found.shown
    assert [run.name for run in found.seeds] == [reference.tag]
    assert shown.samples == SAMPLES
    assert abs(shown.shares).sum() == pytest.approx(1)
    lattice, values = result_cache.lattice(reference), result_cache.values(reference, "right")
    scores = {key: {"accuracy": float(values[mask].mean())} for mask, key in enumerate(lattice.keys) if key}
    source = {"metrics": scores, "mean": {"accuracy": 0.5}, "samples": SAMPLES}
    card = {"parameters": 1, "training_seconds": 1.0, "seed": 7, "task": cache.task("digits").info.card()}
    report = {"headline": "accuracy", "card": card, "sources": {"built-in": source}}
    other = Path(reference.path).parent / "seed7"
    other.mkdir()
    (other / "report.json").write_text(json.dumps(report))
    try:
        both = verdict_data.verdict(reference, None).seeds
        assert [run.name for run in both] == [reference.tag, "seed7"]
        assert both[1].shares == pytest.approx(shown.shares, abs=1e-6), "scores alone give the same parts"
        assert "No interval for seed7" in boards(opened(""))
        chosen_ones = frozenset(cache.sweep(reference).ids[:10])
        assert len(verdict_data.verdict(reference, chosen_ones).seeds) == 1, "reports are about all samples"
    finally:
        shutil.rmtree(other)


def test_the_report_of_a_verdict_holds_its_sentence_and_all_measures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reference, task = cache.library().find("digits", "dropout"), cache.task("digits")
    scores = {"image": {"accuracy": 0.5}, "image-sound-pen": {"accuracy": 0.912}}
    report = {**cache.report(reference), "sources": {"built-in": {"metrics": scores}}}
    monkeypatch.setattr(cache, "report", lambda reference: report)
    found = verdict_data.verdict(reference, None)
    bars = partial(verdict_view.bars, task, reference, "what it rests on")
    origin = report_origin.Origin(datetime(2026, 1, 2, tzinfo=UTC), "http://here/dominance?task=digits")
    page = verdict_report.make(task, reference, bars, verdict_data.evidence(reference, None), origin).decode()
    assert "This needs the model itself" not in page, "the model is asked for what is missing"
    told = (
        escape(words.sentence(found)),
        "2026-01-02",
        "All measures",
        "Kendall",
        "http://here/dominance",
        "Checked by",
        "Accuracy: Image + Sound + Pen 91.2 %; Image 50.0 %",
        "Not counted, since more need not mean more reliance: Absolute gradient × activation",
    )
    for expected in told:
        assert expected in page
    assert all(escape(each.title) in page for each in measures() if each.name != "shapley:closeness")


# Samples that were chosen on Embed


def choice(task: str, rows: range) -> str:
    ids = cache.sweep(cache.library().find(task, "dropout")).ids
    text = chosen.written(rows, ids)
    assert text is not None
    return text


@pytest.mark.parametrize("task", ANSWERS)
def test_the_measures_and_contradictions_are_taken_over_the_chosen_samples(task: str) -> None:
    wanted = choice(task, range(10))
    for section in ("measures", "clashes", "samples"):
        app = opened(section, task, chosen=wanted)
        healthy(app)
        assert f"**10 of {FEWER.get(task, SAMPLES)} test samples**" in said(app)
    pills = [option.content for group in app.get("button_group") for option in group.proto.options]
    assert "All · 10" in pills, "the counts are those of the chosen samples, too"
    table = html(opened(task=task, chosen=wanted))
    assert "on 10 samples" in table
    assert f"on {SAMPLES} samples" not in table


def test_too_few_chosen_samples_are_said() -> None:
    app = opened(chosen=choice("digits", range(3)))
    assert not app.exception
    assert "Fewer than 8 of the selected samples" in sentences(app)


def test_chosen_samples_of_one_class_cannot_contradict_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_cache, "samples", lambda name: imputation.shipped(name, 16).at([0] * 16))
    app = opened("clashes", chosen=choice("digits", range(1)))
    assert not app.exception
    assert "too similar for a cue conflict" in sentences(app)
    assert "Select more varied samples" in sentences(app)


def test_a_section_that_no_choice_reaches_says_so() -> None:
    assert "do not affect this section" in said(opened("learning", chosen=choice("digits", range(10))))
    assert "do not affect this section" not in said(opened("learning"))


# All measures


def test_every_measure_stands_in_the_table_with_its_question_and_source() -> None:
    app = opened()
    table = html(app)
    for measure in measures():
        if measure.name != "shapley:closeness":  # of numbers
            assert escape(measure.title) in table
            assert escape(measure.question) in table
            assert escape(measure.source) in said(app)


def test_a_picked_number_opens_its_arithmetic() -> None:
    app = opened(number="shapley:right~image")
    healthy(app)
    assert "Shapley value, of right answers: Image = " in said(app).replace("\\", "")
    steps = html(app)
    assert "gain × weight" in steps
    assert steps.count("0.3333") == 2, "the weights of the first and of the last to arrive"
    opened(number="luck~image")
    for column in ("synergy", "interaction", "both"):  # the last in addresses of version 0.1
        pair = opened(number=f"image+sound~{column}")
        healthy(pair)
        assert ": Image and Sound = " in said(pair).replace("\\", "")


def test_the_rule_for_what_is_absent_changes_the_numbers() -> None:
    assert boards(opened()) != boards(opened(absent="donor"))
    assert "the same input of another sample" in said(opened(absent="donor"))


# Sample by sample


def test_samples_are_filtered_and_lead_to_the_other_pages() -> None:
    gallery = TASKS["digits"]().gallery()
    app = opened("samples", sample=gallery[0])
    healthy(app)
    labels = [link.proto.label for link in app.get("page_link")]
    assert [label for label in labels if label.startswith("Open ")] == [
        "Open on the Bench",
        "Open in Explain",
        "Open in Embed",
    ]
    counts = {name: int(re.sub(r"\D", "", label)) for name, label in kinds(app).items()}
    assert counts["All"] == SAMPLES == sum(value for name, value in counts.items() if name != "All")
    busiest = max((name for name in counts if name != "All"), key=counts.__getitem__)
    filtered = opened("samples", kind=busiest.lower())
    assert f"{counts[busiest]:,} samples." in said(filtered)


def test_the_list_of_samples_is_a_file_with_what_is_right_and_readable_names() -> None:
    reference, task = cache.library().find("digits", "dropout"), cache.task("digits")
    found, values = result_cache.lattice(reference), result_cache.values(reference, "right")
    shares, worth = shapley(values), payoffs(task.info.output)[0]
    text = sample_download.as_csv(task, "A <model>", found, shares, sample_kinds(shares), [3, 1], worth)
    note, *lines = text.splitlines()
    assert note.startswith(f"# {task.title}, A <model>. Payoff: right answers")
    first = next(csv.DictReader(lines))
    assert first["sample"] == found.ids[3]
    assert first["right answer"] == task.info.output.in_words(found.target[3])
    assert float(first["Shapley value of Image"]) == pytest.approx(shares[0, 3], abs=1e-5)
    assert first["unit"] == "share of 1"
    assert "These samples (CSV)" in [each.proto.label for each in opened("samples").get("download_button")]


def kinds(app: AppTest) -> dict[str, str]:
    group = next(group for group in app.get("button_group") if group.key == "dominance.kind")
    labels = [option.content for option in group.proto.options]
    return {label.split(" · ")[0]: label.split(" · ")[1] for label in labels}


# While it learned


def test_the_training_opens_on_the_epoch_that_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    entry_of = library_entries.entry_of
    kept = {"best_epoch": 1}
    monkeypatch.setattr(
        library_entries, "entry_of", lambda one: replace(entry_of(one), card={**entry_of(one).card, **kept})
    )
    app = opened("learning")
    assert "The score of every combination in epoch 2" in boards(app)
    assert "This is the epoch that was kept." in said(app)
    assert "The model that was kept is that of epoch 2." in said(opened("learning", epoch="4"))


def test_the_slider_moves_the_lattice_and_the_maps() -> None:
    first, last = opened("learning", epoch="1"), opened("learning", epoch="4")
    assert "The score of every combination in epoch 1" in boards(first)
    assert "The score of every combination in epoch 4" in boards(last)
    assert ">46 %<" in boards(first), "everything: 0.4 + 6 x 0.01"
    assert ">76 %<" in boards(last)
    assert re.search(r'data-pick="1" aria-pressed="true"', boards(first))
    assert re.search(r'data-pick="4" aria-pressed="true"', boards(last))
    assert html(first).count("<figure>") == 3
    assert html(first) != html(last)


def test_a_box_of_the_lattice_is_followed() -> None:
    app = opened("learning", epoch="2", node="sound")
    assert "Sound: 51 % in epoch 2, +10.0 points against the epoch before; highest in epoch 4 (71 %)." in said(app)
    healthy(opened("learning", node="luck"))


def test_without_snapshots_one_sentence_says_so(models: Path) -> None:
    kept_file = next(models.glob(f"digits/dropout/*/{SNAPSHOTS}"))
    content = kept_file.read_bytes()
    kept_file.unlink()
    app = opened("learning")
    kept_file.write_bytes(content)
    healthy(app)
    assert "No snapshots were stored" in said(app)
    assert "<figure>" not in html(app)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 nothing"])
def test_damaged_snapshots_hide_nothing_else(content: bytes, models: Path) -> None:
    kept_file = next(models.glob(f"digits/dropout/*/{SNAPSHOTS}"))
    good = kept_file.read_bytes()
    kept_file.write_bytes(content)
    app = opened("learning")
    kept_file.write_bytes(good)
    healthy(app)
    assert "The snapshots of this training are damaged" in said(app)
    assert "The score of every combination" in boards(app)


def test_a_log_of_somebody_else_is_shown() -> None:
    app = opened("logs")
    rows = [line(TASKS["digits"](), epoch) for epoch in range(3)]
    app.file_uploader[0].upload("run.jsonl", "\n".join(map(json.dumps, rows)).encode(), "application/jsonl").run()
    healthy(app)
    assert "3 epochs, 3 inputs" in said(app)
    assert "The score of every combination in epoch 3" in boards(app)
    app.file_uploader[0].upload("bad.jsonl", b"[1, 2]", "application/jsonl").run()
    assert not app.exception
    assert any("not a JSON object" in each.value for each in (*app.error, *app.warning, *app.info))


# Can the map be believed?


def test_the_light_and_its_checks_are_shown() -> None:
    app = opened("maps")
    healthy(app)
    assert html(app).count('class="mm-check"') == 4
    app.toggle(key="dominance.rote").set_value(True).run()
    healthy(app)
    assert html(app).count('class="mm-check"') == 5
    assert "Label randomisation" in html(app)


def test_a_badge_beside_the_maps_of_explain_says_whether_they_were_checked() -> None:
    app = app_at("explain")
    for name, value in {"task": "digits", "methods": "dropout", "lattice": "dropout"}.items():
        app.query_params[name] = value
    app.run()
    assert "Not checked yet whether this map can be believed." in html(app)
    app.button(key="map_check.ask").click().run()
    healthy(app)
    assert re.search(r"[0-5] hold, [0-5] fail", html(app))
    assert "Not checked yet" not in html(app)
    assert "See the tests" in [link.proto.label for link in app.get("page_link")]


def test_nothing_switched_on_says_what_to_do() -> None:
    app = opened("maps", on="none")
    assert not app.exception
    assert any("Switch at least one on" in each.value for each in (*app.error, *app.warning, *app.info))


@pytest.mark.parametrize("way", ["gradcam++", "hirescam", "gradient_input", "integrated", "occlusion"])
def test_explain_and_dominance_make_maps_in_the_chosen_way(way: str) -> None:
    for page, section in (("explain", ""), ("dominance", "maps")):
        app = app_at(page)
        chosen = {"aspect": section, "task": "digits", "methods": "dropout", "lattice": "dropout", "explainer": way}
        for name, value in chosen.items():
            app.query_params[name] = value
        app.run()
        healthy(app)
        assert find(way).title in said(app) + html(app)


def test_a_way_that_does_not_fit_says_which_does() -> None:
    app = opened("maps", "opinion", explainer="integrated")
    assert not app.exception
    assert any("made of words" in each.value for each in (*app.error, *app.warning, *app.info))


# What cannot be shown


def test_without_a_model_the_rest_is_still_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path / "none"))
    app = opened("measures")
    assert not app.exception
    assert "python -m mmlab train --task digits" in said(app)
    healthy(opened("logs"))


def test_letters_of_a_log_are_never_the_same() -> None:
    names = Names.of_log(("sound", "speech", "s", "shape_2", "ss", "hue"))
    assert len(set(names.letters.values())) == 6
    assert names.label("sound-shape_2") == "Sound + Shape 2"
