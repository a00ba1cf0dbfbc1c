"""The data shared by the page's sections: the chosen models, graded under one rule, one measure, one combination."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import streamlit as st

from mmlab.analysis.robustness.per_sample_scores import Measure, PerSampleScores, grade, hardness
from mmlab.core.errors import MmlabError
from mmlab.core.group_name import group_name
from mmlab.core.method import METHODS
from mmlab.core.modality import Combination
from mmlab.core.number_text import NONE, digits_of, fixed, on_scale
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.inference import imputation
from mmlab.ui.components import background_task, page_frame, pickers, selection, url_select
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import svg_chart, theme

HARDNESS = "hardness"
select = partial(url_select.select, "robustness.choice")


@dataclass(frozen=True)
class View:
    """Everything a section needs; the same object for the page and for the report.

    graded: by method, in the order of the list; shown: the method that single-model drawings are of; wanted: the
    samples that were chosen on Embed, None for all; made: `background_task.completed()` before it was read.
    """

    task: Task
    references: Mapping[str, Reference]
    graded: Mapping[str, PerSampleScores]
    shown: str
    measure: str
    rule: str
    selected: Combination
    wanted: frozenset[str] | None = None
    made: int = 0

    @property
    def one(self) -> PerSampleScores:
        """The grading of the model that is shown."""
        return self.graded[self.shown]

    @property
    def scored(self) -> Measure:
        """The measure of the model that is shown."""
        return self.one.measures[self.measure]

    @property
    def mask(self) -> int:
        """The selected combination as a bit mask."""
        return self.one.mask(self.selected.key)

    @cached_property
    def letters(self) -> list[tuple[str, str]]:
        """Letter and colour of each modality, in the task's order."""
        return [(item.letter, theme.modality_colour(i)) for i, item in enumerate(self.task.info.modalities)]

    @cached_property
    def masks(self) -> tuple[int, ...]:
        """All combinations as bit masks, in the order of `Modalities.subsets`."""
        return tuple(self.one.mask(combination.key) for combination in self.task.info.modalities.subsets())

    def key(self, mask: int) -> str:
        """`image-sound`."""
        return self.one.lattice.keys[mask]

    def label(self, mask: int) -> str:
        """`Image + Sound`."""
        return self.task.info.modalities.parse(self.key(mask)).label

    def has(self, mask: int) -> tuple[bool, ...]:
        """Which modalities a combination has, in the task's order."""
        return tuple(bool(mask >> place & 1) for place in range(len(self.letters)))

    def colour(self, method: str) -> str:
        """A model's colour: its place among the chosen."""
        return theme.method_colour(list(self.graded).index(method))

    @property
    def digits(self) -> int:
        """Behind the point of scores that are no shares."""
        return digits_of(self.scored.scores.tolist(), 3)

    def number(self, value: float) -> str:
        """A score for people: `93.1 %`, `0.412`."""
        if not math.isfinite(value):
            return NONE
        return f"{fixed(100 * value, 1)} %" if self.scored.is_share else on_scale(value, self.digits)

    def change(self, value: float) -> str:
        """A difference of scores for people: `−3.1 points`, `+0.041`."""
        if not math.isfinite(value):
            return NONE
        if self.scored.is_share:
            return say("{number} points", number=fixed(100 * value, 1, signed=True))
        return on_scale(value, self.digits, signed=True)

    def axis(self, values: Sequence[float]) -> svg_chart.Axis:
        """An axis of scores that holds the values."""
        text = svg_chart.percent if self.scored.is_share else svg_chart.plain
        return svg_chart.around([float(value) for value in values], wording.metric(self.measure), text)

    @property
    def basis(self) -> str:
        """What every number of the page rests on."""
        return say(
            "{metric} on {count} test samples. Missing inputs are {rule}.",
            metric=wording.metric(self.measure),
            count=f"{len(self.one.ids):,}",
            rule=say(imputation.RULES[self.rule].title),
        )

    @property
    def interval(self) -> str:
        """What intervals rest on, by whom they are clustered, or why there are none."""
        return self.one.clusters.in_words(group_name(self.task))

    @property
    def bands(self) -> str:
        """The same for a drawing that has bands where there are intervals."""
        return say("Bands: {interval}", interval=self.interval) if self.one.clusters.are_enough else self.interval

    def bounds(self, low: float, high: float) -> str:
        """An interval for people: ` (88.0 % to 91.2 %)`; nothing where there is none."""
        if not math.isfinite(low):
            return ""
        return f" ({say('{low} to {high}', low=self.number(low), high=self.number(high))})"

    def of(self, method: str) -> str:
        """The basis of a drawing of one model."""
        return f"{cache.title(method)}. {self.basis}"


def make(task_name: str, references: Sequence[Reference]) -> View | None:
    """The controls above the sections, and what they ask for; nothing where no chosen model has answers."""
    task, made = cache.task(task_name), background_task.completed()
    by_method = {reference.method: reference for reference in references}
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-robustness"):
        wanted = select(
            "rule",
            say("Imputation"),
            list(imputation.RULES),
            imputation.NATIVE,
            _rule_title,
            wording.help("rule"),
            240,
        )
        rule, found = _graded(by_method, wanted)
        if not found:
            return None
        wanted_one = url_state.get("lattice")
        shown = wanted_one if wanted_one in found else next(iter(found))
        measures = [name for name, each in found[shown].measures.items() if np.isfinite(each.scores[1:]).any()]
        name = select("measure", say("Measure"), measures, measures[0], wording.metric, wording.help("score"))
    remarks = st.container()  # a place of their own: one that comes must not draw anew, without its focus, what follows
    with remarks:
        _say_missing(by_method, found, wanted, rule)
        _say_incomplete(by_method[shown])
    wanted_names = selection.announced(cache.sweep(by_method[shown]).ids)
    found = {method: selection.only(each, wanted_names) for method, each in found.items()}
    chosen = pickers.current(task.info.modalities, task.info.modalities.names) or task.info.modalities.full
    with remarks:
        _warn(shown, chosen, task)
    return View(task, by_method, found, shown, name, rule, chosen, wanted_names, made)


def pick(task: Task, key: str) -> None:
    """Select a combination. For callbacks."""
    url_state.put(on=None if key == task.info.modalities.full.key else key)


@st.cache_resource(show_spinner=False, max_entries=48)
def graded(reference: Reference, rule: str, stamp: int) -> PerSampleScores:
    """A model's answers, graded. Raises CheckpointError, or DataError where the rule was not computed yet."""
    info = cache.task(reference.task).info
    if rule == imputation.NATIVE:
        return grade(cache.sweep(reference), info.output)
    return grade(imputation.stored(digest(reference), rule, info), info.output)


def stamp(reference: Reference, rule: str) -> int:
    """What tells one state of the stored answers from another."""
    return 0 if rule == imputation.NATIVE else imputation.stamp(digest(reference), rule)


@st.cache_resource(show_spinner=False, max_entries=16)
def slicings(reference: Reference, rule: str, stamp: int, others: tuple[Reference, ...]) -> dict[str, tuple[str, ...]]:
    """The ways to slice the test samples; how hard they are is judged by other models, never by the one shown."""
    one = graded(reference, rule, stamp)
    judges = []
    for other in others:
        try:
            table = graded(other, imputation.NATIVE, 0)
        except MmlabError:
            continue  # a model without answers judges nothing
        place = {name: column for column, name in enumerate(table.ids)}
        if table.lattice.keys == one.lattice.keys and all(name in place for name in one.ids):
            judges.append(table.right[:, [place[name] for name in one.ids]])
    return {**one.slices, **({HARDNESS: hardness(judges)} if judges else {})}


def digest(reference: Reference) -> str:
    """What ties stored answers to the weights."""
    return str(cache.report(reference).get("digest", ""))


def _rule_title(name: str) -> str:
    return say(imputation.RULES[name].title)


def _graded(references: Mapping[str, Reference], wanted: str) -> tuple[str, dict[str, PerSampleScores]]:
    """The rule in force and the models that have answers under it; the methods' own rule where none has."""
    said: set[str] = set()  # what is wrong with the samples is the same for all models
    for rule in dict.fromkeys((wanted, imputation.NATIVE)):
        found: dict[str, PerSampleScores] = {}
        for method, reference in references.items():
            try:
                found[method] = graded(reference, rule, stamp(reference, rule))
            except imputation.NotComputed:
                continue  # said below the controls, for all models together
            except MmlabError as error:
                if str(error) not in said:
                    page_frame.show_error(error)
                said.add(str(error))
        if found:
            return rule, found
    return imputation.NATIVE, {}


def _say_missing(
    references: Mapping[str, Reference], found: Mapping[str, PerSampleScores], wanted: str, rule: str
) -> None:
    """Which of the chosen models have no answers under the wanted rule."""
    missing = list(references) if rule != wanted else [name for name in references if name not in found]
    if wanted == imputation.NATIVE or not missing:
        return
    named = plain(", ".join(cache.title(method) for method in missing))
    told = say("Not computed for {models} yet; compute it under *Imputation*.", models=named)
    if rule != wanted:
        told += f" {say('Until then missing inputs are {rule} here.', rule=say(imputation.RULES[rule].title))}"
    st.info(told)


def _say_incomplete(reference: Reference) -> None:
    """That samples which lack inputs by nature are left out."""
    present = cache.sweep(reference).present
    if not present.all():
        st.caption(
            say(
                "Only the {count} of {total} test samples that have every input are compared.",
                count=f"{present.all(1).sum():,}",
                total=f"{len(present):,}",
            )
        )


def _warn(method: str, chosen: Combination, task: Task) -> None:
    """For a combination that the model never met during training."""
    if method in METHODS and not METHODS[method].trained_with_gaps and len(chosen) < len(task.info.modalities):
        st.warning(
            say(
                "**{model} was never trained with missing inputs.** Its predictions and its certainty for "
                "{inputs} are out of distribution.",
                model=plain(cache.title(method)),
                inputs=plain(chosen.label),
            )
        )
