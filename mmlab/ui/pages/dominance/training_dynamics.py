"""During training: gradient norms, shares of attribution and gradient conflicts over the epochs, from the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from mmlab.analysis.base.ranking import tied_order
from mmlab.analysis.dominance.training_dynamics import (
    Conflicts,
    TrainingDynamics,
    gradient_conflicts,
    training_dynamics,
)
from mmlab.core.errors import CheckpointError
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import page_frame
from mmlab.ui.pages.dominance import epoch_slider, result_cache
from mmlab.ui.pages.dominance.modality_labels import Names
from mmlab.ui.pages.methods.evidence_views import Source
from mmlab.ui.session import library_entries, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme
from mmlab.viz.dominance import curves
from mmlab.viz.dominance.measure_table import arithmetic
from mmlab.viz.methods import evidence_figures


def show(task: Task, reference: Reference) -> None:
    """What the training of a shipped or own model left in its log, and the gradients of the stored model."""
    rows = Source(task, reference, {}).rows
    metric, nothing = task.info.output.guessing
    logged: Mapping[str, float] = next(iter(rows[0]["metrics"].values()), {}) if rows else {}
    metric = metric if metric in logged else task.info.output.logged(logged)
    names = Names.of_task(task.info.modalities)
    key = f"{reference.task}.{reference.method}"
    kept = library_entries.entry_of(reference).card.get("best_epoch")
    beside = partial(epoch_slider.maps, task, reference, names=names)
    course_of(rows, names, metric, nothing, key, beside, kept if isinstance(kept, int) else None)
    with page_frame.error_boundary():
        _now(reference, names)


def course_of(
    rows: Sequence[Mapping[str, Any]],
    names: Names,
    metric: str,
    nothing: float,
    key: str,
    beside: Callable[[int], None] | None = None,
    kept: int | None = None,
) -> None:
    """The figures of a log, with one epoch looked at: the one whose weights were kept, before anybody chose.

    beside: shows more of that epoch next to its lattice; kept: the number of the epoch, counted from 0.
    """
    found = training_dynamics(rows, metric, nothing)
    kept_at = _place(found, kept)
    at = _epoch(found, key, kept_at)
    st.markdown(f"{_said(found, names, at)}{_kept(kept_at, at)}")
    left, right = st.columns(2, gap="large")
    with left:
        epoch_slider.lattice(found, names, at, key)
    if beside is not None:
        with right, page_frame.error_boundary():
            beside(at)
    _curves(found, names, at, key)
    try:
        angles = gradient_conflicts(rows)
    except CheckpointError as error:
        st.caption(plain(str(error)))
        return
    _conflicts(angles, names, at, key)


def _curves(found: TrainingDynamics, names: Names, at: int, key: str) -> None:
    """Pushes, work and parts over the epochs."""
    shades = {names.labels[name]: names.colours[name] for name in found.names}
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(say("**Gradient norm in each input’s own encoder**"), help=wording.help("pushed"))
        lines = {names.labels[name]: found.norms[:, i] for i, name in enumerate(found.names)}
        figure = curves.over_epochs(found.epochs, lines, shades, say("gradient norm"), at, share=False)
        st.plotly_chart(figure, config=theme.CONFIG, key=f"{key}.norms")
    with right:
        _work(found, names, shades, at, key)
    with left:
        st.markdown(say("**Share of |gradient × activation|**"), help=wording.help("flow"))
        if found.shares is None:
            st.caption(say("These shares were not logged in this training."))
            return
        lines = {names.labels[name]: found.shares[:, i] for i, name in enumerate(found.names)}
        figure = curves.over_epochs(found.epochs, lines, shades, say("share"), at)
        st.plotly_chart(figure, config=theme.CONFIG, key=f"{key}.shares")


def _place(found: TrainingDynamics, epoch: int | None) -> int | None:
    """Where an epoch stands in the log; None where it is not there."""
    return next((place for place, number in enumerate(found.epochs.tolist()) if number == epoch), None)


def _kept(kept: int | None, at: int) -> str:
    """Whether the model of this page is that of the epoch that is looked at."""
    if kept is None:
        return ""
    if kept == at:
        return f" {say('This is the epoch that was kept.')}"
    return f" {say('The model that was kept is that of epoch {epoch}.', epoch=kept + 1)}"


def _epoch(found: TrainingDynamics, key: str, kept: int | None) -> int:
    last = len(found.epochs) - 1
    if last < 1:
        return 0
    wanted, usual = url_state.get("epoch"), last if kept is None else kept
    chosen = min(int(wanted) - 1, last) if wanted.isdecimal() and 0 < len(wanted) < 6 and int(wanted) else usual
    name = f"dominance.epoch.{key}"
    return int(
        st.slider(
            say("Epoch"),
            1,
            last + 1,
            key=url_state.follow(name, chosen + 1),
            on_change=lambda: url_state.put(epoch=str(st.session_state[name])),
        )
        - 1
    )


def _work(found: TrainingDynamics, names: Names, shades: Mapping[str, str], at: int, key: str) -> None:
    st.markdown(say("**Shapley value of the score**"), help=wording.help("work"))
    if found.work is None:
        st.caption(say("Not every combination was scored during training, so there are no Shapley values."))
        return
    lines = {names.labels[name]: found.work[:, i] for i, name in enumerate(found.names)}
    figure = curves.over_epochs(found.epochs, lines, shades, say("Shapley value"), at)
    st.plotly_chart(figure, config=theme.CONFIG, key=f"{key}.work")


def _said(found: TrainingDynamics, names: Names, at: int) -> str:
    """Who was pushed, and who had done what by one epoch."""
    norms = found.norms[at]
    said = say("Epoch {epoch}.", epoch=at + 1)
    if np.isfinite(norms).all():
        order = tied_order(norms)
        ratio = float(norms.max()) / max(float(norms.min()), 1e-9)
        first, second = (_together(found, names, places) for places in (order[0], order[-1]))
        if len(order) > 1:
            said = say(
                "Epoch {epoch}: the gradient norm of {first} was {ratio} times that of {second}.",
                epoch=at + 1,
                first=first,
                ratio=f"{ratio:.1f}",
                second=second,
            )
        else:
            said = say("Epoch {epoch}: the gradient norms were equal.", epoch=at + 1)
    if found.work is not None:
        work = found.work[at]
        order = tied_order(work)
        leader, part = _together(found, names, order[0]), wording.percent(float(work.max()))
        if len(order[0]) == 1:
            told = say("{inputs} did most of the work, {share} of the score.", inputs=leader, share=part)
        else:
            told = say("{inputs} did equally much of the work, {share} of the score each.", inputs=leader, share=part)
        said = f"{said} {told}"
    return said


def _together(found: TrainingDynamics, names: Names, places: Sequence[int]) -> str:
    return wording.together([plain(names.labels[found.names[place]]) for place in places])


def _conflicts(found: Conflicts, names: Names, at: int, key: str) -> None:
    st.markdown(say("**Gradient conflict between combinations**"), help=wording.help("in_the_way"))
    row = int(np.abs(found.epochs - at).argmin())
    left, right = st.columns(2, gap="large")
    with left:
        before, after = say("before"), say("after")
        lines = {before: found.rate, after: found.rate_after}
        shades = {before: theme.WRONG, after: theme.ACCENT}
        figure = curves.over_epochs(found.epochs, lines, shades, say("conflicting pairs"), at)
        st.plotly_chart(figure, config=theme.CONFIG, key=f"{key}.rate")
        st.plotly_chart(
            evidence_figures.angles(found.before[row], found.after[row]), config=theme.CONFIG, key=f"{key}.angles"
        )
    with right:
        short = [names.short(each) for each in found.keys]
        st.plotly_chart(
            evidence_figures.table(found.cosines[row], short, say("cosine")), config=theme.CONFIG, key=f"{key}.cosines"
        )
        epoch = int(found.epochs[row]) + 1
        st.caption(say("Mean cosine between the gradients of two combinations in epoch {epoch}.", epoch=epoch))
    if found.lengths is not None:
        lines = {names.short(each): found.lengths[:, k] for k, each in enumerate(found.keys)}
        shades = {name: theme.METHODS[i % len(theme.METHODS)] for i, name in enumerate(lines)}
        figure = curves.over_epochs(found.epochs, lines, shades, say("gradient norm"), at, share=False)
        st.plotly_chart(figure, config=theme.CONFIG, key=f"{key}.lengths")


def _now(reference: Reference, names: Names) -> None:
    """The gradients that the stored model would still get: for every method, whatever its log holds."""
    wanted = st.toggle(say("Gradients of the stored model, computed now"), key="dominance.now")
    if not wanted:
        return
    found = result_cache.gradients(reference)
    short = [names.short(key) for key in found.keys]
    left, right = st.columns(2, gap="large")
    with left:
        st.plotly_chart(
            evidence_figures.table(found.cosines, short, say("cosine")),
            config=theme.CONFIG,
            key="dominance.now.cosines",
        )
    with right:
        inside = (say("in {input}", input=label) for label in names.labels.values())
        head = (say("combination"), say("length"), *inside)
        rows: list[tuple[str | float, ...]] = [
            (name, float(found.lengths[row]), *("–" if np.isnan(each) else float(each) for each in found.encoders[row]))
            for row, name in enumerate(short)
        ]
        st.html(arithmetic(head, rows, "", ""))
        if alone := [names.labels[n] for n, own in zip(names.labels, found.encoders[0], strict=True) if np.isnan(own)]:
            shared = plain(", ".join(alone))
            st.caption(
                say("No part of this model belongs to {inputs} alone, so there is no gradient in it.", inputs=shared)
            )
    st.caption(
        say(
            "{share} of the pairs conflict, on the parameters that two combinations or more reach. On up to 128 test "
            "samples, without the randomness of training.",
            share=wording.percent(found.conflicts),
        )
    )
