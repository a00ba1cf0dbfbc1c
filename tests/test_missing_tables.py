"""Gaps by rules that depend on a sample's id, and as tables that are written, read again and taken from others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.cli.app import main
from mmlab.core.errors import CheckpointError, DataError, UnknownName
from mmlab.core.task import TASKS
from mmlab.experiments import grid, train_job
from mmlab.experiments.comparison_tables import compare
from mmlab.experiments.gap_card import has_other_gaps
from mmlab.experiments.train_job import TrainJob, run_train, teacher_of
from mmlab.storage import checkpoints
from mmlab.storage.library import Library
from mmlab.tasks.official.converting import codes_in
from mmlab.testing.toy_task import ToyTask
from mmlab.training.missing_data import kept_of, with_missing
from mmlab.training.missing_tables import present_in, written

TASK = ToyTask()
SAMPLES = TASK.samples("train")
NAMES = TASK.info.modalities.names


def kept(rule: str, seed: int = 0, task: ToyTask = TASK) -> np.ndarray:
    return kept_of(task.samples("train"), task.info, rule, seed)


def test_a_draw_depends_on_the_id_and_on_nothing_else() -> None:
    rows = [5, 3, 40, 0]
    alone = kept_of(SAMPLES.at(rows), TASK.info, "id:0.5", 0)
    assert np.array_equal(alone, kept("id:0.5")[rows])
    assert not np.array_equal(kept("id:0.5"), kept("id:0.5", 1))
    known = [[True, True, True], [False, False, True], [False, False, True]]  # of any machine
    assert kept("id:0.5")[[0, 1, 4]].tolist() == known


def test_rates_are_met_and_no_sample_loses_all() -> None:
    rows = np.concatenate([kept("id:m0=0.6,m2=0.2", seed) for seed in range(30)])
    np.testing.assert_allclose(1 - rows.mean(0), [0.6, 0, 0.2], atol=0.03)
    assert kept("id:0.95").any(1).all()


def test_only_the_classes_that_are_named_have_gaps() -> None:
    low = SAMPLES.target.numpy() == 0
    found = kept("class:m1=0.9@low")
    assert found[~low].all()
    assert (~found[low, 1]).mean() > 0.7
    number = ToyTask("regression")
    above = number.samples("train").target.numpy() > 0
    assert kept("class:0.5@above", task=number)[~above].all()
    with pytest.raises(DataError, match="'red' is no class here"):
        kept("class:0.5@red")


@pytest.mark.parametrize(("rule", "by"), [("value:m1=0.4@m0", "m0"), ("itself:m1=0.4", "m1")])
def test_values_decide_what_is_missing(rule: str, by: str) -> None:
    value = SAMPLES.inputs[by].flatten(1).double().mean(1).numpy()
    lost = np.concatenate([~kept(rule, seed)[:, 1] for seed in range(30)])
    assert lost.mean() == pytest.approx(0.4, abs=0.04)
    values = np.tile(value, 30)
    assert lost[values > np.median(value)].mean() > 2 * lost[values <= np.median(value)].mean()


@pytest.mark.parametrize("rule", ["class:0.5", "value:0.5", "id:0.5@low", "id:2", "itself:0.3@m0"])
def test_a_rule_that_cannot_be_is_one_sentence(rule: str) -> None:
    with pytest.raises(DataError):
        kept(rule)
    with pytest.raises(UnknownName):
        kept("value:0.5@smell")


def test_a_table_gives_the_same_samples_again_in_any_order(tmp_path: Path) -> None:
    found = kept("id:0.4")
    table = tmp_path / "gaps.csv"
    text = written([SAMPLES], [found], TASK.info.modalities)
    head, *lines = text.splitlines()
    table.write_text("\n".join([head, *reversed(lines), ""]))
    samples = with_missing(SAMPLES, TASK.info, str(table), 0)
    assert np.array_equal(samples.present.numpy(), found)
    for place, name in enumerate(NAMES):
        assert not samples.inputs[name][~samples.present[:, place]].any()


def check_refused(folder: Path, content: str, said: str) -> None:
    table = folder / "gaps.csv"
    table.write_text(content)
    with pytest.raises(DataError, match=said):
        present_in(str(table), SAMPLES, TASK.info.modalities)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("toy-0,1,2,0", "line 2: what is there is said by 1 and 0"),
        ("toy-0,0,0,0", "line 2: 'toy-0' has no input at all"),
        ("toy-0,1,1,1\ntoy-0,1,1,1", "line 3: 'toy-0' stands there twice"),
        ("toy-0,1,1,1,0", "line 2: it has more cells than there are columns"),
        ("toy-0,1,1,1", "has no line for 96 of 96 samples"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    check_refused(tmp_path, f"id,m0,m1,m2\n{line}\n", said)
    check_refused(tmp_path, "id,m0,m1\n", "has no column 'm2'")
    with pytest.raises(DataError, match=r"There is no table 'none\.csv'"):
        present_in(str(tmp_path / "none.csv"), SAMPLES, TASK.info.modalities)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("id,m0,m1,m2,smell", "has a column 'smell', which is no input here"),
        ("id,m0,m1,m2,m1", "has the column 'm1' twice"),
        ("id,id,m0,m1,m2", "has the column 'id' twice"),
    ],
)
def test_a_column_whose_gaps_would_be_lost_is_refused(columns: str, said: str, tmp_path: Path) -> None:
    check_refused(tmp_path, f"{columns}\n", said)


def test_the_numbers_of_rows_that_pandas_writes_do_no_harm(tmp_path: Path) -> None:
    found = kept("id:0.4")
    head, *lines = written([SAMPLES], [found], TASK.info.modalities).splitlines()
    table = tmp_path / "gaps.csv"
    table.write_text("\n".join([f",{head}", *(f"{place},{line}" for place, line in enumerate(lines)), ""]))
    assert np.array_equal(present_in(str(table), SAMPLES, TASK.info.modalities), found)


def test_the_card_says_which_gaps_there_were_and_that_teachers_had_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    TASKS.discover()
    monkeypatch.setitem(TASKS._items, "toy", type("Toy", (ToyTask,), {"info": TASK.info}))  # type: ignore[attr-defined]
    table = tmp_path / "gaps.csv"
    splits = [TASK.samples(split) for split in ("train", "valid", "test")]
    table.write_text(written(splits, [kept_of(each, TASK.info, "id:0.5", 0) for each in splits], TASK.info.modalities))
    library = Library(tmp_path / "library")
    job = TrainJob("toy", "mmanet", {}, {"epochs": 1, "missing": str(table)}, 0)
    list(train_job.train(job, library))
    folder = library.folder(job.task, job.method, job.folder)
    card = checkpoints.read_card(folder)
    assert card["gaps"]["reach"] == ["training", "validation", "teacher joint"]
    teacher = teacher_of(job, "joint")
    of_teacher = checkpoints.read_card(library.folder(job.task, "joint", teacher.folder))
    assert of_teacher["gaps"]["table"] == card["gaps"]["table"]
    assert of_teacher["missing"] == card["missing"]
    assert not has_other_gaps(folder, str(table))
    table.write_text(table.read_text() + "more,1,1,1\n")
    assert has_other_gaps(folder, str(table))


def test_a_grid_and_a_comparison_tell_a_table_that_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TASKS.discover()
    monkeypatch.setitem(TASKS._items, "toy", type("Toy", (ToyTask,), {"info": TASK.info}))  # type: ignore[attr-defined]
    table, library = tmp_path / "gaps.csv", Library(tmp_path / "library")
    splits = [TASK.samples(split) for split in ("train", "valid", "test")]
    table.write_text(written(splits, [kept_of(each, TASK.info, "id:0.5", 0) for each in splits], TASK.info.modalities))
    jobs = grid.gap_jobs(grid.grid_jobs(["toy"], ["dropout"], [0], {"epochs": 1}), str(table))
    run_train(jobs[0], str(library.root))
    assert not grid.missing(jobs, library)
    assert len(compare(library, "toy", missing=str(table)).rows) == 1
    table.write_text(table.read_text() + "more,1,1,1\n")
    assert grid.missing(jobs, library) == jobs
    with pytest.raises(CheckpointError, match=r"'gaps\.csv' has changed since it was trained"):
        compare(library, "toy", missing=str(table))
    run_train(jobs[0], str(library.root))
    found = compare(library, "toy", missing=str(table))
    assert [row.seeds for row in found.rows] == [1]
    kept = sorted(folder.name for folder in library.glob("toy/dropout/*"))
    assert [name[:5] for name in kept] == ["gaps-", "missi"], "the earlier model has a name of its own"


def test_tables_of_missing_aware_prompts_are_read(tmp_path: Path) -> None:
    torch.save(torch.tensor([0.0, 1.0, 2.0, 0.0]), tmp_path / "a.pt")
    assert codes_in(tmp_path / "a.pt", 2).tolist() == [0, 1, 2, 0]
    for wrong in ([0.0, 3.0], [0.0, 0.7], [0.0, float("nan")], [-1], [True, False], [[0.0], [1.0]], "a text"):
        torch.save(wrong if isinstance(wrong, str) else torch.tensor(wrong), tmp_path / "b.pt")
        with pytest.raises(DataError, match=r"'b\.pt' is no list of numbers from 0 to 2"):
            codes_in(tmp_path / "b.pt", 2)
    (tmp_path / "c.pt").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DataError, match=r"'c\.pt' is a Git LFS pointer"):
        codes_in(tmp_path / "c.pt", 2)


def test_a_table_is_written_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, table, codes = tmp_path / "memes", tmp_path / "gaps.csv", tmp_path / "codes.pt"
    assert main(["data", "hateful_memes", "--example", str(data)]) == 0
    torch.save(torch.tensor([1.0] + [0.0] * 18 + [2.0]), codes)
    task = ("--task", "hateful_memes", "--data", str(data))
    assert main(["missing", str(table), *task, "--from", f"train={codes}"]) == 0
    assert "5.0%" in capsys.readouterr().out
    lines = table.read_text().splitlines()
    assert lines[0] == "id,picture,text"
    assert [line.partition(",")[2] for line in (lines[1], lines[20])] == ["1,0", "0,1"]
    assert main(["missing", str(table), *task, "--rule", "id:0.3"]) == 2
    assert main(["missing", str(tmp_path / "other.csv"), *task, "--from", f"test={codes}"]) == 2


def test_a_table_of_films_is_one_of_their_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the list; under the protocol of missing-aware prompts each plot of a film is a sample."""
    data, codes = tmp_path / "films", tmp_path / "codes.pt"
    assert main(["data", "mmimdb", "--example", str(data)]) == 0
    torch.save(torch.tensor([1.0, 2.0] + [0.0] * 46), codes)
    task = ("--task", "mmimdb", "--data", str(data))
    for protocol, gaps in (
        ("gmu", {"0000001": "1,0", "0000002": "0,1"}),
        ("map", {"0000001-0": "1,0", "0000001-1": "1,0"}),
    ):
        assert main(["data", "mmimdb", str(data), "--protocol", protocol]) == 0
        assert main(["missing", str(tmp_path / f"{protocol}.csv"), *task, "--from", f"train={codes}"]) == 0
        lines = dict(line.split(",", 1) for line in (tmp_path / f"{protocol}.csv").read_text().splitlines())
        assert lines["id"] == "picture,text"
        assert {name: lines[name] for name in gaps} == gaps
        assert sum(kept != "1,1" for name, kept in lines.items() if name != "id") == (2 if protocol == "gmu" else 3)
