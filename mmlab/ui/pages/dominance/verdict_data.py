"""The data of a verdict: the displayed run, the other seeds of its method, and which input the measures rank first.

Where a run's answers are kept its parts have an interval; of the other seeds the report has the score of each
combination, which is enough for the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import streamlit as st

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.clusters import Clusters
from mmlab.analysis.dominance.agreement import Agreement
from mmlab.analysis.dominance.payoffs import metric_of_right
from mmlab.analysis.dominance.perturbations import OWN_RULE
from mmlab.analysis.dominance.report import DominanceReport, dominance_report, ranking
from mmlab.analysis.dominance.verdict import SeedShares, Verdict, judge, shares_of_samples, shares_of_scores
from mmlab.core.errors import MmlabError
from mmlab.core.group_name import group_name
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.results import Sweep
from mmlab.storage.library import SEED_FOLDER
from mmlab.ui.components import selection
from mmlab.ui.components.background_task import ProgressCallback, run_cached
from mmlab.ui.pages.dominance import result_cache
from mmlab.ui.pages.dominance.result_cache import Chosen
from mmlab.ui.session import cache, comparison_cache
from mmlab.ui.text import language


@dataclass(frozen=True)
class Evidence:
    """A verdict with every measure that it rests on."""

    verdict: Verdict
    report: DominanceReport


def verdict(reference: Reference, wanted: Chosen) -> Verdict:
    """Whether one input dominates, from stored answers, and from what the model was asked before, if it was."""
    probed, info = result_cache.known_probes(reference, wanted), cache.task(reference.task).info

    def make(tell: ProgressCallback) -> Agreement:
        return ranking(result_cache.answers(reference, wanted), info.output, info.modalities, probed)

    key = ("ranking", reference, wanted, probed is not None, language.current())
    agreed = run_cached(key, say("Ranking the inputs"), make)
    return judge(seeds(reference, wanted), [say(each.label) for each in info.modalities], agreed)


def evidence(reference: Reference, wanted: Chosen) -> Callable[[], Evidence]:
    """The verdict with all measures, for a report, which is made outside the session.

    The model is asked then for what it was not asked before, which takes seconds: whoever signs has the whole of it.
    """
    answers, there = result_cache.answers(reference, wanted), result_cache.known_probes(reference, wanted)
    found, task = seeds(reference, wanted), cache.task(reference.task)
    info, noun = task.info, group_name(task)
    labels = [say(each.label) for each in info.modalities]

    def make() -> Evidence:
        probed = there
        if probed is None:
            with suppress(MmlabError):  # too few samples: the rows say what they need
                probed = result_cache.ask(reference, wanted)
        agreed = ranking(answers, info.output, info.modalities, probed)
        every = dominance_report(answers, info.output, info.modalities, probed, OWN_RULE, noun)
        return Evidence(judge(found, labels, agreed), every)

    return make


def seeds(reference: Reference, wanted: Chosen) -> tuple[SeedShares, ...]:
    """The run that is shown, then the other seeds of its method that were measured on the same samples.

    A run of one's own stands alone, and so does one on chosen samples or on samples with gaps: reports are about the
    whole test set.
    """
    shown = _answered(reference, wanted)
    if wanted is not None or not SEED_FOLDER.fullmatch(reference.tag) or not cache.sweep(reference).present.all():
        return (shown,)
    return (shown, *_others(reference, comparison_cache.stamp(reference.task)))


@st.cache_resource(show_spinner=False, max_entries=32)
def _answered(reference: Reference, wanted: Chosen) -> SeedShares:
    every, values = result_cache.lattice(reference), result_cache.values(reference, "right")
    kept = selection.places(every.ids, wanted)
    return shares_of_samples(reference.tag, values[:, kept], Clusters.of([every.groups[row] for row in kept]))


@st.cache_resource(show_spinner=False, max_entries=32)
def _others(reference: Reference, stamp: comparison_cache.Stamp) -> tuple[SeedShares, ...]:
    info, whole = cache.task(reference.task).info, cache.sweep(reference)
    try:
        table = comparison_cache.comparison(
            reference.task, "", "built-in", reference.method, metric_of_right(info.output), stamp
        )
    except MmlabError:
        return ()
    run = next((each for each in table.runs if each.name == reference.method), None)
    if run is None or table.samples != len(whole.ids) or len(table.combinations) != len(whole.combinations):
        return ()
    there = {each.tag: each for each in cache.library().references(reference.task) if each.method == reference.method}
    nothing = float(result_cache.values(reference, "right")[0].mean())
    found = []
    for seed, scores in zip(run.seeds, run.scores, strict=True):
        tag = f"seed{seed}"
        if tag == reference.tag:
            continue
        by_key = dict(zip(table.combinations, scores.tolist(), strict=True))
        own = _same(there.get(tag), whole)
        found.append(own or shares_of_scores(tag, by_mask(info.modalities.names, by_key, nothing)))
    return tuple(found)


def _same(reference: Reference | None, whole: Sweep) -> SeedShares | None:
    """Another seed from its own answers, where they are kept, of the same samples."""
    if reference is None:
        return None
    try:
        return _answered(reference, None) if cache.sweep(reference).ids == whole.ids else None
    except MmlabError:
        return None  # its report has the scores


def by_mask(names: tuple[str, ...], scores: Mapping[str, float], nothing: float) -> Numbers:
    """Scores by combination as `[2**M]` by bit mask. nothing: the score with no input at all."""
    table = np.full(2 ** len(names), nothing)
    for key, score in scores.items():
        table[sum(1 << names.index(name) for name in key.split("-"))] = score
    return table
