"""Views of a trained model in a notebook: they draw themselves, with the numbers of the app; the notebooks run."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmlab
from mmlab.analysis import expected_score
from mmlab.analysis.embedding import map_file
from mmlab.analysis.robustness.per_sample_scores import grade
from mmlab.core.errors import UnknownName, Unsupported
from mmlab.notebook.trained_model import TrainedModel
from mmlab.storage import report_file, sweep_file
from mmlab.storage.library import SHIPPED

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
FOLDER = SHIPPED / "watch" / "dmrnet" / "seed0"


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MMLAB_CHECKPOINTS", str(SHIPPED))
        return mmlab.load("watch", "dmrnet")


def test_the_lattice_holds_what_predict_answers(model: TrainedModel) -> None:
    sample = model.task.gallery()[3]
    shown = model.lattice(sample)
    answers = model.predict(model.task.example(sample).raw)
    assert {key: each["answer"] for key, each in shown.numbers.items()} == {k: v.answer for k, v in answers.items()}
    assert model.lattice(3).numbers == model.lattice(model.task.example(sample).raw).numbers == shown.numbers
    assert answers["accelerometer-gyroscope"].answer in shown._repr_html_()
    with pytest.raises(UnknownName, match="There is no sample 'nobody'"):
        model.lattice("nobody")


def test_robustness_has_the_scores_of_the_page(model: TrainedModel) -> None:
    digest = report_file.read(FOLDER)["digest"]
    graded = grade(sweep_file.read(FOLDER, digest), model.task.info.output).measures["accuracy"]
    numbers = model.robustness().numbers
    assert list(numbers["scores"].values()) == graded.scores[1:].tolist()
    assert numbers["intervals"]["gyroscope"] == pytest.approx(graded.intervals[2].tolist(), nan_ok=True)
    assert numbers["expected"][0.25] == pytest.approx(expected_score(graded.scores, [0.25, 0.25]))
    curve = model.robustness().figure.data[0]
    np.testing.assert_allclose(curve.y, list(numbers["expected"].values()))


def test_the_embedding_is_the_map_of_the_page(model: TrainedModel) -> None:
    made = map_file.read_map(FOLDER, model.digest).projection.points
    shown = model.embedding()
    np.testing.assert_allclose(shown.numbers["points"], made)
    figure = shown.figure
    visible = [trace for trace in figure.data if trace.visible]
    assert sum(len(trace.x) for trace in visible) == made.shape[1]
    assert [button.label for button in figure.layout.updatemenus[0].buttons][-1] == "Accelerometer + Gyroscope"
    assert shown.html.count("<circle") == made.shape[1]


def test_what_it_looks_at_is_what_the_explainer_says(model: TrainedModel) -> None:
    from mmlab.analysis.attribution.registry import find

    inputs = model.prepare(model.task.example(model.task.gallery()[0]).raw)
    combinations = tuple(model.combinations(inputs))
    shown = model.explain(0)
    wanted = find("gradcam").run(model.method, inputs, combinations, shown.numbers["target"])
    assert shown.numbers["net"] == wanted.net
    assert shown.numbers["score"] == wanted.score
    assert "<button" not in shown._repr_html_(), "nothing can be picked in a notebook"


@pytest.mark.slow
def test_dominance_is_what_the_command_says(model: TrainedModel, capfd: pytest.CaptureFixture[str]) -> None:
    from mmlab.cli.app import main

    shown = model.dominance()
    words = ["dominance", "--task", "watch", "--method", "dmrnet", "--json", "--checkpoints", str(SHIPPED)]
    assert main(words) == 0
    said = json.loads(capfd.readouterr().out)
    assert json.loads(json.dumps(shown.numbers)) == {name: each for name, each in said.items() if name != "model"}
    assert "Shapley" in shown.html
    with pytest.raises(Unsupported, match="is no Plotly figure"):
        _ = shown.figure


def test_a_view_is_saved_as_a_page_of_its_own_in_the_readers_colours(model: TrainedModel, tmp_path: Path) -> None:
    model.lattice(0).save(tmp_path / "view.html")
    text = (tmp_path / "view.html").read_text()
    assert "color-scheme: light dark" in text
    assert not re.search(r"https?://(?!www\.w3\.org)|<script", text)
    assert 'role="button"' not in text, "nothing can be picked in a still view"


@pytest.mark.slow
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs_from_top_to_bottom(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell in order in one namespace; what a cell ends with must be able to show itself."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(SHIPPED))
    monkeypatch.setenv("MMLAB_MODELS", "")
    names: dict[str, Any] = {"__name__": "__main__"}
    drawn = 0
    cells = json.loads(file.read_text("utf-8"))["cells"]
    for number, cell in enumerate(each for each in cells if each["cell_type"] == "code"):
        assert cell["outputs"] == [], "notebooks are kept without what they print"
        *body, last = ast.parse("".join(cell["source"])).body
        place = f"{file.name}[{number}]"
        value = None
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(body, []), place, "exec"), names)
            value = eval(compile(ast.Expression(last.value), place, "eval"), names)
        else:
            exec(compile(ast.Module([*body, last], []), place, "exec"), names)
        if hasattr(value, "_repr_html_"):
            assert re.search("<(svg|table|img)", value._repr_html_()), place
            drawn += 1
    assert drawn >= 2
