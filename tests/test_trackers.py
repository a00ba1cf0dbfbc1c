"""Trainings in other programs, and the results of others in Compare."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mmlab.cli.app import main
from mmlab.core.errors import DataError, UnknownName
from mmlab.core.task import TASKS
from mmlab.experiments import comparison_tables
from mmlab.experiments.score_import import read_scores
from mmlab.experiments.training_logs import followed_run, open_log
from mmlab.experiments.training_logs.followed_run import FollowedRun, numbers
from mmlab.storage import imported_scores, progress_file
from mmlab.storage.library import SHIPPED, Library
from tests.apps import app_at, healthy, html

RUN = SHIPPED / "watch" / "dmrnet" / "seed0"
INFO = TASKS["watch"]().info
TABLE = "combination,score\nA,0.5\ngyroscope,41 %\ngyroscope+accelerometer,0.75\n"


def events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    found.Reload()
    return {name: [(each.step, each.value) for each in found.Scalars(name)] for name in found.Tags()["scalars"]}


def pictures_of(folder: Path) -> dict[str, list[int]]:
    found = EventAccumulator(str(folder), size_guidance={"images": 0})
    found.Reload()
    return {name: [each.step for each in found.Images(name)] for name in found.Tags()["images"]}


def followed(root: Path, **settings: Any) -> FollowedRun:
    return FollowedRun(root, "watch", "dmrnet", "seed0", {"seed": 0, "config.hard": 0.3, **settings}, INFO)


def part_of_run(folder: Path, epochs: int) -> Path:
    folder.mkdir(exist_ok=True)
    lines = (RUN / "progress.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "progress.jsonl").write_bytes(b"".join(lines[:epochs]))
    return folder


def test_event_files_and_the_table_hold_every_number_of_the_run_once_though_it_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_run, "MOST_PICTURES", 2)
    for kind in ("csv", "tensorboard"):
        for epochs in ((1, 2, 5), (6, 20)):  # cut off after five, then gone on with in another process
            log = open_log(kind, followed(tmp_path / kind))
            for epoch in epochs:
                log.follow(part_of_run(tmp_path / "run", epoch))
            log.close()
    rows = progress_file.whole_lines(RUN)
    curves = events(followed(tmp_path / "tensorboard").target)
    assert pictures_of(followed(tmp_path / "tensorboard").target) == {"lattice": [9, 19], "dominance": [9, 19]}
    with (followed(tmp_path / "csv").target / "training.csv").open(newline="") as opened:
        table = list(csv.DictReader(opened))
    assert len(table) == len(rows) == 20
    assert set(curves) | {"epoch"} == set(table[0])
    assert {"mean", "losses/kl", "metrics/accelerometer-gyroscope/accuracy", "gradient_norm/gyroscope"} <= set(curves)
    for name, curve in curves.items():
        assert [step for step, _ in curve] == [row["epoch"] for row in rows if name in dict(numbers(row))], name
    for row, line in zip(rows, table, strict=True):
        wanted = dict(numbers(row))
        assert {name: float(text) for name, text in line.items() if text and name != "epoch"} == pytest.approx(wanted)
        for name, value in wanted.items():
            assert dict(curves[name])[row["epoch"]] == pytest.approx(value, rel=1e-6)


def test_a_training_writes_them(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--task", "watch", "--method", "joint", "--plan", "epochs=2", "--plan", "samples=64"]
    words += ["--checkpoints", str(tmp_path / "library"), "--log-folder", str(tmp_path / "logs")]
    assert main([*words, "--log", "carrier-pigeon"]) == 2
    assert "There are: csv, tensorboard, mlflow, wandb, profile" in capfd.readouterr().err
    assert main([*words, "--log", "csv", "--log", "tensorboard"]) == 0
    target = tmp_path / "logs" / "watch" / "joint" / "seed0"
    assert [step for step, _ in events(target)["mean"]] == [0, 1]
    assert len((target / "training.csv").read_text().splitlines()) == 3


def test_names_letters_and_percent_are_understood_and_our_own_table_comes_back() -> None:
    (found,) = read_scores(TABLE.encode(), INFO, "Theirs", "table.csv").values()
    assert found["metrics"] == {"accuracy": {"accelerometer": 0.5, "gyroscope": 0.41, "accelerometer-gyroscope": 0.75}}
    wide = b"method;combination;accuracy;f1\nOne;AG;0.8;0.7\nTwo;AG;0.6;\n"
    several = read_scores(wide, INFO)
    assert several["One"]["metrics"] == {
        "accuracy": {"accelerometer-gyroscope": 0.8},
        "f1": {"accelerometer-gyroscope": 0.7},
    }
    assert several["Two"]["metrics"]["f1"] == {"accelerometer-gyroscope": None}
    ours = comparison_tables.compare(Library(SHIPPED), "watch")
    back = read_scores(comparison_tables.as_csv(ours).encode(), INFO)
    for row in ours.rows:
        assert list(back[row.name]["metrics"]["accuracy"].values()) == pytest.approx(row.score.tolist(), abs=1e-5)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"inputs,accuracy\nA,0.5\n", "no columns combination and score"),
        (b"combination,score\nA,0.5\nB,0.5\n", "Line 3: 'B' is no combination"),
        (b"combination,score\nA,50\n", "Line 2: accuracy is a share"),
        (b"combination,score\nA,high\n", "Line 2: 'high' is not a number"),
        (b"combination,score\nA,0.5\naccelerometer,0.6\n", "Line 3: accelerometer of Theirs is there twice"),
        (b"combination,score,metric\nA,0.5,speed\n", "no metric 'speed'"),
        (b"combination,score\nA\n", "Line 2 has 1 cells"),
        (b"combination,score\n\xff,1\n", "no CSV in UTF-8"),
        (b"combination,score\n", "no rows"),
        (b"combination,score\nA,nan\n", "is a share"),
    ],
)
def test_a_table_that_cannot_be_read_is_a_sentence_with_its_line(table: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_scores(table, INFO, "Theirs", "table.csv")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """The shipped reports of one method, and what others reported."""
    for name in ("dropout", "joint"):
        target = tmp_path / "library" / "watch" / name / "seed0"
        target.mkdir(parents=True)
        (target / "report.json").write_bytes((SHIPPED / "watch" / name / "seed0" / "report.json").read_bytes())
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path / "library"))
    return Library()


def imported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    (tmp_path / "table.csv").write_text(TABLE)
    assert main(["scores", "--task", "watch", str(tmp_path / "table.csv"), "--title", "Theirs", "--json"]) == 0
    return json.loads(capfd.readouterr().out)


def test_imported_scores_are_in_every_table(library: Library, tmp_path: Path, capfd: Any) -> None:
    assert imported(tmp_path, capfd)["imported"]["Theirs"]["file"] == "table.csv"
    found = comparison_tables.compare(library, "watch")
    assert "| *Theirs (imported)* |  | 50.0 | 41.0 | 75.0 |" in comparison_tables.as_markdown(found)
    assert comparison_tables.as_json(found)["imported"]["Theirs"]["gyroscope"] == 0.41
    assert "Theirs (imported),,accelerometer,0.50000" in comparison_tables.as_csv(found)
    assert not found.warnings(str), "what others report on whatever data judges no model"
    imported_scores.remove(library, "watch", "Theirs")
    assert comparison_tables.compare(library, "watch").imported == {}
    with pytest.raises(UnknownName, match="Nothing named 'Theirs'"):
        imported_scores.remove(library, "watch", "Theirs")


def test_a_damaged_file_of_scores_is_said_and_hides_nothing(library: Library) -> None:
    (library.root / "watch" / imported_scores.FILE).write_text('{"version": 1, "results": {"x": 3}}')
    found = comparison_tables.compare(library, "watch")
    assert [row.name for row in found.rows]
    assert any("imported.json" in problem for problem in found.problems)


@pytest.mark.slow
def test_compare_shows_them_as_a_row(library: Library, tmp_path: Path, capfd: Any) -> None:
    imported(tmp_path, capfd)
    app = app_at("compare", task="watch").run()
    healthy(app)
    shown = html(app) + json.dumps([str(each.proto) for each in app.get("bidi_component")])
    assert "Theirs" in shown
    assert "imported" in shown


def test_a_trace_shows_what_the_second_epoch_did(tmp_path: Path) -> None:
    run = followed(tmp_path / "logs")
    log = open_log("profile", run)
    for act in (torch.relu, torch.sigmoid, torch.tanh, torch.exp):  # after which an epoch is over
        act(torch.ones(3))
        log.follow(tmp_path)
    log.close()
    done = {event.get("name") for event in json.loads((run.target / "trace.json").read_text())["traceEvents"]}
    assert "aten::sigmoid" in done
    assert not done & {"aten::relu", "aten::tanh", "aten::exp"}
    assert [each.name for each in run.target.iterdir()] == ["trace.json"]
