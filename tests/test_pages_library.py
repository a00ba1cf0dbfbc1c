"""Compare, Train and Library as a person uses them: open, choose, click, read what is shown."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mmlab.core.method import METHODS
from mmlab.experiments import model_archive, train_job
from mmlab.experiments.background.manager import Run, TrainingQueue
from mmlab.experiments.background.requested_job import job_of
from mmlab.experiments.background.run_files import ORDER, STATUS, TrainRequest
from mmlab.storage import sweep_file
from mmlab.storage.checkpoints import MODEL, PROGRESS, REPORT
from mmlab.storage.file_lock import lock
from mmlab.storage.library import ALIVE, Library
from mmlab.ui.pages.train import page as train_page
from mmlab.ui.pages.train import progress
from mmlab.ui.session import cache, comparison_cache
from tests.apps import app_at
from tests.library import untrained
from tests.test_bundle import answers
from tests.test_reports import KEYS, put, report

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of our own, and nothing kept from the test before."""
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path))
    monkeypatch.delenv("MMLAB_DATA", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    return tmp_path


@pytest.fixture
def measured(root: Path) -> Path:
    """Reports of two methods with two seeds; one of them has a model and stored answers as well."""
    folder = Path(untrained(root, "digits", "dropout")[0].path)
    digest = hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
    sweep_file.write(folder, answers(digest))
    (folder / REPORT).write_text(json.dumps({**report(0, 0.8, ("built-in", "real")), "digest": digest}))
    put(root, "dropout", "seed1", report(1, 0.8))
    for seed in (0, 1):
        put(root, "dmrnet", f"seed{seed}", report(seed, {key: 0.5 + 0.05 * i for i, key in enumerate(KEYS)}))
    return root


def opened(page: str, **address: str) -> AppTest:
    app = app_at(page, 60)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def said(app: AppTest) -> str:
    parts = (*app.warning, *app.info, *app.error, *app.success, *app.caption)
    return " ".join(element.value for element in parts)


def table(app: AppTest) -> str:
    """The table of Compare."""
    return next((each.proto.body for each in app.get("html") if "mm-scores" in each.proto.body), "")


def board(app: AppTest) -> str:
    """The heat map, from what was sent to its component."""
    return " ".join(str(element.proto) for element in app.get("bidi_component"))


@pytest.mark.parametrize("page", ["compare", "train", "library"])
def test_an_empty_library_is_a_sentence_with_a_command(page: str, root: Path) -> None:
    app = opened(page)
    assert not app.exception
    assert not app.error
    if page != "train":
        assert "python -m mmlab" in said(app)


def test_compare_shows_a_cell_per_method_and_combination(measured: Path) -> None:
    app = opened("compare")
    assert not app.exception
    assert not app.error, said(app)
    assert all(f"dmrnet:{key}" in board(app) for key in KEYS)
    assert len(app.get("plotly_chart")) == 1
    assert "seed0 alone" in said(app)  # the confusion matrix of dropout, which leads on the mean
    assert re.findall(r'<th scope="row">([^<]*)<', table(app)) == ["Modality dropout", "DMRNet"]
    assert 'data-label="Difference to Modality dropout">−15.0' in table(app)
    assert "Mean ± SD ▾" in table(app)
    assert "Image ▾" in table(opened("compare", by="image")), "what is sorted by is a column"


def test_compare_stands_in_the_address(measured: Path) -> None:
    app = opened("compare", metric="f1", by="image-sound-pen", values="differences", cell="dmrnet:sound")
    assert not app.error, said(app)
    assert app.selectbox(key="compare.metric").value == "f1"
    assert app.selectbox(key="compare.of").value == "dmrnet"
    assert app.selectbox(key="compare.with").value == "sound"
    assert "No stored answers" in said(app)
    app.selectbox(key="compare.by").set_value("worst").run()
    assert app.query_params["by"] == "worst"
    app.selectbox(key="compare.with").set_value("pen").run()
    assert app.query_params["cell"] == "dmrnet:pen"
    app.selectbox(key="compare.baseline").set_value("dmrnet").run()
    assert "Difference to DMRNet" in [each.value for each in app.subheader]


def test_compare_by_another_source_and_without_a_ladder(measured: Path) -> None:
    app = opened("compare", source="real")
    assert "Real recordings" in said(app)
    assert "built-in samples only" in said(app)
    app = opened("compare", ladder="gmd")
    assert "has not been trained yet" in said(app)
    assert "--ladder gmd" in said(app)
    app.selectbox(key="compare.ladder").set_value("").run()
    assert table(app)


def test_a_choice_that_does_not_exist_is_said_and_not_followed(measured: Path) -> None:
    app = opened("compare", metric="beauty", cell="nobody:nothing", by="taste", ladder="none")
    assert not app.exception
    assert not app.error
    assert "there is no 'beauty'" in said(app)
    assert table(app)


def test_a_damaged_report_and_damaged_answers_are_named(measured: Path) -> None:
    put(measured, "dmrnet", "seed2", "{")
    (measured / "digits" / "dropout" / "seed0" / "sweep.npz").write_bytes(b"PK")
    app = opened("compare", cell="dropout:sound")
    assert "seed2" in said(app)
    assert "sweep" in said(app)
    assert table(app)


@pytest.mark.parametrize("method", list(METHODS))
def test_the_form_is_made_from_the_options(method: str, root: Path) -> None:
    app = opened("train")
    app.selectbox(key="train.digits.method").set_value(method).run()
    assert not app.exception
    assert not app.error
    assert f"--method {method} --seed 0 --tag seed0" in app.code[0].value


def test_a_changed_setting_is_in_the_order_and_in_the_name(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[TrainRequest] = []
    monkeypatch.setattr(
        train_page.TrainingQueue, "start", lambda self, order: asked.append(order) or self.find("", "", "")
    )
    app = opened("train")
    app.number_input(key="train.digits.dmrnet.alpha").set_value(0.5)
    app.toggle(key="train.digits.dmrnet.probabilistic").set_value(False)
    app.number_input(key="train.digits.dmrnet.plan.epochs").set_value(3)
    app.number_input(key="train.seed").set_value(2).run()
    app.button(key="train.start").click().run()
    config = {"probabilistic": False, "alpha": 0.5}
    assert asked == [
        TrainRequest("digits", "dmrnet", config, {"epochs": 3}, 2, "probabilistic-False-alpha-0.5-epochs-3-seed2")
    ]
    app.text_input(key="train.name").set_value("seed2")
    app.button(key="train.start").click().run()
    assert len(asked) == 1
    assert "default settings" in said(app)


def test_a_stopped_run_shows_its_curves_and_can_be_discarded(root: Path) -> None:
    order = TrainRequest("digits", "dmrnet", {}, {"epochs": 4}, 0, "mine")
    trainings = TrainingQueue(Library(root))
    home, folder = trainings.home("digits", "dmrnet", "mine"), trainings.folder(order)
    home.mkdir(parents=True)
    folder.mkdir(parents=True)
    (home / ORDER).write_text(json.dumps(vars(order)))
    (home / STATUS).write_text(json.dumps({"state": "failed", "message": "It broke.", "hint": "Mend it.", "asked": 1}))
    metrics = {key: {"accuracy": 0.5} for key in KEYS}
    rows = [{"epoch": i, "epochs": 4, "seconds": 2.0, "losses": {"task": 1.0}, "metrics": metrics} for i in range(2)]
    (folder / "progress.jsonl").write_text("\n".join(map(json.dumps, rows)))
    app = opened("train", run="digits/dmrnet/mine")
    assert not app.error
    assert "It broke" in said(app)
    assert len(app.get("plotly_chart")) == 2
    app.button(key="train.discard").click().run()
    assert not folder.exists()
    assert "None yet" in said(app)


def test_a_run_that_reads_its_samples_says_how_far_it_is(root: Path) -> None:
    order = TrainRequest("digits", "mmanet", {}, {}, 0, "mine")
    home = TrainingQueue(Library(root)).home("digits", "mmanet", "mine")
    home.mkdir(parents=True)
    (home / ORDER).write_text(json.dumps(vars(order)))
    reading = {"reading": "Reading the test samples", "share": 0.4}
    (home / STATUS).write_text(json.dumps({"state": "running", "asked": 1, **reading}))
    held = lock(home / ALIVE)
    assert held is not None
    app = opened("train", run="digits/mmanet/mine")
    os.close(held)
    shown = [each.proto.text for each in app.get("progress")]
    assert shown == ["Reading the test samples: 40 %. Once only: they are kept"]


def test_library_shows_cards_and_deletes_when_asked_twice(measured: Path) -> None:
    app = opened("library", run="digits/dropout/seed0")
    assert not app.exception
    assert not app.error, said(app)
    assert any("Modality dropout" in each.label and "80.0" in each.label for each in app.expander)
    assert any(each.label.startswith("In memory: ") for each in app.expander)
    assert any("MB free." in each.value for each in app.caption)
    html = " ".join(element.proto.body for element in app.get("html"))
    assert "Real recordings" in html
    assert "the defaults" in html
    app.button(key="library.delete.digits/dropout/seed0").click().run()
    assert not (measured / "digits" / "dropout" / "seed0").exists()
    assert "is deleted" in said(app)


def test_library_names_what_is_damaged(root: Path) -> None:
    reference = untrained(root, "digits", "joint", "dropout")[0]
    (Path(reference.path) / MODEL).write_bytes(b"no model")
    app = opened("library")
    assert not app.error
    assert "damaged" in said(app)
    assert any("Modality dropout" in each.label for each in app.expander)
    app.button(key="library.remove.digits/joint/seed0").click().run()
    assert not Path(reference.path).exists()


def test_a_training_that_was_stopped_early_is_no_broken_model(root: Path) -> None:
    (root / "digits" / "joint" / "mine").mkdir(parents=True)
    assert cache.unfinished("digits") == ("digits/joint/mine",)
    (root / ".runs" / "digits" / "joint" / "mine").mkdir(parents=True)
    assert cache.unfinished("digits") == ()


def test_library_imports_a_file_and_asks_before_it_replaces(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    untrained(elsewhere, "digits", "joint")
    content = model_archive.export(Library(elsewhere), "digits", "joint", "seed0")
    app = opened("library")
    app.file_uploader(key="library.file").upload("model.zip", content, "application/zip").run()
    app.button(key="library.import").click().run()
    assert (root / "digits" / "joint" / "seed0" / MODEL).is_file()
    assert "is in the library" in said(app)
    app.button(key="library.import").click().run()
    assert "already" in said(app)
    app.text_input(key="library.name").set_value("second")
    app.button(key="library.import").click().run()
    assert (root / "digits" / "joint" / "second" / MODEL).is_file()
    app.file_uploader(key="library.file").upload("model.zip", content[:500], "application/zip").run()
    app.button(key="library.import").click().run()
    assert "damaged" in said(app)


def test_a_run_whose_weights_are_elsewhere_is_counted_and_not_complained_about(measured: Path) -> None:
    app = opened("library")
    assert not app.exception
    assert "holds no model" not in said(app)
    assert any("1 model here · 2 seeds measured" in expander.label for expander in app.expander)


@pytest.mark.parametrize("plan", [{}, {"epochs": 7}], ids=["usual", "another"])
def test_the_teacher_is_looked_for_where_the_job_puts_it(plan: dict[str, int], root: Path) -> None:
    request, library = TrainRequest("digits", "mmanet", {}, plan, 3, "pupil"), Library(root)
    teacher = train_job.teacher_of(job_of(request), "joint")
    folder = library.folder("digits", "joint", teacher.folder)
    folder.mkdir(parents=True)
    (folder / PROGRESS).write_text('{"epoch": 1, "epochs": 7}\n')
    title, rows = progress._teacher(TrainingQueue(library), Run(request, "running", "", "", 0.0))
    assert (title, [row["epoch"] for row in rows]) == (METHODS["joint"].title, [1])
    assert folder.name.startswith("teacher-") == bool(plan)
    (folder / MODEL).touch()
    assert progress._teacher(TrainingQueue(library), Run(request, "running", "", "", 0.0)) is None


def test_a_card_without_a_training_time_is_shown(root: Path) -> None:
    untrained(root, "digits", "dropout", training_seconds=None)
    app = opened("library")
    assert not app.exception


def test_a_run_of_ones_own_is_opened_where_its_link_says(root: Path) -> None:
    untrained(root, "digits", "joint", "dropout")
    (root / "digits" / "joint" / "mine").mkdir()
    for file in (root / "digits" / "joint" / "seed0").iterdir():
        (root / "digits" / "joint" / "mine" / file.name).write_bytes(file.read_bytes())
    links = {link.proto.query_string for link in opened("library", run="digits/joint/mine").get("page_link")}
    assert "task=digits&methods=joint&runs=joint%3Amine" in links

    app = opened("predict", task="digits", methods="joint.dropout", runs="joint:mine")
    assert not app.exception
    picked = next(group for group in app.get("button_group") if group.key == "methods")
    labels = [option.content for option in picked.proto.options]
    assert labels == ["Joint training · mine", "Modality dropout"]
    app.selectbox(key="run.joint").select("seed0").run()
    assert "runs" not in app.query_params
    app.selectbox(key="run.joint").select("mine").run()
    assert app.query_params["runs"] in ("joint:mine", ["joint:mine"])
    assert "There is no run" in said(opened("predict", task="digits", runs="joint:gone"))


def test_the_page_of_all_tasks_says_the_numbers_of_compare_and_over_which_seeds(measured: Path) -> None:
    (measured / "digits" / "dropout" / "seed1" / REPORT).write_text(json.dumps(report(1, 0.6)))
    html = " ".join(element.proto.body for element in opened("overview").get("html"))
    assert "Modality dropout <span class='mm-muted'>2 seeds</span>" in html
    assert "70.0 %" in html, "the mean of 80 and 60"
    found = comparison_cache.comparison("digits", "", "built-in", "dropout", "", comparison_cache.stamp("digits"))
    assert next(row.mean for row in found.rows if row.name == "dropout") == pytest.approx(0.7)
