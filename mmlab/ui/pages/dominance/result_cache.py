"""Cached results of the Dominance page: in memory by the state of the checkpoint, the slowest also on disk.

>>> found = kept.panel(reference, absent="")                          # the measures, under the method's own rule
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from mmlab.analysis.attribution.sanity_checks import RandomLabelModel
from mmlab.analysis.attribution.sanity_checks import learn_random_labels as taught
from mmlab.analysis.base.coalitions import Lattice
from mmlab.analysis.base.input_swapping import InputSwapper, ProgressCallback, no_progress
from mmlab.analysis.base.sampling import FEWEST, complete_samples
from mmlab.analysis.dominance.cue_conflict import CueConflict, NoPairs, measure_conflict
from mmlab.analysis.dominance.gradient_conflict import CombinationGradients, combination_gradients
from mmlab.analysis.dominance.payoffs import value_table
from mmlab.analysis.dominance.perturbations import DONOR_RULE, OWN_RULE, ProbeBudget, Probes, keep, probe, stored
from mmlab.analysis.dominance.report import DominanceReport, lattice_of
from mmlab.analysis.dominance.report import dominance_report as measured
from mmlab.core.batch import Samples
from mmlab.core.errors import CheckpointError, DataError, Unsupported
from mmlab.core.group_name import group_name
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Versioned
from mmlab.experiments.recorders.attribution_maps import Snapshots
from mmlab.experiments.recorders.attribution_maps import read as read_snapshots
from mmlab.ui.components import selection
from mmlab.ui.components.background_task import looked_up, run_cached
from mmlab.ui.session import cache
from mmlab.ui.text import language

DONOR = "donor"
Chosen = frozenset[str] | None  # names of the test samples that are looked at; None for all


def samples(task_name: str) -> Samples:
    """The built-in test samples of a task, as they are now: read only."""
    task = cache.task(task_name)
    return task.samples("test") if isinstance(task, Versioned) else _built_in_samples(task_name)


@st.cache_resource(show_spinner=False, max_entries=3)
def _built_in_samples(task_name: str) -> Samples:
    return cache.task(task_name).samples("test")


@st.cache_resource(show_spinner=False, max_entries=8)
def lattice(reference: Reference) -> Lattice:
    """The stored answers by combination: read only. Raises CheckpointError, or DataError where they cannot be used."""
    return lattice_of(cache.sweep(reference))


@st.cache_resource(show_spinner=False, max_entries=16)
def values(reference: Reference, worth: str) -> np.ndarray:
    """The payoff of each prediction, `[2**M, N]`: read only."""
    found = lattice(reference)
    return value_table(cache.task(reference.task).info.output, found.logits, found.target, worth)


def probes(reference: Reference, wanted: Chosen = None) -> Probes:
    """The probes of a model: from memory, from disk (for all samples), or computed now with a progress bar.

    Raises Stopped, or DataError for too few samples.
    """

    def make(tell: ProgressCallback) -> Probes:
        return ask(reference, wanted, tell)

    return run_cached(("probes", reference, wanted), say("Predicting with swapped inputs"), make)


def ask(reference: Reference, wanted: Chosen = None, tell: ProgressCallback = no_progress) -> Probes:
    """The same from disk or computed, without a page: for a file that is made outside the session."""
    with cache.pool().lend(reference) as model:
        effort = ProbeBudget.usual(model.method.output)
        found = stored(model.digest, effort) if wanted is None else None
        if found is None:
            found = probe(model.method, _among(reference.task, wanted), effort, tell=tell)
            if wanted is None:
                keep(found, model.digest, effort)
        return found


def known_probes(reference: Reference, wanted: Chosen = None) -> Probes | None:
    """The same where it was computed before, here or in another session; None where it was not. Nothing is computed."""
    found = looked_up(("probes", reference, wanted))
    if isinstance(found, Probes):
        return found
    digest = str(cache.report(reference).get("digest", ""))
    if wanted is not None or not digest:
        return None
    try:
        return _on_disk(reference, digest)
    except LookupError:  # and asked again, since only what was found is kept
        return None


@st.cache_resource(show_spinner=False, max_entries=8)
def _on_disk(reference: Reference, digest: str) -> Probes:
    found = stored(digest, ProbeBudget.usual(cache.task(reference.task).info.output))
    if found is None:
        raise LookupError(digest)
    return found


def answers(reference: Reference, wanted: Chosen = None) -> Lattice:
    """The stored answers to the samples that are looked at."""
    every = lattice(reference)
    return every if wanted is None else every.at(selection.places(every.ids, wanted))


def report(reference: Reference, absent: str, wanted: Chosen = None) -> DominanceReport:
    """The table of all measures. absent: "" for the method's own rule, "donor" for another sample's input.

    Without the model itself (answers from a file) those that need it say so. Raises Unsupported for "donor" then.
    """
    try:
        found: Probes | None = probes(reference, wanted)
    except Unsupported:
        if absent == DONOR:
            raise
        found = None
    info = cache.task(reference.task).info

    def make(tell: ProgressCallback) -> DominanceReport:
        own = answers(reference, wanted)
        groups = dict(zip(own.ids, own.groups, strict=True))
        used = found.lattice(info.modalities, groups) if found is not None and absent == DONOR else own
        tell(0.2)
        rule, noun = DONOR_RULE if absent == DONOR else OWN_RULE, group_name(cache.task(reference.task))
        return measured(used, info.output, info.modalities, found, rule, noun)

    key = ("panel", reference, absent, wanted, language.current())
    return run_cached(key, say("Computing the measures"), make)


def _among(task_name: str, wanted: Chosen) -> Samples:
    """The test samples that are looked at. Raises DataError for too few."""
    every = samples(task_name)
    if wanted is None:
        return every
    some = every.at(selection.places(every.ids, wanted))
    if int(some.present.all(1).sum()) < FEWEST:
        message = say("Fewer than {count} of the selected samples have every input.", count=FEWEST)
        raise DataError(message, say("Select more of them on Embed, or show all."))
    return some


def clashes(reference: Reference, first: str, second: str, wanted: Chosen = None) -> CueConflict:
    """The cue conflict of two inputs. Raises DataError for too few samples."""

    def make(tell: ProgressCallback) -> CueConflict:
        with cache.pool().lend(reference) as model:
            count = model.method.output.affordable(256, 40)
            chosen = complete_samples(_among(reference.task, wanted), count)
            recombiner = InputSwapper(model.method, chosen.inputs)
            try:
                return measure_conflict(
                    recombiner, chosen.target.numpy(), model.method.output, first, second, tell=tell
                )
            except NoPairs as error:
                if wanted is None:
                    raise
                advice = say("Select more varied samples on Embed, or show all.")
                raise DataError(say("The selected samples are too similar for a cue conflict."), advice) from error

    return run_cached(("clash", reference, first, second, wanted), say("Combining inputs of different samples"), make)


def gradients(reference: Reference) -> CombinationGradients:
    """Gradients of all combinations at the end of the training. Raises DataError where nothing is shared."""

    def make(tell: ProgressCallback) -> CombinationGradients:
        with cache.pool().lend(reference) as model:
            chosen = complete_samples(samples(reference.task), model.method.output.affordable(128, 16))
            place = model.method.device
            return combination_gradients(model.method, chosen.batch(range(len(chosen))).to(place))

    return run_cached(("gradients", reference), say("One backward pass per combination"), make)


def random_label_model(reference: Reference) -> RandomLabelModel:
    """A network of the same build that learned shuffled answers by heart. Raises Stopped."""

    def make(tell: ProgressCallback) -> RandomLabelModel:
        with cache.pool().lend(reference) as model:
            return taught(model.method, samples(reference.task), tell=tell)

    return run_cached(("rote", reference), say("Training a network on shuffled labels"), make)


@st.cache_resource(show_spinner=False, max_entries=16)
def snapshots(reference: Reference, names: tuple[str, ...]) -> Snapshots:
    """The maps that were stored while a model with these modalities learned: read only. Raises CheckpointError."""
    found = read_snapshots(Path(reference.path))
    epochs, samples = len(found.epochs), len(found.ids)
    places = {each.shape[:2] for each in found.maps.values()} | {found.score.shape}
    fits = places == {(epochs, samples)} and found.shares.shape == (epochs, samples, len(names))
    if not epochs or not samples or not fits or set(found.maps) != set(names):
        raise CheckpointError(say("The snapshots of this training are damaged."), say("Train the model again."))
    return found
