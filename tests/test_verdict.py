"""Whether one input dominates: each kind of verdict on toy cases whose answer can be had by hand, and its words."""

from __future__ import annotations

import numpy as np
import pytest

from mmlab.analysis.base.clusters import Clusters
from mmlab.analysis.dominance import verdict as verdicts
from mmlab.analysis.dominance.agreement import Agreement, agreement
from mmlab.analysis.dominance.alternatives import alternatives
from mmlab.analysis.dominance.verdict import SeedShares, Verdict, judge, shares_of_samples, shares_of_scores
from mmlab.ui.text import verdict as words

LABELS = ("Depth", "Color")


def run(name: str, depth: float, color: float, low: float = np.nan, high: float = np.nan) -> SeedShares:
    """A run with these Shapley values, which add up to what its inputs gain; an interval for both."""
    scores = np.array([0.0, depth, color, depth + color])  # by bit mask: each adds the same whatever is there
    found = shares_of_scores(name, scores)
    return SeedShares(name, found.shares, np.full(2, low), np.full(2, high), found.gain)


def ranked(**firsts: float) -> Agreement:
    """Measures by name with how much of one Depth has."""
    return agreement({name: np.array([share, 1 - share]) for name, share in firsts.items()}, LABELS)


def said(*runs: SeedShares, agreed: Agreement | None = None) -> Verdict:
    return judge(runs, LABELS, agreed)


def test_one_input_dominates_in_every_seed() -> None:
    found = said(run("seed0", 0.45, 0.05, 0.88, 0.93), run("seed1", 0.4, 0.1), agreed=ranked(alone=0.9, net=0.8))
    assert found.kind == verdicts.YES
    assert found.share == pytest.approx(0.9)
    assert found.interval == (0.88, 0.93)
    assert found.dominates == {"Depth": 2}
    assert not found.against


def test_no_input_dominates() -> None:
    found = said(run("seed0", 0.3, 0.2, 0.55, 0.65), run("seed1", 0.2, 0.3), agreed=ranked(alone=0.1))
    assert found.kind == verdicts.NO
    assert (found.leader, found.alike) == (0, 1)
    assert found.against == {"Color": ("alone",)}


def test_seeds_that_differ_are_said_whichever_way() -> None:
    depth, color, even = run("seed0", 0.45, 0.05), run("seed1", 0.05, 0.45), run("seed2", 0.25, 0.25)
    assert said(depth, color).kind == verdicts.SEEDS
    assert said(depth, color).dominates == {"Depth": 1, "Color": 1}
    assert said(depth, even).kind == said(even, depth).kind == verdicts.SEEDS
    assert said(depth, run("seed1", -0.1, 0.1)).kind == verdicts.SEEDS, "one that learned nothing"


def test_measures_that_put_others_first_take_the_yes_back() -> None:
    clear = run("seed0", 0.45, 0.05, 0.88, 0.93)
    half = said(clear, agreed=ranked(alone=0.9, net=0.1))
    assert half.kind == verdicts.MEASURES, "half of them is no majority"
    assert half.against == {"Color": ("net",)}
    assert half.reasons
    assert said(clear, agreed=ranked(alone=0.9, dropped=0.9, net=0.1)).kind == verdicts.YES
    assert said(clear, agreed=ranked(alone=0.5)).kind == verdicts.YES, "a measure that puts nobody first is silent"


def test_an_interval_that_holds_the_line_is_too_close_to_call() -> None:
    assert said(run("seed0", 0.38, 0.12, 0.7, 0.82)).kind == verdicts.CLOSE
    assert said(run("seed0", 0.36, 0.14, 0.68, 0.76)).kind == verdicts.CLOSE, "from below, too"


def test_where_inputs_gain_nothing_there_is_nothing_to_dominate() -> None:
    assert said(run("seed0", 0.1, -0.1)).kind == verdicts.NOTHING
    assert said(run("seed0", 0.0, 0.0)).kind == verdicts.NOTHING


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ValueError, match="two or more inputs"):
        judge([], LABELS)
    with pytest.raises(ValueError, match="two or more inputs"):
        judge([shares_of_scores("seed0", np.array([0.0, 1.0]))], ["Depth"])


def test_parts_keep_their_signs_and_add_up_to_one() -> None:
    found = shares_of_scores("seed0", np.array([0.0, 0.6, -0.2, 0.4]))
    assert found.shares == pytest.approx([0.75, -0.25])
    assert (found.call, found.leader) == (verdicts.YES, 0)
    assert np.isnan(found.low).all()


def test_the_interval_holds_the_share_and_is_wider_where_samples_come_in_groups() -> None:
    generator = np.random.default_rng(0)
    by_person = generator.random(20) < 0.5  # what decides is the person, not the sample
    depth = np.repeat(by_person, 30).astype(float)
    color = np.repeat(~by_person, 30).astype(float)
    values = np.stack([np.zeros(600), depth, color, depth + color])
    alone = shares_of_samples("seed0", values, Clusters.singles(600))
    grouped = shares_of_samples("seed0", values, Clusters.of([str(n) for n in np.repeat(np.arange(20), 30)]))
    assert alone.shares == pytest.approx(grouped.shares)
    assert alone.low[0] < alone.shares[0] < alone.high[0]
    assert grouped.high[0] - grouped.low[0] > 3 * (alone.high[0] - alone.low[0])
    few = shares_of_samples("seed0", values, Clusters.of([str(n) for n in np.repeat(np.arange(4), 150)]))
    assert np.isnan(few.low).all(), "fewer than five groups have no interval"
    assert alone.samples == 600


# Its words


@pytest.mark.parametrize(
    ("runs", "agreed", "expected"),
    [
        (
            [run("seed0", 0.455, 0.045, 0.88, 0.93), run("seed1", 0.4, 0.1)],
            None,
            "Yes: Depth dominates, 91 % of the Shapley value [88, 93], in 2 of 2 seeds.",
        ),
        (
            [run("seed0", 0.3, 0.2, 0.55, 0.65), run("seed1", 0.2, 0.3)],
            None,
            "No: no input dominates. Depth has the most, 60 % of the Shapley value [55, 65], in 1 of 2 seeds.",
        ),
        (
            [run("mine", 0.45, 0.05)],
            None,
            "Yes: Depth dominates, 90 % of the Shapley value, in the one run there is.",
        ),
        (
            [run("seed0", 0.45, 0.05), run("seed1", 0.05, 0.45), run("seed2", 0.25, 0.25)],
            None,
            "It depends on the seed: Depth dominates in 1 of 3; Color dominates in 1 of 3; no input does in 1. "
            "In seed0, Depth has 90 % of the Shapley value.",
        ),
        (
            [run("seed0", 0.38, 0.12, 0.7, 0.82)],
            None,
            "Too close to call: Depth has 76 % of the Shapley value [70, 82], and dominates from 75 % on.",
        ),
        (
            [run("seed0", 0.45, 0.05)],
            ranked(alone=0.9, net=0.1, cam=0.2),
            "The measures disagree: Depth has 90 % of the Shapley value, but 2 of the 3 measures that put an input "
            "clearly first name Color.",
        ),
    ],
)
def test_the_sentence_of_each_kind(runs: list[SeedShares], agreed: Agreement | None, expected: str) -> None:
    assert words.sentence(judge(runs, LABELS, agreed)) == expected


def test_whom_the_measures_put_first_is_said_with_the_exceptions() -> None:
    found = said(run("seed0", 0.45, 0.05), agreed=ranked(alone=0.9, dropped=0.9, net=0.1))
    assert words.measured(found, str.upper) == "2 of 3 measures put Depth clearly first; “NET”: Color."
    agreed = said(run("seed0", 0.45, 0.05), agreed=ranked(alone=0.9, net=0.5))
    assert words.measured(agreed, str.upper) == "1 of 2 measures put Depth clearly first; 1 has no clear first."
    assert words.measured(said(run("seed0", 0.45, 0.05)), str.upper) == ""


@pytest.mark.parametrize("share", [0.9, 0.6, 0.45, 0.1])
def test_words_on_agreement_never_contradict_the_list_of_firsts(share: float) -> None:
    found = ranked(alone=0.9, dropped=0.9, perceptual=0.9, net=share, cam=share, gradient=share)
    one = len(found.leaders) == 1
    assert ("disagree" in found.verdict or "most" in found.verdict) == (not one)
    assert bool(found.disputes) == (not one)


def test_what_would_help_is_the_method_whose_largest_part_is_smallest_with_its_price() -> None:
    depth_decides = [[0.0, 0.8, 0.2, 1.0], [0.0, 0.6, 0.2, 0.8]]  # of two seeds: parts of 80 and 75 %
    alike = [[0.0, 0.45, 0.45, 0.9]]
    color_decides = [[0.0, 0.1, 0.9, 1.0]]
    found = alternatives({"joint": depth_decides, "even": alike, "other": color_decides}, leader=0)
    assert [row.name for row in found] == ["even", "joint", "other"]
    even, joint, other = found
    assert joint.shares == pytest.approx([0.775, 0.225])
    assert joint.spread[0] == pytest.approx(0.05 / np.sqrt(2))
    assert np.isnan(even.spread).all()
    assert (other.first, other.largest) == (1, pytest.approx(0.9))
    assert (even.complete, even.without) == (0.9, 0.45)
    assert joint.without == pytest.approx(0.2)
    assert joint.mean == pytest.approx((0.8 + 0.2 + 1 + 0.6 + 0.2 + 0.8) / 6)
    with pytest.raises(ValueError, match="one of its inputs"):
        alternatives({"joint": depth_decides}, leader=2)
