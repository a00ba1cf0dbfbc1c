"""Static pages of trained models: made from the library, opened from a file without a server."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlab.analysis import expected_score
from mmlab.analysis.robustness.per_sample_scores import grade
from mmlab.cli.app import main
from mmlab.core.errors import DataError
from mmlab.core.task import TASKS
from mmlab.experiments import site_export
from mmlab.storage import report_file, sweep_file
from mmlab.storage.library import SHIPPED, Library
from tests.apps import app_at, healthy
from tests.browser_app import CHROMIUM, FLAGS

METHODS = ("joint", "gmd")
LARGEST = 5_000_000


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    library = Library(SHIPPED)
    return site_export.site_of([library.find("digits", name, "seed0") for name in METHODS], ask=False)


@pytest.fixture(scope="module")
def values(files: dict[str, bytes]) -> Any:
    return json.loads(files["data.js"].decode().removeprefix("window.mmlabSite = ").removesuffix(";\n"))


def scores(method: str) -> np.ndarray[Any, Any]:
    """By bit mask, as the Robustness page has them."""
    folder = SHIPPED / "digits" / method / "seed0"
    found = sweep_file.read(folder, report_file.read(folder)["digest"])
    return grade(found, TASKS["digits"]().info.output).measures["accuracy"].scores


def test_the_pages_hold_the_numbers_of_the_app_and_where_they_are_from(files: dict[str, bytes], values: Any) -> None:
    keys, info = values["keys"], TASKS["digits"]().info
    for method, model in zip(METHODS, values["models"], strict=True):
        masks = [sum(1 << info.modalities.names.index(name) for name in key.split("-")) for key in keys]
        np.testing.assert_allclose(model["scores"], scores(method)[masks])
        folder = SHIPPED / "digits" / method / "seed0"
        assert report_file.read(folder)["digest"] in files["index.html"].decode()
        assert f"numbers/{method}-seed0-dominance.csv" in files
    page = files["index.html"].decode()
    assert f"{100 * scores('joint')[7]:.1f} %" in page
    assert "Shapley" in page


def test_nothing_is_asked_of_another_place(files: dict[str, bytes]) -> None:
    for name in ("index.html", "site.js", "site.css"):
        text = files[name].decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|fetch\(|XMLHttpRequest|@import|type=.module", text), name
    named = re.findall(r'(?:src|href)="([^"#]+)"', files["index.html"].decode())
    assert set(named) <= set(files)


def test_all_models_of_the_digits_stay_small(files: dict[str, bytes]) -> None:
    methods = {each.method for each in Library(SHIPPED).references("digits")}
    assert sum(map(len, files.values())) / len(METHODS) * len(methods) < LARGEST


def test_what_a_person_named_is_text_and_not_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = TASKS["digits"]
    monkeypatch.setattr(kind, "title", "<script>alert(1)</script>")
    found = site_export.site_of([Library(SHIPPED).find("digits", "joint", "seed0")], ask=False)
    assert b"<script>alert" not in found["index.html"]


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DataError, match="not empty"):
        site_export.write(files, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(DataError, match="one task"):
        site_export.site_of([])


@pytest.mark.slow
def test_the_command_writes_a_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "pages"
    words = ["export", "--task", "watch", "--method", "joint", "--site", str(target), "--json"]
    assert main([*words, "--checkpoints", str(SHIPPED)]) == 0
    said = json.loads(capfd.readouterr().out)
    assert said["models"] == ["watch/joint/seed0"]
    assert said["bytes"] == sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    assert 'class="problem"' not in (target / "index.html").read_text(), "every measure has a number"


@pytest.mark.slow
def test_compare_offers_the_same_as_an_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(SHIPPED))
    app = app_at("compare", task="watch").run()
    healthy(app)
    assert app.multiselect(key="compare.site.watch").value
    from mmlab.ui.pages.compare import downloads

    packed = downloads._packed([Library(SHIPPED).find("watch", "joint", "seed0")], "mmlab-watch")
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert {"mmlab-watch/index.html", "mmlab-watch/data.js"} <= set(names)


@pytest.fixture(scope="module")
def page(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The folder, opened from the disk."""
    folder = tmp_path_factory.mktemp("site") / "pages"
    site_export.write(files, folder)
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        shown = browser.new_page(viewport={"width": 1000, "height": 900}, color_scheme="light")
        wrong: list[str] = []
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        shown.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        shown.goto((folder / "index.html").as_uri())
        yield shown
        assert wrong == []
        browser.close()


@pytest.mark.browser
def test_sliders_give_the_score_that_the_app_expects(page: Any) -> None:
    rates = (0.1, 0.55, 0.8)
    for slider, rate in zip(page.locator("[data-input]").all(), rates, strict=True):
        slider.fill(str(round(100 * rate)))
    for place, method in enumerate(METHODS):
        shown = float(page.locator(f"[data-expected='{place}']").get_attribute("data-value"))
        assert shown == pytest.approx(expected_score(scores(method), rates), abs=1e-9)
    for slider in page.locator("[data-input]").all():
        slider.fill("100")
    assert "No score can be expected" in page.inner_text("#failing")


@pytest.mark.browser
def test_a_combination_is_picked_with_mouse_and_keys_and_another_model_is_shown(page: Any) -> None:
    page.select_option("#model", "0")
    page.click("[data-model='0'] [data-pick='image-sound']")
    assert page.inner_text("#picked").startswith(f"Joint training, Image + Sound: {100 * scores('joint')[3]:.1f} %")
    page.keyboard.press("p")
    assert "Image + Sound + Pen" in page.inner_text("#picked")
    page.select_option("#model", "1")
    assert page.inner_text("#picked").startswith("GMD")
    assert page.locator("[data-model='0']").first.is_hidden()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_is_drawn_in_light_and_dark(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    inked = """() => { const { width, height } = document.getElementById("map");
      const ink = document.getElementById("map").getContext("2d").getImageData(0, 0, width, height).data;
      return ink.filter((value, place) => place % 4 === 3 && value).length }"""
    page.select_option("#shown", "0")
    assert page.evaluate(inked) > 2000
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 20, 27)"}[scheme]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
