"""The command line, in this process and as people start it: results, exit codes, sentences."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import mmlab
from mmlab.cli.app import application, main
from mmlab.cli.commands import train
from mmlab.cli.source_catalogue import catalogue
from mmlab.core.errors import DataError
from mmlab.core.method import METHODS
from mmlab.core.options import as_dict, build
from mmlab.core.task import TASKS
from mmlab.storage import checkpoints
from mmlab.tasks.objects import Objects
from mmlab.testing.toy_task import ToyTask
from mmlab.training.resume_state import STATE
from tests.library import untrained
from tests.unpacked import pack

ROOT = Path(__file__).resolve().parent.parent
PACK = pack("digits")
GIVEN = ["--input", f"image={PACK / 'test-0000.png'}", "--input", f"sound={PACK / 'test-0000.flac'}"]
QUICK = ["--plan", "epochs=2", "--plan", "samples=64"]
KEYS = ["m0", "m1", "m2", "m0-m1", "m0-m2", "m1-m2", "m0-m1-m2"]


class Completed:
    """What a command left behind."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    """Run a command in this process."""

    def go(*arguments: str) -> Completed:
        capfd.readouterr()
        code = main(arguments)
        return Completed(code, *capfd.readouterr())

    return go


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty library of this test."""
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path / "library"))
    monkeypatch.setenv("MMLAB_DEVICE", "cpu")
    monkeypatch.setenv("MMLAB_DATA", "")
    return tmp_path / "library"


@pytest.fixture
def toy() -> Iterator[None]:
    """A task that is learnt in a second, registered for one test."""
    _ = len(TASKS)
    TASKS._items["toy"] = ToyTask
    yield
    del TASKS._items["toy"]


@pytest.fixture
def digits(library: Path) -> Path:
    """A model of the digits that never learnt anything: it answers, and that is enough here."""
    torch.manual_seed(0)
    kind = METHODS["dmrnet"]
    method = kind(TASKS["digits"]().info, build(kind.Config, {}))
    path = library / "digits" / "dmrnet" / "seed0"
    checkpoints.save(
        path, method, {"task": method.info.card(), "method": "dmrnet", "config": as_dict(method.config), "seed": 0}
    )
    return path


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mmlab", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# the frame


def test_every_command_explains_itself(run: Any) -> None:
    names = [command.name for command in application().registered_commands]
    assert {"list", "train", "evaluate", "predict"} <= set(names)
    for name in names:
        said = run(name, "--help")
        assert said.code == 0
        assert "--json" in said.out


def test_without_a_command_there_is_help(run: Any) -> None:
    said = run()
    assert said.code == 2
    assert "predict" in said.out + said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lisst"], "No such command 'lisst'."),
        (["list", "--colour"], "No such option: --colour"),
        (["train", "--task", "digits"], "Missing option '--method'"),
        (["train", "-t", "digits", "-m", "dmrnet", "--seed", "x"], "Invalid value for '--seed'"),
        (["train", "-t", "digits", "-m", "dmrnet", "--seed", "-1"], "greater than or equal to 0"),
        (["train", "-t", "digit", "-m", "dmrnet"], "There is no task named 'digit'. Did you mean 'digits'?"),
        (["train", "-t", "digits", "-m", "dmrnt"], "There is no method named 'dmrnt'. Did you mean 'dmrnet'?"),
        (["train", "-t", "digits", "-m", "dmrnet", "--set", "klx=1"], "There is no option 'klx'."),
        (["train", "-t", "digits", "-m", "dmrnet", "--set", "alpha=-1"], "alpha = -1 is out of bounds."),
        (["train", "-t", "digits", "-m", "dmrnet", "--set", "alpha"], "'alpha' is not a name and a value."),
        (["train", "-t", "digits", "-m", "dmrnet", "--set", "alpha=1", "--set", "alpha=2"], "'alpha' is given twice."),
        (["train", "-t", "digits", "-m", "dmrnet", "--plan", "epochs=many"], "'many' does not fit option 'epochs'."),
        (["train", "-t", "digits", "-m", "dmrnet", "--tag", "../x"], "'../x' cannot name a checkpoint."),
        (
            ["train", "-t", "digits", "-m", "dmrnet", "--tag", "x" * 300],
            "too long to name a checkpoint: 300 letters.",
        ),
        (["train", "-t", "digits", "-m", "dmrnet", "--data", "/nowhere"], "There is no folder '/nowhere'."),
        (["evaluate", "-t", "digits", "-m", "dmrnet"], "There is no trained dmrnet for digits in the library."),
        (["evaluate", "-t", "digits", "-m", "nobody"], "There is no method named 'nobody'."),
        (["evaluate", "-t", "../..", "-m", "dmrnet"], "There is no task.json in '../..'."),
        (["evaluate", "-t", "digits", "-m", "dmrnet", "--source", "moon"], "'moon' is not one of"),
        (["predict", "-t", "digits", "-m", "dmrnet"], "There is no trained dmrnet for digits in the library."),
        (["predict", "-t", "digits", "-m", "dmrnet", "-i", "a.png"], "'a.png' is not a name and a value."),
        (["predict", "-t", "digits", "-m", "dmrnet", "--device", "tpu", *GIVEN], "There is no trained"),
    ],
    ids=lambda each: " ".join(each)[:60] if isinstance(each, list) else "",
)
@pytest.mark.parametrize("as_json", [False, True], ids=["", "json"])
def test_a_mistake_is_one_sentence(arguments: list[str], sentence: str, as_json: bool, run: Any, library: Path) -> None:
    said = run(*arguments, *(["--json"] if as_json else []))
    assert said.code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not library.exists()


def test_a_bug_is_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmlab.cli.commands.list.catalogue", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["list"])


def test_control_characters_do_not_reach_the_terminal(run: Any, library: Path) -> None:
    said = run("train", "-t", "\x1b[31mred", "-m", "dmrnet")
    assert said.code == 2
    assert "\x1b" not in said.err


# list


def test_listing_is_quick_and_needs_no_torch(tmp_path: Path) -> None:
    before = os.times()
    said = process("list", "--json", MMLAB_CHECKPOINTS=str(tmp_path), PYTHONPROFILEIMPORTTIME="1")
    after = os.times()
    assert said.returncode == 0
    imported = {line.rsplit("|", 1)[-1].strip() for line in said.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & {"torch", "numpy", "streamlit", "mmlab.core.method", "mmlab.tasks.digits"}
    assert after.children_user - before.children_user < 5  # under a second by itself
    assert [task["name"] for task in json.loads(said.stdout)["tasks"]]


def test_the_catalogue_says_what_the_registries_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMLAB_FOLDERS", raising=False)  # commands of other tests name folders that are gone
    found = catalogue()
    assert not found.problems
    assert list(found.tasks) == list(TASKS)
    assert list(found.methods) == list(METHODS)
    for name, item in found.methods.items():
        assert (item.title, item.about) == (METHODS[name].title, METHODS[name].about)
    for name, item in found.tasks.items():
        task = TASKS[name]()
        assert (item.title, item.about) == (task.title, task.about)
        assert item.modalities == task.info.modalities.names
        assert item.headline == task.info.output.headline


def test_a_broken_file_is_named_and_hides_nothing(tmp_path: Path) -> None:
    for folder, text in (("tasks", ""), ("methods", "class Half(:\n"), ("core", "")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "new.py").write_text(text)
    (tmp_path / "methods" / "good.py").write_text("@METHODS.register('good')\nclass Good:\n    title = 'Good one'\n")
    found = catalogue(tmp_path)
    assert found.methods["good"].title == "Good one"
    assert list(found.problems) == ["methods/new.py"]


def test_listing_averages_over_seeds_and_names_damage(run: Any, digits: Path) -> None:
    for tag, accuracy in (("seed0", 0.5), ("seed1", 0.7), ("ablation-dropout-seed0", 0.1)):
        metrics = {"image": {"accuracy": accuracy - 0.1}, "image-sound-pen": {"accuracy": accuracy + 0.2}}
        report = {"headline": "accuracy", "sources": {"built-in": {"metrics": metrics, "mean": {"accuracy": accuracy}}}}
        checkpoints.write_json(digits.parent / tag / checkpoints.REPORT, report)
    broken = digits.parent / "seed2"
    broken.mkdir()
    (broken / checkpoints.MODEL).write_bytes(b"half a model")
    said = run("list", "--json")
    found = next(task for task in said.json["tasks"] if task["name"] == "digits")["methods"]["dmrnet"]
    assert said.code == 0
    assert found["mean"] == pytest.approx(0.6)
    assert found["complete"] == pytest.approx(0.8)
    assert found["runs"]["seed2"] == {"problem": "damaged"}
    assert found["runs"]["seed1"] == {"mean": 0.7, "complete": pytest.approx(0.9)}
    shown = run("list")
    assert "0.600" in shown.out
    assert "seed2 (damaged), 1 of other settings" in shown.out


def test_json_task_has_modalities_and_headline(run: Any, library: Path) -> None:
    said = run("list", "--json")
    task = next(task for task in said.json["tasks"] if task["name"] == "digits")
    assert task["modalities"] == ["image", "sound", "pen"]
    assert (task["headline"], task["methods"]) == ("accuracy", {})
    assert {"name", "title", "about"} <= set(said.json["methods"][0])
    assert said.err == ""


# train, evaluate


def test_training_files_a_run_that_evaluate_finds_again(run: Any, library: Path, toy: None) -> None:
    said = run("train", "-t", "toy", "-m", "dmrnet", *QUICK, "--set", "alpha=0.5", "--json")
    assert said.code == 0
    (trained,) = said.json["runs"]
    assert trained["name"] == "toy/dmrnet/seed0"
    assert "epoch 2/2" in said.err
    again = run("evaluate", "-t", "toy", "-m", "dmrnet", "--json")
    assert set(again.json) >= {"metrics", "mean", "samples", "groups", "intervals", "interval", "worst_class"}
    assert list(again.json["metrics"]) == KEYS
    assert next(iter(again.json["mean"])) == trained["headline"] == "accuracy"
    stored = trained["sources"]["built-in"]
    assert {name: again.json[name] for name in stored} == stored
    assert again.err == ""
    card = checkpoints.read_card(library / "toy" / "dmrnet" / "seed0")
    assert (card["config"]["alpha"], card["plan"]["epochs"]) == (0.5, 2)
    shown = run("evaluate", "-t", "toy", "-m", "dmrnet")
    assert "m0-m1-m2" in shown.out


def test_saving_an_evaluation_makes_report_and_sweep_again(run: Any, library: Path, toy: None) -> None:
    run("train", "-t", "toy", "-m", "dropout", *QUICK)
    folder = library / "toy" / "dropout" / "seed0"
    before = (folder / checkpoints.REPORT).read_text()
    for name in (checkpoints.REPORT, checkpoints.SWEEP):
        (folder / name).unlink()
    assert run("evaluate", "-t", "toy", "-m", "dropout", "--save", "--json").code == 0
    assert (folder / checkpoints.SWEEP).is_file()
    assert (folder / checkpoints.REPORT).read_text() == before


def test_several_seeds_and_a_tag(run: Any, library: Path, toy: None) -> None:
    said = run("train", "-t", "toy", "-m", "joint", *QUICK, "--seed", "3", "--seeds", "2", "--tag", "mine", "--json")
    assert [item["name"] for item in said.json["runs"]] == ["toy/joint/mine-seed3", "toy/joint/mine-seed4"]
    assert run("evaluate", "-t", "toy", "-m", "joint", "--tag", "mine-seed4", "--json").code == 0
    missing = run("evaluate", "-t", "toy", "-m", "joint", "--tag", "theirs")
    assert missing.code == 2
    assert "There are: mine-seed3, mine-seed4." in missing.err


def test_a_finished_run_is_kept_and_another_one_refused(run: Any, library: Path, toy: None) -> None:
    run("train", "-t", "toy", "-m", "joint", *QUICK)
    file = library / "toy" / "joint" / "seed0" / checkpoints.MODEL
    first = file.stat().st_mtime_ns
    again = run("train", "-t", "toy", "-m", "joint", *QUICK)
    assert again.code == 0
    assert "trained already" in again.err
    other = run("train", "-t", "toy", "-m", "joint", "--plan", "epochs=3")
    assert other.code == 2
    assert "with other values of epochs" in other.err
    assert file.stat().st_mtime_ns == first
    assert run("train", "-t", "toy", "-m", "joint", "--plan", "epochs=3", "--restart").code == 0
    assert file.stat().st_mtime_ns > first


def test_a_stopped_run_goes_on(run: Any, library: Path, toy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("train", "-t", "toy", "-m", "joint", "--plan", "epochs=3", "--plan", "samples=64")
    with monkeypatch.context() as patch:
        patch.setattr(train, "_show", _stop_after_the_second)
        stopped = run(*arguments)
    assert stopped.code == 130
    assert "The same command resumes from there" in stopped.err
    folder = library / "toy" / "joint" / "seed0"
    assert (folder / STATE).is_file()
    finished = run(*arguments)
    assert finished.code == 0
    assert "epoch 2/3" not in finished.err
    assert "epoch 3/3" in finished.err
    assert not (folder / STATE).exists()
    assert len((folder / checkpoints.PROGRESS).read_text().splitlines()) == 3


def _stop_after_the_second(progress: Any, *_: object) -> None:
    if progress.epoch == 1:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background inherit another
        signal.raise_signal(signal.SIGINT)


def test_a_terminal_shows_a_bar(run: Any, library: Path, toy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes stderr for a terminal
    said = run("train", "-t", "toy", "-m", "mmanet", *QUICK, "--json")
    assert said.code == 0
    assert "epoch 2/2" in said.err
    assert "toy/mmanet/seed0" in said.err
    assert said.json["runs"]
    assert run("evaluate", "-t", "toy", "-m", "mmanet", "--json").json["samples"] == 48


def test_the_options_are_listed(run: Any, library: Path) -> None:
    found = run("train", "-t", "digits", "-m", "dmrnet", "--options", "--json").json
    assert "alpha" in [item["name"] for item in found["set"]]
    assert "epochs" in [item["name"] for item in found["plan"]]
    assert "Epochs: passes over the training data" in run("train", "-t", "digits", "-m", "dmrnet", "--options").out


def test_real_recordings_that_are_not_there(run: Any, library: Path, toy: None, tmp_path: Path) -> None:
    run("train", "-t", "toy", "-m", "joint", *QUICK)
    said = run("evaluate", "-t", "toy", "-m", "joint", "--source", "real")
    assert said.code == 2
    assert "There are no real recordings for toy here." in said.err
    said = run("train", "-t", "digits", "-m", "joint", "--data", str(tmp_path))
    assert said.code == 2
    assert "does not hold the recordings of digits" in said.err


# predict


def test_prediction_covers_every_combination_of_what_was_given(run: Any, digits: Path) -> None:
    said = run("predict", "-t", "digits", "-m", "dmrnet", *GIVEN, "--json")
    assert said.code == 0
    assert said.err == ""
    combinations = said.json["combinations"]
    assert list(combinations) == ["image", "sound", "image-sound"]
    for found in combinations.values():
        assert list(found["probabilities"]) == list("0123456789")
        assert sum(found["probabilities"].values()) == pytest.approx(1)
        assert 0 < found["uncertainty"] < 2.31
        assert found["answer"] == max(found["probabilities"], key=found["probabilities"].get)
    assert "image-sound" in run("predict", "-t", "digits", "-m", "dmrnet", *GIVEN).out


def test_the_command_line_and_python_say_the_same(run: Any, digits: Path) -> None:
    said = run("predict", "-t", "digits", "-m", "dmrnet", *GIVEN, "--json").json["combinations"]
    answers = mmlab.load("digits", "dmrnet").predict(
        {"image": PACK / "test-0000.png", "sound": str(PACK / "test-0000.flac")}
    )
    assert said == {
        key: {"answer": each.answer, "probabilities": dict(each.probabilities), "uncertainty": each.uncertainty}
        for key, each in answers.items()
    }


def test_one_file_of_an_object_is_seen_from_the_front_and_from_the_rear(
    run: Any, library: Path, tmp_path: Path
) -> None:
    untrained(library, "objects", "joint")
    file = tmp_path / "thing.obj"
    file.write_bytes(Objects().example_mesh("test-0000"))
    asked = ("predict", "-t", "objects", "-m", "joint", "--json")
    whole = run(*asked, "-i", str(file)).json["combinations"]
    assert list(whole) == ["front", "rear", "front-rear"]
    assert run(*asked, "-i", f"front={file}", "-i", f"rear={file}").json["combinations"] == whole
    assert run(*asked, "-i", str(file), "--read", "azimuth=40").json["combinations"] != whole
    assert mmlab.load("objects", "joint").predict(file)["front-rear"].answer == whole["front-rear"]["answer"]
    for wrong, sentence in (
        (["--read", "azimuth=400"], "azimuth = 400 is out of bounds. Use -180 to 180."),
        (["--read", "turn=4"], "There is no option 'turn'. There are: azimuth, elevation, up."),
        (["-i", f"rear={file}"], "is not a name and a value."),
    ):
        said = run(*asked, "-i", str(file), *wrong)
        assert said.code == 2
        assert sentence in said.err
    with pytest.raises(DataError, match="does not say for which input"):
        mmlab.load("objects", "joint").predict(tmp_path / "front.png")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "No input was given. Give one of: image, sound, pen."),
        (["smell=a.png"], "There is no modality 'smell'. This task has: image, sound, pen."),
        (["image=/nowhere/a.png"], "a.png cannot be read."),
        (["image={tmp}"], "cannot be read."),
        (["image={tmp}/empty.png"], "'empty.png' is empty."),
        (["image={tmp}/letter.png"], "'letter.png' is not a picture that can be read"),
        (["sound={tmp}/letter.png"], "'letter.png'"),
        (["pen={tmp}/letter.png"], "'letter.png'"),
    ],
    ids=str,
)
def test_a_bad_input_is_one_sentence(given: list[str], sentence: str, run: Any, digits: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "letter.png").write_text("Dear Sir or Madam")
    inputs = [part for text in given for part in ("--input", text.format(tmp=tmp_path))]
    said = run("predict", "-t", "digits", "-m", "dmrnet", *inputs, "--json")
    assert said.code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_damaged_checkpoint_is_one_sentence(run: Any, digits: Path) -> None:
    file = digits / checkpoints.MODEL
    file.write_bytes(file.read_bytes()[:-100])
    said = run("predict", "-t", "digits", "-m", "dmrnet", *GIVEN)
    assert said.code == 2
    assert "The checkpoint digits/dmrnet/seed0 is damaged" in said.err


def test_a_checkpoint_of_other_modalities_is_refused(run: Any, library: Path, toy: None) -> None:
    torch.manual_seed(0)
    method = METHODS["joint"](ToyTask(count=2).info, build(METHODS["joint"].Config, {}))
    card = {"task": method.info.card(), "method": "joint", "config": {}}
    checkpoints.save(library / "toy" / "joint" / "seed0", method, card)
    said = run("evaluate", "-t", "toy", "-m", "joint")
    assert said.code == 2
    assert "was made for other inputs or answers" in said.err


def test_a_device_that_is_not_here(run: Any, digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run("predict", "-t", "digits", "-m", "dmrnet", *GIVEN, "--device", "abacus")
    assert said.code == 2
    assert "MMLAB_DEVICE is 'abacus'" in said.err


# as people start it


def test_as_a_process(digits: Path) -> None:
    said = process("predict", "-t", "digits", "-m", "dmrnet", *GIVEN, "--json")
    assert (said.returncode, said.stderr) == (0, "")
    assert list(json.loads(said.stdout)["combinations"]) == ["image", "sound", "image-sound"]
    said = process("predict", "-t", "digits", "-m", "nobody", "--json")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == "There is no method named 'nobody'. There are: " + ", ".join(METHODS) + ".\n"


def test_at_its_end_a_process_does_what_was_asked_of_it_and_looks_through_nothing() -> None:
    code = """
import atexit, gc
from mmlab.core.process_end import end_quickly
atexit.register(lambda: print("said at the end", len(gc.get_objects())))
end_quickly()
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.startswith("said at the end ")
    assert int(said.stdout.split()[-1]) < 100
