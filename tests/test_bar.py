"""The bar on top of the pages: the same controls everywhere, and what a choice on one page means on the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.apps import address, app_at, healthy, show_library
from tests.library import measured

THERE = ("joint", "ensemble", "dropout", "dmrnet", "gmd")
ABOUT_ONE_MODEL = ("explain", "embed", "robustness", "imputation", "trust", "report", "dominance")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    measured(root, "digits", *THERE, samples=12)
    measured(root, "digits", "joint", samples=12, seed=3)
    return root


@pytest.fixture(autouse=True)
def library(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    show_library(monkeypatch, models)


def opened(page: str, **view: str) -> AppTest:
    app = app_at(page, **{"task": "digits", **view}).run()
    healthy(app)
    return app


def models_of(app: AppTest) -> str:
    """What the button says behind which the models are chosen."""
    labels = [each.proto.popover.label.replace("\\", "") for each in app.get("popover")]
    return next(label for label in labels if label.startswith("Models: "))


@pytest.mark.parametrize("page", [*ABOUT_ONE_MODEL, "predict", "compare", "models", "methods", "train", "library"])
def test_every_page_opens_with_the_same_task_and_models(page: str) -> None:
    app = opened(page, sample="test-0001")
    assert app.selectbox(key="task").value == "digits"
    assert models_of(app) == "Models: Joint training, Modality dropout"


@pytest.mark.parametrize("page", ABOUT_ONE_MODEL)
def test_a_page_about_one_model_shows_that_of_the_address(page: str) -> None:
    app = opened(page, sample="test-0001", methods="joint.gmd", lattice="gmd")
    assert app.selectbox(key="shown.method").value == "gmd"


def test_a_model_that_is_shown_is_one_of_the_chosen_ones_on_all_pages() -> None:
    app = opened("dominance", methods="joint.dropout")
    app.selectbox(key="shown.method").set_value("gmd").run()
    healthy(app)
    assert address(app, "methods") == "joint.dropout.gmd"
    assert address(app, "lattice") == "gmd"
    assert models_of(opened("predict", sample="test-0001", lattice="gmd")) == "Models: Joint training, GMD + DS"


def test_a_fifth_model_takes_the_place_of_the_one_that_was_shown_and_the_page_says_so() -> None:
    app = opened("dominance", methods="joint.dropout.dmrnet.gmd", lattice="dropout")
    app.selectbox(key="shown.method").set_value("ensemble").run()
    healthy(app)
    assert address(app, "methods") == "joint.dmrnet.gmd.ensemble"
    assert "Ensemble takes the place of Modality dropout" in " ".join(each.value for each in app.toast)


def test_the_card_of_a_method_is_that_of_the_model_that_is_shown() -> None:
    app = opened("methods", methods="joint.dmrnet", lattice="dmrnet")
    assert app.selectbox(key="card").value == "dmrnet"
    app.selectbox(key="card").set_value("mmanet").run()
    healthy(app)
    assert address(app, "method") == "mmanet", "no model of it is trained: the card alone is shown"
    assert address(app, "lattice") == "dmrnet"


def test_the_run_of_the_bar_is_the_one_that_a_card_takes_along() -> None:
    view = {"methods": "joint", "runs": "joint:seed3"}
    assert models_of(opened("predict", sample="test-0001", **view)) == "Models: Joint training · seed3"
    assert opened("models", **view).selectbox(key="models.run.digits.joint").value == "seed3"
    assert opened("library", **view).selectbox(key="library.digits.joint").value == "digits/joint/seed3"
