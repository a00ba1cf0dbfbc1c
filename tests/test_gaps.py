"""Data with gaps: rates are read, drawn under a seed, kept apart from nature's gaps, and follow a run into its card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.modality import Modalities, Modality
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Vector
from mmlab.core.task import TASKS
from mmlab.experiments import comparison_tables, grid, train_job
from mmlab.experiments.train_job import TrainJob
from mmlab.inference.sweep import metrics, sweep
from mmlab.storage import checkpoints
from mmlab.storage.library import Library
from mmlab.tasks import cached_splits
from mmlab.tasks.cached_splits import Sample, cached_split, stacked
from mmlab.testing.toy_task import ToyTask
from mmlab.training.missing_data import metrics_as_given, missing_shares, rates_of, with_gaps

TASK = ToyTask()
MODALITIES = TASK.info.modalities
PLAN = {"epochs": 2, "batch_size": 32}


def test_rates_in_every_form():
    assert rates_of("", MODALITIES) == {"m0": 0.0, "m1": 0.0, "m2": 0.0}
    assert rates_of("0.3", MODALITIES) == {"m0": 0.3, "m1": 0.3, "m2": 0.3}
    assert rates_of("m0=0.5, m2=0.1", MODALITIES) == {"m0": 0.5, "m1": 0.0, "m2": 0.1}
    assert rates_of("shared", MODALITIES) == {"m0": 0.4, "m1": 0.4, "m2": 0.4}
    uneven = rates_of("imbalanced", MODALITIES)
    assert list(uneven.values()) == [0.7, 0.4, 0.1]


@pytest.mark.parametrize("text", ["lots", "1.0", "-0.1", "m0=x", "nan"])
def test_a_rate_that_cannot_be_gets_its_sentence(text: str):
    with pytest.raises(DataError):
        rates_of(text, MODALITIES)
    with pytest.raises(UnknownName):
        rates_of("smell=0.1", MODALITIES)


def test_gaps_are_drawn_under_a_seed_and_never_take_everything():
    samples = TASK.samples("train")
    rates = {"m0": 0.9, "m1": 0.9, "m2": 0.5}
    first, again, other = (with_gaps(samples, MODALITIES, rates, seed) for seed in (1, 1, 2))
    assert torch.equal(first.present, again.present)
    assert not torch.equal(first.present, other.present)
    assert first.present.any(1).all()
    for position, name in enumerate(MODALITIES.names):
        assert not first.inputs[name][~first.present[:, position]].any()
        kept = first.present[:, position]
        assert torch.equal(first.inputs[name][kept], samples.inputs[name][kept])
    assert samples.present.all()


def test_the_shares_are_those_of_independent_failures_without_the_empty_set():
    task = ToyTask(count=2)
    samples = task.samples("train")
    many = samples.__class__(
        {name: value.repeat(100, 1) for name, value in samples.inputs.items()},
        samples.present.repeat(100, 1),
        samples.target.repeat(100),
        samples.ids * 100,
        samples.groups * 100,
    )
    found = missing_shares(with_gaps(many, task.info.modalities, {"m0": 0.5, "m1": 0.2}, 0), task.info.modalities)
    # of (both .4, only m0 .1, only m1 .4, none .1), the last left out: m0 lacks in .4 / .9, m1 in .1 / .9
    assert found["m0"] == pytest.approx(4 / 9, abs=0.015)
    assert found["m1"] == pytest.approx(1 / 9, abs=0.015)


def test_natures_gaps_stay():
    samples = ToyTask(gaps=0.5).samples("train")
    found = with_gaps(samples, MODALITIES, {"m0": 0.3, "m1": 0.3, "m2": 0.3}, 0)
    assert not (found.present & ~samples.present).any()
    assert found.present.any(1).all()
    assert with_gaps(samples, MODALITIES, dict.fromkeys(MODALITIES.names, 0.0), 0) is samples


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    TASKS.discover()
    toy = type("Toy", (ToyTask,), {"info": TASK.info})
    monkeypatch.setitem(TASKS._items, "toy", toy)
    return Library(tmp_path)


def test_a_run_on_data_with_gaps_says_so_in_its_card_and_is_compared_apart(library: Library):
    job = grid.gap_jobs([TrainJob("toy", "dropout", {}, PLAN, 0)], "imbalanced")[0]
    folder = Path(train_job.run_train(job, str(library.root)))
    assert folder.name == "missing-imbalanced-seed0"
    card = checkpoints.load(folder).card
    assert card["plan"]["missing"] == "imbalanced"
    assert card["missing"]["m0"] > card["missing"]["m1"] > card["missing"]["m2"] > 0
    found = comparison_tables.compare(library, "toy", missing="imbalanced")
    assert [row.name for row in found.rows] == ["dropout"]


def test_as_they_are_answers_each_sample_from_what_it_has(library: Library):
    folder = Path(train_job.run_train(TrainJob("toy", "dropout", {}, PLAN, 0), str(library.root)))
    method = checkpoints.load(folder).method
    samples = with_gaps(TASK.samples("test"), MODALITIES, rates_of("0.5", MODALITIES), 3)
    found = sweep(method, samples)
    with torch.inference_mode():
        batch = samples.batch(range(len(samples)))
        logits = method(batch.inputs, batch.present).logits
    direct = method.output.metrics(logits, samples.target)
    assert metrics_as_given(found, method.output, MODALITIES) == pytest.approx(direct)
    whole = metrics(found, method.output, MODALITIES)[MODALITIES.full.key]["accuracy"]
    rows = np.flatnonzero(samples.present.all(1).numpy())
    right = logits.argmax(1)[rows] == samples.target[rows]
    assert whole == pytest.approx(float(right.double().mean()))


def test_a_split_is_stacked_with_zeros_for_what_a_sample_lacks_and_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path))
    modalities = Modalities([Modality(name, "vector", (2,), name.upper(), name.upper()) for name in ("a", "b")])
    prepare = dict.fromkeys(modalities.names, lambda raw: PreparedInput(torch.from_numpy(raw.values)))
    one = Vector(np.array([1, 2], np.float32), ("x", "y"))
    built: list[int] = []

    def build() -> Mapping[str, np.ndarray]:
        built.append(1)
        rows = (Sample("s0", "g", 1, {"a": one, "b": one}), Sample("s1", "g", 0, {"b": one}))
        return stacked(rows, modalities, prepare)

    found = [cached_split("toy-train", ("one",), modalities, build) for _ in range(2)]
    assert found[0] is found[1]
    cached_splits.forget()
    assert cached_split("toy-train", ("one",), modalities, build).present.tolist() == [[True, True], [False, True]]
    assert built == [1], "once; then from the disk"
    cached_split("toy-train", ("other",), modalities, build)
    assert built == [1, 1], "what it depends on has changed"
    assert found[0].inputs["a"].tolist() == [[1, 2], [0, 0]]
    assert found[0].target.tolist() == [1, 0]
    assert found[0].ids == ("s0", "s1")
