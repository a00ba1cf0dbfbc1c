"""Regions scored case by case: what several slices of one volume are worth together, and what an empty answer is."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.core.modality import Modalities, Modality
from mmlab.core.outputs import Segmentation
from mmlab.core.results import Sweep
from mmlab.experiments.train_job import summary
from mmlab.inference.sweep import metrics
from mmlab.tasks.custom_folder import task_class
from tests import folders

OUTPUT = Segmentation(("lesion",))
MODALITIES = Modalities([Modality("a", "image", (1, 4, 4), "A", "A")])


def slices(*pairs: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Slices of which each has so many pixels found, so many there, so many in both."""
    kept = np.zeros((len(pairs), 1, 20))
    for row, (found, there, both) in enumerate(pairs):
        kept[row, 0, :3] = both, found, there
    return kept, np.array([[there] for _, there, _ in pairs])


def score(name: str, kept: np.ndarray, truth: np.ndarray, groups: list[str] | None = None) -> float:
    return OUTPUT.metrics_of(kept, truth, groups)[name]


def test_the_slices_of_a_case_are_taken_together() -> None:
    kept, truth = slices((4, 4, 4), (0, 4, 0), (8, 8, 8), (2, 0, 0))
    together = score("case_dice", kept, truth, ["p", "p", "q", "q"])
    assert together == pytest.approx((2 * 4 / (4 + 8) + 2 * 8 / (10 + 8)) / 2)


def test_the_order_of_slices_and_of_names_does_not_matter() -> None:
    kept, truth = slices((4, 4, 4), (0, 4, 0), (8, 8, 8), (2, 0, 0))
    order = [2, 0, 3, 1]
    groups = ["z", "z", "b", "b"]
    shuffled = score("case_dice", kept[order], truth[order], [groups[row] for row in order])
    assert shuffled == pytest.approx(score("case_dice", kept, truth, groups))


def test_an_empty_answer_scores_nothing_however_many_slices_are_empty() -> None:
    kept, truth = slices((0, 4, 0), *[(0, 0, 0)] * 9)
    assert score("dice", kept, truth) == pytest.approx(0.9)
    assert score("case_dice", kept, truth) == 0
    assert score("case_dice", kept, truth, ["one"] * 10) == 0
    assert score("empty_specificity", kept, truth) == 1


def test_what_finds_something_beats_what_finds_nothing() -> None:
    nothing, truth = slices((0, 4, 0), *[(0, 0, 0)] * 5)
    something, _ = slices((4, 4, 3), *[(1, 0, 0)] * 5)
    assert score("dice", something, truth) < score("dice", nothing, truth)
    assert score("case_dice", something, truth, ["p"] * 6) > score("case_dice", nothing, truth, ["p"] * 6)
    assert score("empty_specificity", something, truth) == 0


def test_cases_without_the_region_have_no_dice() -> None:
    kept, truth = slices((3, 0, 0), (0, 0, 0))
    assert math.isnan(score("case_dice", kept, truth, ["p", "q"]))
    assert score("empty_specificity", kept, truth) == pytest.approx(0.5)


def test_a_case_counts_as_often_as_its_slices_are_drawn() -> None:
    kept, truth = slices((4, 4, 4), (0, 4, 0), (8, 8, 8))
    metric = OUTPUT.output_metrics["case_dice"]
    drawn = metric.weighted(kept, truth, np.array([[2.0, 2, 1], [0, 0, 1], [0, 0, 0]]), ["p", "p", "q"])
    assert drawn[:2] == pytest.approx([(2 * (2 * 4 / 12) + 1) / 3, 1.0])
    assert np.isnan(drawn[2])


def test_models_are_selected_and_reported_by_the_score_of_cases() -> None:
    assert OUTPUT.headline == "case_dice"
    kept, truth = slices((4, 4, 4), (0, 4, 0), (8, 8, 8))
    found = Sweep(
        ("a",), kept[None], np.zeros((1, 3, 2)), None, truth, np.ones((3, 1), bool), ("1", "2", "3"), ("p", "p", "q")
    )
    table = metrics(found, OUTPUT, MODALITIES)
    assert table["a"]["case_dice"] == pytest.approx((2 / 3 + 1) / 2)
    method = type("Method", (), {"output": OUTPUT, "modalities": MODALITIES})
    report = summary(found, method)  # type: ignore[arg-type]
    assert report["nothing"]["case_dice"] == 0
    assert report["nothing"]["empty_specificity"] is not None
    assert "hd95_lesion" not in report["nothing"]


def test_logits_without_groups_are_cases_by_themselves() -> None:
    truth = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    truth[0, 0, :2] = True
    found = OUTPUT.metrics((truth.float() * 2 - 1) * 9, truth)
    assert (found["case_dice"], found["empty_specificity"]) == (1, 1)


def test_slices_of_one_volume_are_a_case_without_being_told(tmp_path: Path) -> None:
    task = task_class(folders.scans(tmp_path))()
    assert task.samples("train").groups == ("labels.nii.gz", "labels.nii.gz")
