"""Running trainings: state, remaining time, curves, and the buttons to stop, resume and discard. Refreshes itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.method import METHODS
from mmlab.core.metric import is_share
from mmlab.core.permissions import Action
from mmlab.core.phrases import phrase, say
from mmlab.core.task import TASKS
from mmlab.experiments.background.manager import Run, TrainingQueue, history, seconds_left
from mmlab.experiments.background.requested_job import job_of
from mmlab.experiments.train_job import teacher_of
from mmlab.storage.checkpoints import MODEL
from mmlab.ui.components import page_frame, pickers
from mmlab.ui.session import access, cache, url_state
from mmlab.ui.text import refusals, wording
from mmlab.viz.base import theme
from mmlab.viz.train import learning_curves

EVERY_SECONDS = 2.0
STATES = {
    "waiting": phrase("waiting for its turn"),
    "running": phrase("running"),
    "stopping": phrase("stopping"),
    "stopped": phrase("stopped"),
    "failed": phrase("failed"),
    "done": phrase("done"),
}
Rows = Sequence[Mapping[str, Any]]


def show() -> None:
    """Everything about the trainings of this library; asks again by itself while one is alive."""
    alive = any(run.alive for run in TrainingQueue(cache.library()).all())
    st.fragment(_live, run_every=EVERY_SECONDS if alive else None)(alive)


def _live(was_alive: bool) -> None:
    with page_frame.error_boundary():
        trainings = TrainingQueue(cache.library())
        found = [run for run in trainings.all() if run.order.task in TASKS and run.order.method in METHODS]
        if any(run.alive for run in found) != was_alive:
            st.rerun()  # starts or ends the asking
        st.subheader(say("Trainings"), help=wording.help("running"), anchor=False)
        if not found:
            st.caption(say("None yet. A training that is started here goes on when this page is closed."))
            return
        run = _followed(found)
        _head(trainings, run)
        rows = history(trainings.folder(run.order))
        if run.alive:
            _progress(trainings, run, rows)
        if rows:
            _curves(run, rows)
        _about(trainings, run)


def _followed(found: Sequence[Run]) -> Run:
    """The run of the address; else one that is running, else the newest."""
    named = {run.order.name: run for run in found}
    running = next((run for run in found if run.state == "running"), found[0])
    run = named.get(url_state.get("run"), running)
    if len(found) > 1:
        st.selectbox(
            say("Show"),
            list(named),
            format_func=lambda name: _title(named[name]) if name in named else name,
            key=url_state.follow("train.run", run.order.name),
            on_change=lambda: url_state.put(run=st.session_state["train.run"]),
        )
    return run


def _title(run: Run) -> str:
    return f"{cache.title(run.order.method)} · {run.order.tag}"


def _head(trainings: TrainingQueue, run: Run) -> None:
    order, now = run.order, say(STATES.get(run.state, run.state))
    name = (order.task, order.method, order.tag)
    with st.container(horizontal=True, vertical_alignment="center", key="mm-run-head"):
        st.markdown(f"**{page_frame.plain(_title(run))}** · {now}", width="content")
        if run.state in ("waiting", "running"):
            about = {
                "help": say("It can be resumed later."),
                **access.disabled_if_refused(Action.STOP, trainings.begun_by(*name)),
            }
            st.button(say("Stop"), key="train.stop", on_click=partial(_try, trainings.stop, *name), **about)
        if run.state in ("stopped", "failed"):
            resume = partial(_try, trainings.resume, *name)
            st.button(
                say("Resume"),
                key="train.resume",
                type="primary",
                on_click=resume,
                **access.disabled_if_refused(Action.TRAIN),
            )
        if not run.alive and run.state != "done":
            with st.popover(say("Discard")):
                st.write(say("Discard this training and its progress?"))
                discard = partial(_try, trainings.discard, *name)
                locked = access.disabled_if_refused(Action.DELETE, trainings.begun_by(*name))
                st.button(say("Discard it"), key="train.discard", on_click=discard, **locked)
        if run.state == "done":
            view = {"task": order.task, "run": order.name}
            page_frame.page_link("library", say("Open in the library →"), view)
    if "train.problem" in st.session_state:
        page_frame.show_error(st.session_state.pop("train.problem"))
    if run.message:
        st.warning(
            f"{page_frame.plain(refusals.translated(run.message))}  \n"
            f"{page_frame.plain(refusals.translated(run.hint))}".rstrip()
        )


def _try(work: Any, *name: str) -> None:
    """For callbacks: what goes wrong is said when the panel is drawn again."""
    try:
        work(*name)
    except MmlabError as error:
        st.session_state["train.problem"] = error


def _progress(trainings: TrainingQueue, run: Run, rows: Rows) -> None:
    if run.state == "waiting":
        st.caption(say("Another training is running. This one starts by itself when that one is over."))
        return
    if run.state == "stopping":
        st.caption(say("It stops now. The epochs that it has completed are kept."))
        return
    if not rows and run.reading:
        st.progress(
            run.share,
            say(
                "{reading}: {share}. Once only: they are kept",
                reading=page_frame.plain(run.reading),
                share=f"{100 * run.share:.0f} %",
            ),
        )
        return
    if not rows and (teacher := _teacher(trainings, run)) is not None:
        title, taught = teacher
        text, share = say("First its teacher is trained: {model}", model=title), 0.0
        if taught:
            done, epochs = taught[-1]["epoch"] + 1, taught[-1]["epochs"]
            share = done / max(1, epochs)
            text = say(
                "First its teacher is trained: {model}, epoch {done} of {epochs}", model=title, done=done, epochs=epochs
            )
        st.progress(min(1.0, share), text)
        return
    if not rows:
        st.progress(0.0, say("Preparing the samples; the first epoch is on its way"))
        return
    done, epochs = rows[-1]["epoch"] + 1, rows[-1]["epochs"]
    left = seconds_left(rows)
    text = (
        say("Epoch {done} of {epochs} is over", done=done, epochs=epochs)
        if done < epochs
        else say("Trained; now measuring on the test samples")
    )
    if left:
        text = say("{state}, about {time} left", state=text, time=wording.minutes(left))
    st.progress(min(1.0, done / max(1, epochs)), text)


def _teacher(trainings: TrainingQueue, run: Run) -> tuple[str, Rows] | None:
    """The teacher that is being trained for this run, and how far it is."""
    for name in METHODS[run.order.method].teachers:
        teacher = teacher_of(job_of(run.order), name)
        folder = trainings.library.folder(teacher.task, name, teacher.folder)
        if not (folder / MODEL).is_file():
            return cache.title(name), history(folder)
    return None


def _curves(run: Run, rows: Rows) -> None:
    info = cache.task(run.order.task).info
    try:
        keys = [c.key for c in info.modalities.subsets() if c.key in rows[0]["metrics"]]  # those that were measured
        metric = info.output.logged(rows[0]["metrics"][keys[0]])
        scores = {key: [float(row["metrics"][key][metric]) for row in rows] for key in keys}
        terms = list(dict.fromkeys(term for row in rows for term in row["losses"]))
        losses = {term: [row["losses"].get(term) for row in rows] for term in terms}
    except (LookupError, TypeError, ValueError, AttributeError):
        st.caption(say("The training log cannot be read."))
        return
    epochs = rows[-1]["epochs"]
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(say("**Score on validation**"), help=wording.help("learning"))
        letters = pickers.letters(info.modalities)
        figure = learning_curves.scores(scores, letters, epochs, wording.metric(metric), is_share(metric))
        st.plotly_chart(figure, config=theme.CONFIG, key="train.scores")
    with right:
        st.markdown(say("**Loss terms**"), help=wording.help("learning"))
        st.plotly_chart(learning_curves.losses(losses, epochs), config=theme.CONFIG, key="train.losses")


def _about(trainings: TrainingQueue, run: Run) -> None:
    with st.expander(say("Settings and log")):
        st.code(run.order.command, language="bash", wrap_lines=True)
        log = trainings.log(run.order)
        st.code(
            log or say("Nothing has been written yet."), language=None, height=220 if log.count("\n") > 8 else "content"
        )
