"""Comparisons: means, intervals and pairs of hand-made reports; the tables made of them; what cannot be used."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlab.analysis.methods.seed_comparison import (
    MEAN,
    WORST,
    Comparison,
    Runs,
    confusion,
    corrected,
    interval,
    paired_p,
    rows,
    runs_from_reports,
)
from mmlab.core import csv_file
from mmlab.core.errors import CheckpointError, UnknownName
from mmlab.core.task import TASKS
from mmlab.experiments import comparison_tables
from mmlab.experiments.ablations import ladder, rung_tag
from mmlab.storage import report_file
from mmlab.storage.checkpoints import write_json
from mmlab.storage.library import Library

INFO = TASKS["digits"].info
KEYS = [combination.key for combination in INFO.modalities.subsets()]


def report(seed: int, scores: Mapping[str, float] | float, sources: tuple[str, ...] = ("built-in",)) -> dict[str, Any]:
    """A report whose accuracies are `scores` (one for all, or by combination) and whose F1 are half of them."""
    each = {key: scores if isinstance(scores, float) else scores[key] for key in KEYS}
    table = {key: {"accuracy": value, "f1": value / 2} for key, value in each.items()}
    mean = {name: float(np.mean([row[name] for row in table.values()])) for name in ("accuracy", "f1")}
    found = {"metrics": table, "mean": mean, "samples": 1000}
    card = {"task": INFO.card(), "seed": seed, "parameters": 1234, "training_seconds": 90.0}
    return {"digest": "", "headline": "accuracy", "card": card, "sources": dict.fromkeys(sources, found)}


def put(root: Path, method: str, tag: str, content: object) -> None:
    folder = root / "digits" / method / tag
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Dropout with seeds 0 to 2, DMRNet 1, 2 and 3 points above it, joint training with a seed of its own."""
    for seed in range(3):
        put(tmp_path, "dropout", f"seed{seed}", report(seed, 0.80))
        put(tmp_path, "dmrnet", f"seed{seed}", report(seed, 0.81 + 0.01 * seed, ("built-in", "real")))
    put(tmp_path, "joint", "seed7", report(7, {key: 0.3 + 0.1 * i for i, key in enumerate(KEYS)}))
    return Library(tmp_path)


def row(found: Comparison, name: str) -> Any:
    return next(row for row in found.rows if row.name == name)


def test_means_spreads_and_paired_differences(library: Library) -> None:
    found = comparison_tables.compare(library, "digits")
    assert [each.name for each in found.rows] == ["joint", "dropout", "dmrnet"]
    assert (found.metric, found.samples, found.combinations) == ("accuracy", 1000, tuple(KEYS))
    ours = row(found, "dmrnet")
    assert (ours.seeds, ours.parameters, ours.minutes) == (3, 1234, 1.5)
    assert ours.mean == pytest.approx(0.82)
    assert ours.mean_spread == pytest.approx(0.01)
    # Student's t with two degrees of freedom: 4.302653 * 0.01 / sqrt(3)
    assert ours.difference == pytest.approx((0.02, 0.02 - 0.0248414, 0.02 + 0.0248414), abs=1e-6)
    np.testing.assert_allclose(ours.differences, np.tile(ours.difference, (7, 1)), atol=1e-12)
    assert row(found, "dropout").difference is None


def test_a_method_without_common_seeds_is_not_paired(library: Library) -> None:
    alone = row(comparison_tables.compare(library, "digits"), "joint")
    assert (alone.seeds, alone.difference, alone.differences) == (1, None, None)
    assert alone.worst == pytest.approx(0.3)
    assert math.isnan(alone.mean_spread)


def test_only_seeds_that_both_have_are_paired() -> None:
    first = Runs("a", "A", (0, 2, 5), np.array([[0.1], [0.2], [0.9]]), 1, 1.0)
    second = Runs("b", "B", (2, 0), np.array([[0.5], [0.3]]), 1, 1.0)
    found = rows([first, second], "a", True)
    np.testing.assert_allclose(found[1].difference, interval(np.array([0.2, 0.3])), atol=1e-12)


def test_one_pair_has_no_interval() -> None:
    mean, low, high = interval(np.array([0.5]))
    assert mean == 0.5
    assert math.isnan(low)
    assert math.isnan(high)


def test_p_of_paired_seeds_by_hand() -> None:
    """Differences 1, 2, 3: mean 2, deviation 1, so t = 2 sqrt 3 with two degrees of freedom, whose tail is exact."""
    t = 2 * math.sqrt(3)
    assert paired_p(np.array([1.0, 2.0, 3.0])) == pytest.approx(1 - t / math.sqrt(2 + t * t))
    assert math.isnan(paired_p(np.array([0.5])))
    assert math.isnan(paired_p(np.array([0.5, math.nan])))
    assert paired_p(np.array([0.2, 0.2, 0.2])) == pytest.approx(0, abs=1e-9)
    assert paired_p(np.zeros(3)) == 1


def test_p_is_corrected_for_the_number_of_methods_in_the_table() -> None:
    assert corrected({"a": 0.01, "b": math.nan, "c": 0.04}) == pytest.approx(
        {"a": 0.02, "b": math.nan, "c": 0.04}, nan_ok=True
    )
    assert corrected({"a": math.nan}) == pytest.approx({"a": math.nan}, nan_ok=True)


def test_scores_by_seed_for_sorting_and_dots(library: Library) -> None:
    found = comparison_tables.compare(library, "digits")
    np.testing.assert_allclose(found.by_seed("dmrnet", MEAN), [0.81, 0.82, 0.83])
    np.testing.assert_allclose(found.by_seed("joint", WORST), [0.3])
    np.testing.assert_allclose(found.by_seed("joint", KEYS[-1]), [0.9])
    np.testing.assert_allclose(found.to_baseline("dmrnet", WORST), [0.01, 0.02, 0.03])
    assert found.to_baseline("joint", MEAN).size == 0


def test_worst_is_the_largest_where_lower_is_better() -> None:
    run = Runs("a", "A", (0,), np.array([[0.1, 0.4]]), 1, 1.0)
    assert rows([run], "", False)[0].worst == 0.4


def test_another_metric_and_the_real_recordings(library: Library) -> None:
    assert row(comparison_tables.compare(library, "digits", metric="f1"), "dropout").mean == pytest.approx(0.4)
    assert [each.name for each in comparison_tables.compare(library, "digits", "real").rows] == ["dmrnet"]
    with pytest.raises(UnknownName, match="no metric 'dice'"):
        comparison_tables.compare(library, "digits", metric="dice")


def test_a_score_that_does_not_exist_is_a_dash_empty_in_csv_and_null_in_json(tmp_path: Path) -> None:
    for seed in range(2):
        content = report(seed, 0.8)
        measured = content["sources"]["built-in"]
        measured["metrics"][KEYS[0]] = {**measured["metrics"][KEYS[0]], "f1": None}
        put(tmp_path, "dropout", f"seed{seed}", content)
        for table in (*measured["metrics"].values(), measured["mean"]):
            table["f1"] = None
        put(tmp_path, "joint", f"seed{seed}", content)
    found = comparison_tables.compare(Library(tmp_path), "digits", metric="f1")
    assert not found.problems
    assert row(found, "dropout").mean == pytest.approx(0.4)  # over the combinations that have one
    assert math.isnan(row(found, "joint").mean)
    lines = {line.split(" | ")[0]: line for line in comparison_tables.as_markdown(found).splitlines()}
    assert lines["| Modality dropout"].startswith("| Modality dropout | 2 | – | **40.0**".replace("**", ""))
    assert lines["| Joint training"].count("–") == len(KEYS) + 2
    written = json.loads(json.dumps(comparison_tables.as_json(found), allow_nan=False))["methods"]
    assert written["joint"]["mean"] is written["joint"]["worst"] is written["dropout"]["scores"][KEYS[0]] is None
    cells = [line for line in csv.DictReader(io.StringIO(comparison_tables.as_csv(found))) if line["method"] == "joint"]
    assert {line["score"] for line in cells} == {""}


def test_what_cannot_be_computed_is_null_in_the_file_and_no_number_when_it_is_read(tmp_path: Path) -> None:
    content = report(0, 0.8)
    content["sources"]["built-in"]["mean"]["f1"] = math.nan
    write_json(tmp_path / "report.json", content)
    text = (tmp_path / "report.json").read_text()
    assert '"f1":null' in text
    assert "NaN" not in text
    assert math.isnan(report_file.read(tmp_path)["sources"]["built-in"]["mean"]["f1"])


def test_a_report_made_before_a_metric_was_there_is_named_and_the_rest_compared(library: Library) -> None:
    old = report(3, 0.9)
    for table in (*old["sources"]["built-in"]["metrics"].values(), old["sources"]["built-in"]["mean"]):
        table.pop("f1", None)
    put(library.root, "dmrnet", "seed3", old)
    found = comparison_tables.compare(library, "digits", metric="f1")
    assert row(found, "dmrnet").seeds == 3
    assert any("their reports lack F1: 1 of DMRNet" in problem for problem in found.problems)
    assert row(comparison_tables.compare(library, "digits"), "dmrnet").seeds == 4


def test_an_empty_library_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        comparison_tables.compare(Library(tmp_path), "digits")
    assert "mmlab grid" in caught.value.hint


@pytest.mark.parametrize(
    "content",
    ["{", "[]", json.dumps({"headline": "accuracy"}), json.dumps(report(9, math.nan)), json.dumps({"card": 3})],
    ids=["truncated", "a list", "half", "not a number", "foreign"],
)
def test_a_report_that_cannot_be_used_is_named_and_hides_no_other(content: str, library: Library) -> None:
    put(library.root, "dmrnet", "seed9", content)
    found = comparison_tables.compare(library, "digits")
    assert row(found, "dmrnet").seeds == 3
    assert len(found.problems) == 1
    assert "seed9" in found.problems[0]
    assert found.problems[0] in comparison_tables.as_markdown(found)


def test_a_ladder_is_compared_to_the_complete_method(tmp_path: Path) -> None:
    for rank, rung in enumerate(ladder("dmrnet")):
        for seed in (0, 1):
            put(tmp_path, "dmrnet", rung_tag(rung, seed), report(seed, 0.5 + 0.1 * rank))
    found = comparison_tables.compare_ladder(Library(tmp_path), "digits", "dmrnet")
    assert [each.name for each in found.rows] == [rung.name for rung in ladder("dmrnet")]
    assert found.baseline == ladder("dmrnet")[-1].name
    assert found.rows[0].difference == pytest.approx((-0.3, -0.3, -0.3))


def test_markdown_has_a_row_per_method_and_the_best_in_bold(library: Library) -> None:
    lines = comparison_tables.as_markdown(comparison_tables.compare(library, "digits")).splitlines()
    assert lines[0].count("|") == lines[1].count("|") == 2 + 7 + 4 + 1
    assert "| I | S | P | IS | IP | SP | ISP |" in lines[0]
    ours = next(line for line in lines if line.startswith("| DMRNet"))
    assert "**82.0 ± 1.0**" in ours
    assert "+2.0 [-0.5, +4.5]" in ours
    joint = next(line for line in lines if line.startswith("| Joint"))
    assert "±" not in joint
    assert joint.endswith("|  |")


def test_csv_has_a_line_per_cell_and_leaves_unknown_numbers_empty(library: Library) -> None:
    lines = list(csv.DictReader(io.StringIO(comparison_tables.as_csv(comparison_tables.compare(library, "digits")))))
    assert len(lines) == 3 * 8
    ours = next(line for line in lines if line["method"] == "dmrnet" and line["combination"] == "mean")
    assert (ours["score"], ours["deviation"], ours["difference"]) == ("0.82000", "0.01000", "0.02000")
    alone = next(line for line in lines if line["method"] == "joint")
    assert (alone["deviation"], alone["difference"], alone["low"]) == ("", "", "")
    assert "nan" not in comparison_tables.as_csv(comparison_tables.compare(library, "digits"))


def test_json_is_strict_json(library: Library) -> None:
    text = json.dumps(comparison_tables.as_json(comparison_tables.compare(library, "digits")), allow_nan=False)
    found = json.loads(text)
    assert set(found["methods"]) == {"joint", "dropout", "dmrnet"}
    assert found["methods"]["joint"]["mean_deviation"] is None
    assert found["methods"]["dmrnet"]["difference"][0] == pytest.approx(0.02)


def test_tables_are_written_and_filled_in_between_marks(library: Library, tmp_path: Path) -> None:
    found = comparison_tables.compare(library, "digits")
    comparison_tables.write_tables(found, tmp_path / "out", "digits")
    assert {file.suffix for file in (tmp_path / "out").iterdir()} == {".md", ".csv", ".json"}
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table:digits -->\nold\n<!-- end -->\nbetween\n<!-- table:x -->\nkept\n<!-- end -->\n")
    table = r"new \1 table"
    assert comparison_tables.fill(page, {"digits": table, "absent": "-"}) == ["digits"]
    expected = f"before\n<!-- table:digits -->\n{table}\n<!-- end -->\nbetween\n<!-- table:x -->\nkept\n<!-- end -->\n"
    assert page.read_text() == expected
    assert comparison_tables.fill(page, {"digits": table}) == ["digits"]
    assert page.read_text() == expected


def test_runs_of_a_source_that_no_report_has() -> None:
    assert runs_from_reports({"a": [report(0, 0.5)]}, {}, "real") == ((), (), 0)


def test_confusion_counts_by_hand() -> None:
    found = confusion(np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1]), 3)
    np.testing.assert_array_equal(found, [[1, 1, 0], [0, 1, 1], [0, 0, 0]])


def test_the_first_run_of_a_method_is_an_ordinary_one(tmp_path: Path) -> None:
    for tag in ("seed10", "ablation-kl-seed0", "seed2"):
        folder = tmp_path / "digits" / "dmrnet" / tag
        folder.mkdir(parents=True)
        (folder / "model.safetensors").touch()
    assert [found.tag for found in Library(tmp_path).references()] == ["seed2", "seed10", "ablation-kl-seed0"]


def test_no_name_works_as_a_formula_in_a_spreadsheet():
    """What Excel, LibreOffice and Sheets compute: OWASP, CSV Injection."""
    hostile = ("=cmd|' /C calc'!A0", "+1+2", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", '=HYPERLINK("http://e")')
    numbers = ("-1.5", "+0.3", "1e-9", "-inf", "12 %", -2, -0.5, "")
    text = csv_file.as_csv(["=head", "n"], zip(hostile, numbers, strict=True), note="of =1+1, =1+1;@x")
    note, *lines = list(csv.reader(io.StringIO(text, newline="")))
    assert [cell for cell in note[1:] if cell.strip().startswith(csv_file.FORMULA)] == []
    assert lines[0] == ["'=head", "n"]
    assert [row[0] for row in lines[1:]] == [f"'{each}".replace("\r", "\n") for each in hostile]
    assert [row[1] for row in lines[1:]] == [str(each) for each in numbers]
    assert csv_file.as_csv(["a"], [["dog-cat"], ["a=b"], ["−3"]]) == "a\ndog-cat\na=b\n−3\n"
