"""The lattice that reacts to clicks: its answers, its switches, and what is shown where there is no anywidget."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

import mmlab
from mmlab.core.errors import MissingExtra, Unsupported
from mmlab.notebook import shown
from mmlab.notebook.shown import Shown
from mmlab.notebook.trained_model import TrainedModel
from mmlab.storage.library import SHIPPED
from tests.browser_app import CHROMIUM, FLAGS

HERE = Path(shown.__file__).parent
PAGE = """<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><div id="place"></div>
<style>{css}</style><script type="module">
{esm}
const values = {values}, heard = {{}};
window.model = {{
  saved: 0,
  get: (name) => values[name],
  set: (name, value) => {{ values[name] = value; (heard[`change:${{name}}`] || []).forEach((call) => call()); }},
  save_changes: () => {{ window.model.saved += 1; }},
  on: (name, call) => (heard[name] ||= []).push(call),
  off: (name, call) => {{ heard[name] = heard[name].filter((other) => other !== call); }},
  heard,
}};
window.end = widget.render({{ model: window.model, el: document.getElementById("place") }});
</script>"""
STATE: dict[str, Any] = {
    "title": "A model: every combination of <sample 3>",
    "note": "Answers of it.",
    "inputs": [
        {"name": "image", "label": "Image", "letter": "I", "colour": "#0072b2"},
        {"name": "sound", "label": "Sound", "letter": "S", "colour": "#d55e00"},
    ],
    "answers": {
        "image": {"answer": "7", "sure": "90 %", "bars": [["7", 0.9, "90 %"], ["1", 0.1, "10 %"]]},
        "sound": {"answer": "<b>1</b>", "sure": "60 %", "bars": [["<b>1</b>", 0.6, "60 %"]]},
        "image-sound": {"answer": "7", "sure": "99 %", "bars": [["7", 0.99, "99 %"]]},
    },
    "present": ["image", "sound"],
}


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MMLAB_CHECKPOINTS", str(SHIPPED))
        return mmlab.load("watch", "dmrnet")


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(shown, "find_spec", lambda name: None if name == package else real(name))


def test_without_anywidget_the_drawing_stands_in(model: TrainedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "anywidget")
    view = model.lattice(0)
    assert view._repr_mimebundle_() == {}, "a notebook then takes what _repr_html_ draws"
    assert "<svg" in view._repr_html_()
    with pytest.raises(MissingExtra, match=r"mmlab\[notebook\]"):
        _ = view.widget


def test_a_view_that_has_none_says_so() -> None:
    with pytest.raises(Unsupported, match="is no widget"):
        _ = Shown("Something", "<p></p>", {}).widget


def test_the_widget_holds_what_predict_answers_and_its_inputs_can_be_switched_from_python(model: TrainedModel) -> None:
    pytest.importorskip("anywidget", reason="the extra [notebook] is not installed")
    import traitlets

    view = model.lattice(0)
    widget = view.widget
    assert view.widget is widget, "a second look shows the same switches"
    answers = model.predict(model.task.example(model.task.gallery()[0]).raw)
    assert {key: each["answer"] for key, each in widget.answers.items()} == {k: v.answer for k, v in answers.items()}
    shares = [share for _, share, _ in widget.answers["gyroscope"]["bars"]]
    assert shares == sorted(answers["gyroscope"].probabilities.values(), reverse=True)[: len(shares)]
    assert widget.key == "accelerometer-gyroscope"
    seen: list[Any] = []
    widget.observe(lambda change: seen.append(change["new"]), "present")
    widget.present = ["gyroscope"]
    widget.present = ["gyroscope", "accelerometer"]
    assert seen == [["gyroscope"], ["accelerometer", "gyroscope"]], "in the order of the task"
    for wrong in ([], ["thermometer"]):
        with pytest.raises(traitlets.TraitError, match="One or more of accelerometer, gyroscope"):
            widget.present = wrong


def test_a_notebook_gets_the_widget_and_keeps_the_drawing_beside_it(model: TrainedModel) -> None:
    pytest.importorskip("anywidget", reason="the extra [notebook] is not installed")
    formatters = pytest.importorskip("IPython.core.formatters", reason="the extra [notebook] is not installed")
    view = model.lattice(0)
    data, _ = formatters.DisplayFormatter().format(view)
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == view.widget.model_id
    assert "<svg" in data["text/html"]


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: apt-get install chromium")
def test_the_switches_and_the_lattice_show_the_answer_of_what_is_on(model: TrainedModel, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    drawing = model.lattice(0).html.replace("accelerometer", "image").replace("gyroscope", "sound")
    esm = (HERE / "lattice_widget.js").read_text("utf-8").replace("export default", "const widget =")
    css = (HERE / "lattice_widget.css").read_text("utf-8")
    (tmp_path / "page.html").write_text(PAGE.format(css=css, esm=esm, values=json.dumps(STATE | {"svg": drawing})))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto((tmp_path / "page.html").as_uri())
        image, sound = page.get_by_role("switch", name="Image"), page.get_by_role("switch", name="Sound")
        said, node = page.get_by_role("status"), page.locator('[data-pick="image-sound"]')
        assert said.inner_text().split() == ["7", "99", "%", "7", "99", "%"]
        assert node.get_attribute("aria-pressed") == "true"
        image.click()
        assert (image.get_attribute("aria-checked"), sound.get_attribute("aria-checked")) == ("false", "true")
        assert said.locator("b").first.inner_text() == "<b>1</b>", "an answer is text and no markup"
        assert page.evaluate("[model.get('present'), model.saved]") == [["sound"], 1]
        sound.click()
        assert page.evaluate("[model.get('present'), model.saved]") == [["sound"], 1], "the last input stays on"
        node.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("model.get('present')") == ["image", "sound"]
        page.evaluate("model.set('present', ['image'])")  # from Python
        assert said.locator("b").first.inner_text() == "7"
        assert page.locator('[data-pick="image"]').get_attribute("aria-pressed") == "true"
        page.evaluate("end()")
        assert page.evaluate("model.heard['change:present'].length") == 0
        assert faults == []
        browser.close()
