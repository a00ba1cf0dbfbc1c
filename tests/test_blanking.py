"""More and more of one input blanked: what the shipped samples hold under a rule, and who answers for what is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmlab.core.modality import Modalities, Modality
from mmlab.core.results import Sweep
from mmlab.inference import blanking, imputation
from mmlab.inference.blanking import PERCENT, BlankRule, answered_without, blanked_pack
from mmlab.inference.predictor import Model
from tests.library import untrained

TWO = Modalities([Modality(name, "vector", (1,), name, name) for name in "ab"])


def swept(present: list[list[bool]]) -> Sweep:
    """Three combinations of two inputs: a answers 1 s, b 2 s, both 3 s."""
    count = len(present)
    logits = np.repeat(np.array([1.0, 2.0, 3.0], np.float32)[:, None, None], count, 1)
    ids = tuple(map(str, range(count)))
    mean = np.zeros((3, count, 0), np.float32)
    return Sweep(("a", "b", "a-b"), logits, mean, None, np.zeros(count), np.array(present), ids, ids)


def test_what_is_lost_is_answered_by_the_other_inputs() -> None:
    found = answered_without(swept([[True, True], [False, True], [True, False]]), TWO)
    assert found.logits[:, :, 0].tolist() == [[1, 1, 1], [2, 2, 2], [3, 2, 1]]


def test_nothing_of_an_input_counts_as_missing_and_other_inputs_stay() -> None:
    rule = BlankRule("sound", "middle")
    intact, half, whole = (blanked_pack("digits", rule, percent, 4) for percent in (0, 50, 100))
    assert intact.present.all()
    assert half.present.all()
    assert whole.present.tolist() == [[True, False, True]] * 4
    assert not half.inputs["sound"].equal(intact.inputs["sound"])
    for other in ("image", "pen"):
        assert half.inputs[other].equal(intact.inputs[other])


def test_a_sensor_that_never_moves_is_still_given() -> None:
    found = blanked_pack("watch", BlankRule("gyroscope", "end"), 100, 3)
    assert found.present.all()
    assert not found.inputs["gyroscope"].any()


def test_at_random_samples_have_places_of_their_own_by_the_seed() -> None:
    first, again, other = (
        blanked_pack("watch", BlankRule("gyroscope", "random", seed), 50, 3).inputs["gyroscope"] for seed in (1, 1, 2)
    )
    assert first.equal(again)
    assert not first.equal(other)
    starts = [np.flatnonzero(~np.diff(each[0].numpy()).astype(bool))[0] for each in first]
    assert len(set(starts)) > 1


def test_a_model_is_asked_under_every_share_and_what_it_says_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    (reference,) = untrained(tmp_path, "digits", "joint")
    model, rule = Model.open(reference), BlankRule("sound", "end")
    told: list[float] = []
    with pytest.raises(imputation.NotComputed):
        blanking.stored_blanked(model.digest, rule)
    assert blanking.blanked_stamp(model.digest, rule) == 0
    computed = blanking.compute_blanked(model, rule, 3, told.append)
    assert told == pytest.approx([(place + 1) / len(PERCENT) for place in range(len(PERCENT))])
    assert blanking.blanked_stamp(model.digest, rule) > 0
    stored = blanking.stored_blanked(model.digest, rule, model.task.info)
    assert [each.present.tolist() for each in stored] == [each.present.tolist() for each in computed]
    apart = [np.abs(each.logits - stored[0].logits).max((1, 2)) for each in stored]
    for place, key in enumerate(stored[0].combinations):
        changes = [float(each[place]) for each in apart]
        assert (max(changes) > 1e-3) == ("sound" in key), key
    last, names = stored[-1], stored[-1].combinations
    np.testing.assert_allclose(last.logits[names.index("image-sound")], last.logits[names.index("image")], atol=1e-2)
