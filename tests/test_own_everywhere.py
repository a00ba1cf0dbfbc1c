"""Registered models and files of answers on every page and through every command, beside the shipped ones."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
import torch

import mmlab
from mmlab.cli.app import main
from mmlab.core.errors import CheckpointError, TaskMismatch
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS
from mmlab.foreign.building import build
from mmlab.foreign.registration import read_file
from mmlab.inference.predictor import Model
from mmlab.storage import sweep_file
from mmlab.storage.checkpoints import MODEL
from mmlab.storage.library import Library
from mmlab.storage.measured import measured_folder
from mmlab.ui.bar.samples import OPEN
from mmlab.ui.session import cache
from tests.test_folder_everywhere import Visitor, said

ROOT = Path(__file__).resolve().parent.parent
Command = Callable[..., tuple[int, str, str]]
PAIR = """
import mmlab, torch
from tests.own_models import TwoBranch, drawn, seeded

WEIGHTS = {weights!r}
data = drawn(24, rgb=(3, 16, 16), depth=(1, 16, 16))

def build():
    net = seeded(TwoBranch)()
    with torch.no_grad():
        net.head.weight.add_(WEIGHTS)
    return net

mmlab.register("mine", build, inputs=["rgb", "depth"], classes=["cup", "hat", "pen"], data=data)
mmlab.register("other", seeded(TwoBranch), inputs=["rgb", "depth"], classes=["cup", "hat", "pen"], data=data)
"""
BESIDE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.act, self.head = {layer}, nn.Linear(8, 3)
        nn.init.constant_(self.head.weight, 0.1)
        nn.init.constant_(self.head.bias, 0.0)

    def forward(self, a, b):
        return self.head(self.act(torch.cat([a, b], 1)))
"""
REGISTERED = """
import mmlab
from tests.own_models import drawn

def build():
{build}

mmlab.register("beside", build, inputs=["a", "b"], classes=["cup", "hat", "pen"], data=drawn(12, a=(4,), b=(4,)))
"""
MANY = """
import mmlab, torch
from tests.own_models import TwoBranch, drawn, seeded

def build():
    net = seeded(TwoBranch)()
    net.head = torch.nn.Linear(16, 5000)
    torch.nn.init.constant_(net.head.weight, 0.1)
    torch.nn.init.constant_(net.head.bias, 0.1)
    return net

names = [f"class {i}" for i in range(5000)]
mmlab.register("many", build, inputs=["rgb", "depth"], classes=names, data=drawn(8, rgb=(3, 16, 16), depth=(1, 16, 16)))
"""
SHAPE = """
from tests.own_models import SHAPES
SHAPES[{name!r}]()
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No models, folders and caches but those of the test."""
    for name in ("MODELS", "FOLDERS"):
        monkeypatch.setenv(f"MMLAB_{name}", "")
    for name in ("CACHE", "CHECKPOINTS", "DATA"):
        monkeypatch.setenv(f"MMLAB_{name}", str(tmp_path / name.lower()))
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    def command(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


@pytest.fixture
def pair(tmp_path: Path, run: Command) -> Path:
    """A file with two models on one data set, measured."""
    file = tmp_path / "pair.py"
    file.write_text(PAIR.format(weights=0.0))
    code, out, err = run("measure", file)
    assert code == 0, (out, err)
    return file


def again(file: Path, text: str) -> None:
    """Another content, at another time."""
    file.write_text(text)
    later = file.stat().st_mtime_ns + 10**9
    os.utime(file, ns=(later, later))


def test_the_doctor_says_what_is_wrong_and_ends_with_2(tmp_path: Path, run: Command) -> None:
    file = tmp_path / "broken.py"
    file.write_text(PAIR.format(weights=0.0).replace('"rgb", "depth"', '"rgb", "deptt"', 1))
    code, out, _ = run("doctor", file)
    assert code == 2
    assert "No sample has 'deptt'. The first sample has: label, rgb, depth." in out
    code, out, _ = run("doctor", file, "--json")
    assert json.loads(out)["models"][0]["findings"][0]["check"] == "data"
    code, _, err = run("measure", file)
    assert (code, "were not measured" in err) == (2, True)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import mmlab\n", "registers nothing"),
        ("import mmlab\n1 / 0\n", "cannot be read: ZeroDivisionError: division by zero (file.py, line 2)"),
        ("import mmlab\nmmlab.register('a', 3, inputs=['x'], classes=['a', 'b'], data=[])\n", "model= is int"),
        ("import mmlab\nmmlab.register('a', print, inputs=['x'], data=[])\n", "Neither or both of classes="),
        ("import mmlab\nmmlab.register('A b', print, inputs=['x'], classes=['a'], data=[])\n", "cannot name a model"),
        ("import mmlab\nmmlab.register('a', print, inputs='x', classes=['a', 'b'], data=[])\n", "inputs= is 'x'"),
    ],
)  # fmt: skip
def test_a_wrong_line_gets_the_sentence_that_mends_it(text: str, sentence: str, tmp_path: Path, run: Command) -> None:
    file = tmp_path / "file.py"
    file.write_text(text)
    code, _, err = run("doctor", file)
    assert code == 2
    assert sentence in err


def test_nothing_is_copied_and_everything_is_exact(pair: Path) -> None:
    reference = Library().find("mine", "mine")
    assert Path(reference.path).is_relative_to(measured_folder(pair))
    assert (Path(reference.path) / MODEL).stat().st_size < 20_000
    model = Model.open(reference)
    found = sweep_file.read(Path(reference.path), model.digest)
    samples = model.task.samples("test")
    for k, key in enumerate(found.combinations):
        names = key.split("-")
        values = {n: v.float() if n in names else torch.zeros_like(v) for n, v in samples.inputs.items()}
        with torch.no_grad():
            assert torch.allclose(torch.from_numpy(found.logits[k]), model.method.module(**values), atol=1e-5)


def test_models_of_one_data_set_are_compared_on_one_task(pair: Path, run: Command) -> None:
    assert "other" not in TASKS
    card = METHODS["mine"].card
    assert card is not None
    assert card.missing == "An absent input is replaced by zeros.", "reports say so"
    assert cache.task_names()[:2] == ("mine", "digits")  # what the app was opened on comes first
    code, out, _ = run("compare", "--task", "mine")
    assert code == 0
    assert "| Mine" in out
    assert "| Other" in out
    code, out, _ = run("list")
    assert "mine: Mine (rgb, depth)" in out
    code, out, _ = run("evaluate", "--task", "mine", "--method", "other", "--save")
    assert code == 0
    code, out, _ = run("dominance", "--task", "mine", "--method", "other")
    assert "Shapley value" in out


def test_weights_that_changed_are_refused_with_the_command_that_measures_again(pair: Path, run: Command) -> None:
    reference = Library().find("mine", "mine")
    again(pair, PAIR.format(weights=0.5))
    with pytest.raises(CheckpointError, match="weights of 'mine' changed") as caught:
        Model.open(reference)
    assert f"python -m mmlab measure {pair}" in caught.value.hint
    assert Model.open(Library().find("mine", "other"))
    assert run("measure", pair)[0] == 0
    assert Model.open(Library().find("mine", "mine"))


@pytest.mark.parametrize("late", [False, True], ids=["imported at once", "imported by the builder"])
def test_a_module_that_the_file_imports_is_part_of_it(tmp_path: Path, run: Command, late: bool) -> None:
    """The registered file stays as it is; the network that it imports changes."""
    net, file, line = tmp_path / "net_beside.py", tmp_path / "mine.py", "from net_beside import Net"
    net.write_text(BESIDE.format(layer="nn.ReLU()"))
    build = f"    {line}\n    return Net()" if late else "    return Net()"
    file.write_text(("" if late else f"{line}\n") + REGISTERED.format(build=build))
    code, _, problem = run("measure", file)
    assert code == 0, problem
    reference = Library().find("beside", "beside")
    assert Model.open(reference)
    net.write_text(BESIDE.format(layer="nn.Sigmoid()"))
    with pytest.raises(CheckpointError, match="code of 'beside' changed"):
        Model.open(reference)
    assert run("measure", file)[0] == 0
    assert type(Model.open(Library().find("beside", "beside")).method.module.act).__name__ == "Sigmoid"


def test_a_module_of_another_folder_is_not_taken_for_one_of_the_same_name(tmp_path: Path) -> None:
    acts = []
    for layer in ("ReLU", "Tanh"):
        folder = tmp_path / layer
        folder.mkdir()
        (folder / "net_beside.py").write_text(BESIDE.format(layer=f"nn.{layer}()"))
        (folder / "mine.py").write_text("from net_beside import Net\n" + REGISTERED.format(build="    return Net()"))
        acts.append(type(build(read_file(folder / "mine.py")[0]).act).__name__)
    assert acts == ["ReLU", "Tanh"]


def test_other_inputs_are_refused_with_the_command_that_measures_again(pair: Path) -> None:
    reference = Library().find("mine", "mine")
    again(pair, PAIR.format(weights=0.0).replace("rgb=(3, 16, 16)", "rgb=(3, 8, 8)"))
    with pytest.raises(TaskMismatch, match="was made for other inputs or answers") as caught:
        Model.open(reference)
    assert caught.value.hint == f"Measure it: python -m mmlab measure {pair}"


def test_a_model_may_have_more_classes_than_a_stranger_may(tmp_path: Path, run: Command) -> None:
    file = tmp_path / "many.py"
    file.write_text(MANY)
    assert run("measure", file)[0] == 0
    assert len(Model.open(Library().find("many", "many")).method.output.classes) == 5000
    assert run("dominance", "--task", "many", "--method", "many")[0] == 0


def test_other_data_in_a_running_app_leaves_nothing_stale(pair: Path, run: Command) -> None:
    """The same task, the same sample, the same weights: only what the sample holds is another."""
    old, sample = Library().find("mine", "mine"), "test-0000"
    before, answers = cache.model_inputs("mine", sample).arrays, cache.answers(old, sample)
    again(
        pair, PAIR.format(weights=0.0).replace("\ndef build", "\nfor each in data:\n    each['rgb'] *= 3\n\ndef build")
    )
    assert np.allclose(cache.model_inputs("mine", sample).arrays["rgb"], 3 * before["rgb"])
    assert len(cache.item("mine", sample).raw) == 2
    with pytest.raises(CheckpointError, match="samples of 'mine' changed"):
        cache.answers(old, sample)
    assert run("measure", pair)[0] == 0
    new = Library().find("mine", "mine")
    found = cache.answers(new, sample)
    module = Model.open(new).method.module
    with torch.no_grad():
        wanted = module(
            **{name: torch.from_numpy(v)[None] for name, v in cache.model_inputs("mine", sample).arrays.items()}
        )
    assert list(found["rgb-depth"].probabilities.values()) == pytest.approx(wanted.softmax(1)[0].tolist(), abs=1e-5)
    assert found["depth"] == answers["depth"]
    assert found["rgb"] != answers["rgb"]


def test_a_file_that_vanished_says_so_and_the_rest_goes_on(pair: Path) -> None:
    assert "mine" in TASKS
    pair.unlink()
    assert "mine" not in TASKS
    assert "There is no file" in str(TASKS.problems["pair"])
    assert "digits" in TASKS
    visitor = Visitor("digits")
    assert "There is no file" in visitor.read("overview")


def test_the_names_of_mmlab_are_not_given_away(tmp_path: Path, run: Command) -> None:
    file = tmp_path / "taken.py"
    file.write_text(PAIR.format(weights=0.0).replace('"mine"', '"joint"'))
    code, out, _ = run("doctor", file)
    assert code == 2
    assert "A method of mmlab is named 'joint'." in out
    assert METHODS["joint"].trained_here


def test_the_app_shows_a_model_of_ones_own_beside_the_others(pair: Path) -> None:
    visitor = Visitor("mine")
    assert ">Mine<" in visitor.read("overview")
    for path in ("predict", "explain", "compare", "library", "methods"):
        assert "mmlab train" not in visitor.read(path), path
    assert "The doctor" in visitor.read("methods")
    assert "looked at here, not trained" in visitor.read("train")
    visitor.read("predict")
    visitor.app.session_state[OPEN] = True
    visitor.app.run()
    visitor.app.session_state["mmlab.tab"] = "Upload"
    visitor.app.run()
    assert "Files cannot be uploaded here" in said(visitor.app)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["masked_series", "a_thousand_classes"])
def test_what_answers_in_another_way_goes_everywhere(name: str, tmp_path: Path, run: Command) -> None:
    """Numbers and many names; models of other packages are in tests/test_own_foreign.py."""
    file = tmp_path / "shape.py"
    file.write_text(SHAPE.format(name=name))
    code, out, err = run("measure", file)
    assert code == 0, (out, err)
    task = next(iter(each for each in TASKS if not getattr(TASKS[each], "trained_here", True)))
    Visitor(task).read_all()
    assert run("dominance", "--task", task, "--method", task)[0] == 0


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    drawn = np.random.default_rng(0)
    target = drawn.integers(0, 3, 60)
    logits = drawn.normal(size=(7, 60, 3)) + 2 * np.eye(3)[target]
    names = ["image", "sound", "text"]
    return mmlab.write_outputs(tmp_path / "jax", logits, target, names, classes=["a", "b", "c"])


def test_a_file_of_answers_opens_everything_that_needs_no_model(answers: Path, run: Command) -> None:
    code, out, err = run("measure", answers)
    assert code == 0, (out, err)
    with np.load(answers) as stored:
        share = float((stored["logits"][-1].argmax(1) == stored["target"]).mean())
    assert re.search(rf"image-sound-text +{share:.3f}", out)
    code, out, _ = run("dominance", "--task", "jax", "--method", "jax")
    assert code == 0
    assert "Shapley value" in out
    Visitor("jax").read_all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"logits": np.zeros((6, 60, 3))}, "holds 6 combinations, and 7 are expected"),
        ({"logits": np.full((7, 60, 3), np.nan)}, "not finite"),
        ({"target": np.arange(60)}, "target does not hold classes"),
        ({"names": np.array(["../x", "b", "c"])}, "cannot name an input"),
        ({"classes": np.array(["a", "b"])}, "2 classes and 3 columns"),
        ({"embedding": np.zeros((7, 5, 3))}, "embedding has shape"),
        ({"ids": np.array(["a"] * 60)}, "ids are unique"),
        ({"names": np.array([{"a": 1}], dtype=object)}, "damaged"),
    ],
)
def test_a_wrong_file_of_answers_is_told(change: dict, sentence: str, answers: Path, run: Command) -> None:
    with np.load(answers) as stored:
        arrays = {**dict(stored.items()), **change}
    np.savez(answers, **arrays)
    code, out, err = run("doctor", answers)
    assert code == 2
    assert sentence in out + err
