"""Control with missing inputs: a controller swings the pendulum of the task, while the user takes inputs away."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st

from mmlab.core.environment import Environment, environment_of
from mmlab.core.modality import Combination, Modalities
from mmlab.core.number_text import fixed
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.experiments.ablations import rung_of
from mmlab.experiments.control import film as films
from mmlab.experiments.control import measure
from mmlab.experiments.control.film import Film
from mmlab.inference.predictor import Model
from mmlab.ui.components import page_frame, pickers, swing_film
from mmlab.ui.pages.predict import details
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache, url_state
from mmlab.viz.base import theme

SENSES = "control.on"  # session: the control of what the controller has
HELP = phrase(
    "The controller was trained by reinforcement learning on the frozen codes of all inputs (SAC). Nothing is learnt "
    "here: with an input gone, the method gives the code of what is left, and the controller takes it as it is."
)


def is_there(task: Task) -> bool:
    """Whether something can be done in the task."""
    return environment_of(task) is not None


def show(shown: PredictView, on: Combination, references: Sequence[Reference]) -> None:
    """The film, and below it what controllers get from each combination."""
    environment = environment_of(shown.task)
    runs = _runs(shown.task.name)
    if environment is None or not runs:
        command = f"python -m mmlab control --task {shown.task.name} --method m3ixup"
        st.info(
            say("No controller was trained for this task yet. Train one (the extra rl): {command}", command=command)
        )
        return
    names = {f"{run.method}/{run.tag}": run for run in runs}
    st.caption(say("Take an input away while it swings: the controller goes on with what is left."))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _senses(shown, on)
        chosen = st.selectbox(
            say("Representation"),
            list(names),
            format_func=lambda name: page_frame.plain(_named(names[name])),
            key=f"control.run.{shown.task.name}",
            help=say(HELP),
        )
        again = st.button(say("Start again"), key=f"control.again.{shown.task.name}")
    with cache.pool().lend(names[chosen]) as model:
        seen = say(model.method.representation)
        found = measure.read(Path(names[chosen].path), model.digest)
        _film(shown.task, environment, model, names[chosen], on, again)
    st.caption(say("What the controller sees: {representation}", representation=seen))
    st.html(_table(shown, found, on))
    controllers = len(found["combinations"][on.key]["seeds"])
    st.caption(
        say(
            "Return of an episode: the sum of its rewards, mean of {episodes} episodes; controllers: "
            "{controllers}; ± is the standard deviation of single episodes. {reward} {algorithm}, {steps} "
            "steps with all inputs.",
            episodes=found["state"]["episodes"],
            controllers=controllers,
            reward=say(environment.reward_words),
            algorithm=say(found["algorithm"]),
            steps=f"{found['steps']:,}",
        )
    )


def _runs(task: str) -> list[Reference]:
    """The runs of a task on whose codes controllers were trained; complete methods before the steps of a ladder."""
    found = measure.runs(cache.library(), task)
    return sorted(found, key=lambda each: (each.method != "m3ixup", len(each.tag), each.name))


def _named(run: Reference) -> str:
    """A run as people call it: by the label of its step, where it is one of a ladder."""
    step = rung_of(run.method, run.tag)
    seed = run.tag.rpartition("seed")[2]
    return f"{step.label} · seed {seed}" if step else f"{cache.title(run.method)} · {run.tag}"


def _senses(shown: PredictView, on: Combination) -> None:
    """What the controller has: the same as the switches above, beside the film."""
    keys = {each.key: each for each in shown.task.info.modalities.subsets() if set(each.names) <= set(shown.given)}
    st.segmented_control(
        say("What it senses"),
        list(keys),
        required=True,
        format_func=lambda key: page_frame.plain(keys[key].label),
        key=url_state.follow(SENSES, on.key),
        on_change=partial(_sense, shown.whole.key),
    )


def _sense(whole: str) -> None:
    key = st.session_state[SENSES]
    if key is None:  # one is required
        url_state.show_again(SENSES)
    else:
        url_state.put(on=None if key == whole else key)


def _film(task: Task, environment: Environment, model: Model, run: Reference, on: Combination, again: bool) -> None:
    """Go on from the step that is being watched with what is on now."""
    key = f"control.film.{task.name}"
    kept = st.session_state.get(key)
    owner = (run.name, model.digest)
    if again or kept is None or kept["owner"] != owner:
        seed = 0 if kept is None else kept["film"].seed + 1
        kept = {"owner": owner, "film": films.begun(environment, seed), "on": "", "start": 0, "since": time.monotonic()}
    if kept["on"] != on.key:
        watched = kept["start"] + int((time.monotonic() - kept["since"]) / environment.seconds)
        step = min(watched, len(kept["film"]))
        acting = measure.controller(Path(run.path), model.digest)
        going = films.continued(kept["film"], environment, model.method, acting, on, step)
        kept = {"owner": owner, "film": going, "on": on.key, "start": step, "since": time.monotonic()}
    st.session_state[key] = kept
    _play(task.info.modalities, environment, kept["film"], kept["start"], f"{owner}{kept['film'].seed}{kept['since']}")


def _play(modalities: Modalities, environment: Environment, film: Film, start: int, name: str) -> None:
    colours = pickers.colours(modalities)
    several = {
        each.key: theme.MUTED if len(each.names) > 1 else colours[each.names[0]] for each in modalities.subsets()
    }
    upright = films.share_upright(film, environment, start)
    swing_film.film(
        key="control.swing",
        name=name,
        poses=environment.pose(film.states).tolist(),
        worth=film.worth,
        inputs=film.inputs,
        start=start,
        seconds=environment.seconds,
        sensors=[
            {"name": each.name, "letter": each.letter, "label": say(each.label), "colour": colours[each.name]}
            for each in modalities
        ],
        colours=several,
        words={
            "on": say("on"),
            "off": say("off"),
            "up": say("upright"),
            "down": say("hanging"),
            "told": say("{seconds} s, sum of rewards {worth}"),
        },
        label=say(
            "A film of a pendulum that is upright {share} of the time, with {inputs}.",
            share=f"{100 * upright:.0f} %",
            inputs=film.inputs[-1],
        ),
    )


def _table(shown: PredictView, found: measure.Control, on: Combination) -> str:
    """A row per combination, then the two lines between which they lie."""
    rows = []
    for key, each in found["combinations"].items():
        head = f"{details.chips(shown, key)} {escape(shown.task.info.modalities.parse(key).label)}"
        rows.append(_row(head, each, ' class="mm-top"' if key == on.key else ""))
    rows += [
        _row(say("The state itself (upper line)"), found["state"]),
        _row(say("Chance (lower line)"), found["chance"]),
    ]
    titles = (say("Inputs"), say("Return of an episode"), say("Seeds"))
    head = "".join(f'<th scope="col">{each}</th>' for each in titles)
    head = f"<thead><tr>{head}</tr></thead>"
    return f'<div class="mm-scroll"><table class="mm-table">{head}<tbody>{"".join(rows)}</tbody></table></div>'


def _row(head: str, found: measure.Returns, style: str = "") -> str:
    mean = f"{fixed(found['mean'], 0)} ± {fixed(found['over_episodes'], 0)}"
    seeds = ", ".join(fixed(each, 0) for each in found["seeds"])
    return f'<tr{style}><th scope="row">{head}</th><td class="mm-num">{mean}</td><td class="mm-num">{seeds}</td></tr>'
