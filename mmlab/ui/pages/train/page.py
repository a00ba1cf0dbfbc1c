"""The content of the Train page: what to train, generated from the options' own descriptions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec

import streamlit as st

from mmlab.core.errors import DataError
from mmlab.core.method import METHODS
from mmlab.core.options import Described, describe
from mmlab.core.permissions import Action
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task, is_trained_here
from mmlab.core.training_plan import Plan
from mmlab.experiments.background.manager import TrainingQueue
from mmlab.experiments.background.run_files import TrainRequest, Value
from mmlab.experiments.train_job import default_plan
from mmlab.storage.library import SEED_FOLDER
from mmlab.ui.components import page_frame, pickers
from mmlab.ui.pages.train import presets, progress
from mmlab.ui.session import access, cache, url_state
from mmlab.ui.text import wording

USUAL = "dmrnet"
LABELS = {
    "encoders": phrase("Encoders"),
    "select": phrase("Select the best epoch by"),
    "source": phrase("Training data"),
    "samples": phrase("Training samples (0: all)"),
}


def show(task_name: str, asked: str) -> None:
    """The whole page under the bar. asked: the method that is looked at, which the form begins with."""
    if not is_trained_here(cache.task(task_name)):
        elsewhere = say("The models of this task were made elsewhere: they are looked at here, not trained.")
        st.info(f"{elsewhere}  \n{say('Choose another task to train a method.')}")
        progress.show()
        return
    with st.container(border=True):
        st.subheader(say("New training"), help=wording.help("running"), anchor=False)
        _form(task_name, asked)
    progress.show()
    pickers.numbers_help("running", "learning")


@page_frame.panel
def _form(task_name: str, asked: str) -> None:
    task = cache.task(task_name)
    names = [name for name in METHODS if METHODS[name].trained_here and not METHODS[name].unsupported_reason(task.info)]
    head = st.container(horizontal=True, vertical_alignment="bottom", key="mm-train")
    with head:
        method = st.selectbox(
            say("Method"),
            names,
            index=next((names.index(name) for name in (asked, USUAL) if name in names), 0),
            format_func=cache.title,
            key=f"train.{task_name}.method",
            help=wording.help("method"),
            width=230,
        )
        known = presets.pace(task_name, method)
        preset = presets.choose(task_name, known)
    st.caption(page_frame.plain(say(METHODS[method].about)))
    with st.expander(say("Expert settings")):
        free = _free_seed(task_name, method)
        seed = int(
            st.number_input(say("Seed"), 0, 2**31 - 1, free, key="train.seed", help=wording.help("seed"), width=130)
        )
        key = f"train.{task_name}.{method}"
        config = _options(key, cache.title(method), describe(METHODS[method].Config))
        usual = _plan(task, method)
        less = {} if known is None else presets.plan(presets.PRESETS[preset], known, int(_default(usual, "epochs")))
        fitted = [replace(item, default=less.get(item.name, item.default)) for item in usual]
        part = f"{key}.plan" if preset == presets.FULL else f"{key}.plan.{preset}"
        plan = {**less, **_options(part, say("Plan: how long and on what"), fitted)}
    proposed = _free_name(task_name, method, _name(config, plan, seed))
    with head:
        name = st.text_input(
            say("Name of the run"),
            key="train.name",
            placeholder=proposed,
            max_chars=60,
            help=say(
                "What the model is called in the library. Letters, digits, . _ and -; empty for the proposed name."
            ),
            width=240,
        )
    order = TrainRequest(task_name, method, config, plan, seed, name.strip() or proposed)
    _start(task, order, known)


def _default(items: Sequence[Described], name: str) -> Value:
    value: Value = next(item.default for item in items if item.name == name)
    return value


def _free_seed(task: str, method: str) -> int:
    """The first seed with which the method was not trained here."""
    tags = {folder.name for folder in cache.library().glob(f"{task}/{method}/seed*")}
    return next(seed for seed in range(len(tags) + 1) if f"seed{seed}" not in tags)


def _free_name(task: str, method: str, name: str) -> str:
    """A name that no run has; that of an ordinary run stays, since it says which seed it is."""
    tags = {reference.tag for reference in cache.library().references(task, method)}
    if SEED_FOLDER.fullmatch(name):
        return name
    return next(each for each in (name, *(f"{name}-{number}" for number in range(2, 1000))) if each not in tags)


def _start(task: Task, order: TrainRequest, known: presets.Pace | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="mm-train-go"):
        clicked = st.button(
            say("Start training"), type="primary", key="train.start", **access.disabled_if_refused(Action.TRAIN)
        )
        saved = say("Saved as **{run}**.", run=page_frame.plain(order.tag))
        st.caption(f"{saved} {_duration(order, known)}", width="content")
    with st.expander(say("The same as a command")):
        st.code(order.command, language="bash", wrap_lines=True)
    if not clicked:
        return
    if (order.config or order.plan) and SEED_FOLDER.fullmatch(order.tag):
        raise DataError(
            say(
                "'{run}' is reserved for runs with the default settings, which are compared with each other.",
                run=order.tag,
            ),
            say("Give this run another name, or none."),
        )
    started = TrainingQueue(cache.library()).start(order)
    url_state.put(run=started.order.name)
    st.rerun()


def _options(key: str, label: str, items: Sequence[Described]) -> dict[str, Value]:
    """A form for described options, each with what it means; the values that differ from the defaults."""
    if not items:
        return {}
    changed: dict[str, Value] = {}
    st.markdown(f"**{page_frame.plain(label)}**")
    columns = st.columns(2, gap="medium")
    for position, item in enumerate(items):
        with columns[position % 2]:
            value = _widget(f"{key}.{item.name}", item)
            usual = say("Usually {value}.", value=repr(item.default))
            st.caption(page_frame.plain(f"{say(item.help)}. {usual}"))
        if value != item.default:
            changed[item.name] = value
    if changed:
        named = ", ".join(f"{page_frame.plain(_label(name))} {changed[name]}" for name in changed)
        st.caption(f"{say('Changed:')} {named}")
    return changed


def _widget(key: str, item: Described) -> Value:
    label = _label(item.name) + (f" ({page_frame.plain(item.symbol)})" if item.symbol else "")
    if item.kind is bool:
        return bool(st.toggle(label, item.default, key=key))
    if item.choices:
        return str(st.selectbox(label, item.choices, item.choices.index(item.default), key=key))
    if item.kind is int:
        low, high = (None if bound is None else int(bound) for bound in (item.low, item.high))
        return int(st.number_input(label, low, high, int(item.default), 1, key=key))
    if item.kind is float:
        least, most = (None if bound is None else float(bound) for bound in (item.low, item.high))
        step = _step(float(item.default))
        return float(st.number_input(label, least, most, float(item.default), step, "%g", key=key))
    return str(st.text_input(label, str(item.default), key=key))


def _plan(task: Task, method: str) -> list[Described]:
    """The options of the plan with the method's own defaults, and only the data that are here."""
    usual, found = default_plan(task, METHODS[method]), []
    for item in describe(Plan):
        if item.name == "encoders" and find_spec("timm") is None:
            continue  # the extra is not here
        item = replace(item, default=usual.get(item.name, item.default))
        if item.name == "source":
            item = replace(item, choices=tuple(task.sources()))
        found.append(item)
    return found


def _duration(order: TrainRequest, known: presets.Pace | None) -> str:
    """How long this takes by what earlier runs took."""
    if known is None:
        return ""
    usual = default_plan(cache.task(order.task), METHODS[order.method])
    epochs = float(order.plan.get("epochs", usual.get("epochs", Plan().epochs)))
    samples = float(order.plan.get("samples") or known.samples)
    return say("About {time}, as earlier runs took.", time=wording.minutes(epochs * samples * known.seconds))


def _name(config: Mapping[str, Value], plan: Mapping[str, Value], seed: int) -> str:
    parts = [f"{name}-{value}" for name, value in {**config, **plan}.items()]
    whole = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join([*parts, f"seed{seed}"]))
    return whole if len(whole) <= 60 else f"{whole[:48].rstrip('-')}-seed{seed}"


def _label(name: str) -> str:
    return say(LABELS.get(name, name.replace("_", " ").capitalize()))


def _step(default: float) -> float:
    return 0.1 if default <= 0 else 10.0 ** math.floor(math.log10(default))
