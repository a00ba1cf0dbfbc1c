"""The content of the Library page: trained models with cards and scores; export, import, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import streamlit as st

from mmlab.analysis.attribution.registry import EXPLAINERS
from mmlab.analysis.dominance.measure import MEASURES
from mmlab.core import plugins
from mmlab.core.errors import MmlabError
from mmlab.core.group_name import several
from mmlab.core.method import METHODS
from mmlab.core.metric import METRICS, is_share
from mmlab.core.modality_kinds import MODALITY_KINDS
from mmlab.core.permissions import Action
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import TASKS, Task
from mmlab.experiments import model_archive
from mmlab.storage import report_file
from mmlab.storage.library import Entry
from mmlab.ui.components import model_picker, page_frame, pickers, registered_card
from mmlab.ui.pages.library import model_facts, models_in_memory, settings_table
from mmlab.ui.session import access, cache, comparison_cache, url_state
from mmlab.ui.session.page_registry import PAGES
from mmlab.ui.text import refusals, wording
from mmlab.viz.compare import method_tables

SAID = "library.said"


@page_frame.panel
def show(task: Task, asked: str) -> None:
    """The whole page under the bar. asked: the method that is looked at, which is open."""
    if SAID in st.session_state:
        st.success(st.session_state.pop(SAID))
    _import()
    _problems(task)
    runs = [entry for entry in comparison_cache.runs(task.name) if entry.problem is None]
    if not runs:
        model_picker.no_model(task)
        return
    wanted = url_state.get("run")
    methods = list(dict.fromkeys(entry.reference.method for entry in runs))
    for method in methods:
        with page_frame.error_boundary():
            of_it = [entry for entry in runs if entry.reference.method == method]
            _method(task, method, of_it, wanted, is_open=method == asked and not wanted)
    models_in_memory.show()
    pickers.numbers_help("card", "score", "seed", "export")


def _method(task: Task, method: str, runs: Sequence[Entry], wanted: str, is_open: bool) -> None:
    """A method with its runs behind it; one of them is shown."""
    names = {entry.reference.name: entry for entry in runs}
    with st.expander(_headline(task, method, runs), expanded=is_open or wanted in names):
        if method in METHODS:
            paper = METHODS[method].paper
            st.caption(page_frame.plain(f"{say(METHODS[method].about)} {paper}{'.' * bool(paper)}"))
        key = f"library.{task.name}.{method}"
        asked = f"{task.name}/{method}/{url_state.runs().get(method)}"
        chosen = next(name for name in (wanted, asked, *names) if name in names)
        if len(names) > 1:
            st.selectbox(
                say("Run"),
                list(names),
                format_func=lambda name: name.split("/")[-1],
                key=url_state.follow(key, chosen) if chosen in (wanted, asked) else key,
                help=wording.help("seed"),
                width=320,
                on_change=lambda: url_state.put(run=st.session_state[key]),
            )
            chosen = st.session_state.get(key, chosen)
        _run(task, names.get(chosen) or runs[0])


def _headline(task: Task, method: str, runs: Sequence[Entry]) -> str:
    """Name, number of models, and mean score over the ordinary runs, those included whose weights are elsewhere."""
    metric = task.info.output.headline
    scores = comparison_cache.seed_scores(task.name, method, metric)
    here = say("{models} here", models=several(len(runs), "model"))
    text = f"**{page_frame.plain(cache.title(method))}** · {here}"
    if scores:
        text += f" · {say('{seeds} measured', seeds=several(len(scores), 'seed'))}"
        scale = method_tables.Scale(is_share(metric))
        spread = f" ± {scale.text(stdev(scores))}" if len(scores) > 1 else ""
        text += f" · {wording.metric(metric)} {scale.text(fmean(scores))}{spread}{' %' * scale.is_share}"
    return text


def _run(task: Task, entry: Entry) -> None:
    report = cache.report(entry.reference)
    if report:
        st.html(_scores(task, report))
    elif problem := report_file.problem(Path(entry.reference.path)):
        st.warning(page_frame.plain(refusals.translated(f"{problem} {report_file.AGAIN}")))
    else:
        command = f"python -m mmlab evaluate --task {task.name} --method {entry.reference.method} --save"
        st.caption(
            say(
                "This model has not been measured yet. Measure it: `{command}`",
                command=f"{command} --tag {entry.reference.tag}",
            )
        )
    st.html(model_facts.drawn(entry))
    registered_card.show(entry.card)
    settings_table.show(entry)
    with st.popover(say("Full model card"), type="tertiary"):
        st.json(entry.card, expanded=1)
    _actions(entry.reference)


def _scores(task: Task, report: Mapping[str, Any]) -> str:
    """A row per test set: the mean, then every combination."""
    output, modalities = task.info.output, task.info.modalities
    scale, letters = method_tables.Scale(is_share(output.headline)), pickers.letters(modalities)
    keys = [combination.key for combination in modalities.subsets()]
    short = [say("mean"), *("".join(letters[n] for n in c.names) for c in modalities.subsets())]
    full = [say("mean"), *(escape(c.label, quote=True) for c in modalities.subsets())]
    head = "".join(f"<th title='{told}'>{escape(name)}</th>" for name, told in zip(short, full, strict=True))
    body = []
    for source, found in report.get("sources", {}).items():
        values = [found.get("mean", {}), *(found.get("metrics", {}).get(key, {}) for key in keys)]
        cells = "".join(
            f"<td class='mm-num' data-label='{escape(name)}'>{scale.text(_number(row.get(output.headline)))}</td>"
            for name, row in zip(short, values, strict=True)
        )
        where = escape(comparison_cache.source_title(task.name, source))
        body.append(f"<tr><td>{where} <span class='mm-muted'>({found.get('samples', 0):,})</span></td>{cells}</tr>")
    measure = wording.metric(output.headline) + ", %" * scale.is_share
    return (
        f'<div class="mm-scroll"><table class="mm-table mm-fold"><thead><tr><th>{escape(measure)}</th>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _actions(reference: Reference) -> None:
    name = (reference.task, reference.method, reference.tag)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            say("Export"),
            data=partial(model_archive.export, cache.library(), *name),
            file_name=f"mmlab-{'-'.join(name)}.zip",
            mime="application/zip",
            key=f"library.export.{reference.name}",
            on_click="ignore",
            help=wording.help("export"),
        )
        with st.popover(say("Delete")):
            st.write(
                say(
                    "Delete **{name}** and all its measurements? This cannot be undone.",
                    name=page_frame.plain(reference.name),
                )
            )
            key = f"library.delete.{reference.name}"
            st.button(
                say("Delete it"),
                key=key,
                on_click=_delete,
                args=(reference,),
                **access.disabled_if_refused(Action.DELETE),
            )
        view = {"task": reference.task, "methods": reference.method, "runs": f"{reference.method}:{reference.tag}"}
        page_frame.page_link("predict", say("Try it →"), view)


def _delete(reference: Reference) -> None:
    try:
        model_archive.delete(cache.library(), reference.task, reference.method, reference.tag)
    except MmlabError as error:
        st.session_state[SAID] = page_frame.plain(refusals.message_and_hint(error))
        return
    cache.pool().drop(reference)
    url_state.put(run=None)
    st.session_state[SAID] = say("{name} is deleted.", name=page_frame.plain(reference.name))


def _import() -> None:
    with st.expander(say("Import a model")):
        given = st.file_uploader(
            say("A file that was made with Export"),
            type="zip",
            key="library.file",
            help=wording.help("export"),
            max_upload_size=20,
        )
        if given is None:
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(
                say("New name"), key="library.name", placeholder=say("keep its name"), max_chars=60, width=240
            )
            replace = st.checkbox(say("Replace a model of this name"), key="library.replace")
        if not st.button(
            say("Import"), key="library.import", type="primary", **access.disabled_if_refused(Action.IMPORT)
        ):
            return
        with page_frame.error_boundary():
            arrived = model_archive.import_model(cache.library(), given.getvalue(), name.strip(), replace)
            st.session_state[SAID] = say(
                "{name} is in the library.", name=page_frame.plain(f"{arrived.task}/{arrived.method}/{arrived.tag}")
            )
            url_state.put(task=arrived.task, run=f"{arrived.task}/{arrived.method}/{arrived.tag}")
            st.rerun()


def _problems(task: Task) -> None:
    """Checkpoints that cannot be used, folders without a model, files of methods and tasks that cannot be read."""
    for entry in comparison_cache.runs(task.name):
        if entry.problem is None:
            continue
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.warning(
            f"**{page_frame.plain(entry.reference.name)}**: "
            f"{page_frame.plain(refusals.message_and_hint(entry.problem))}"
        )
        key = f"library.remove.{entry.reference.name}"
        right.button(
            say("Remove"),
            key=key,
            on_click=_delete,
            args=(entry.reference,),
            **access.disabled_if_refused(Action.DELETE),
        )
    for name in cache.unfinished(task.name):
        st.caption(
            say(
                "**{name}** holds no model: no training of it is known, or the file is elsewhere.",
                name=page_frame.plain(name),
            )
        )
    for registry in (TASKS, METHODS, MODALITY_KINDS, MEASURES, EXPLAINERS, METRICS, PAGES):
        for file, problem in registry.problems.items():
            st.warning(
                say(
                    "The {kind} in {file}.py cannot be used: {problem}",
                    kind=say(registry.kind),
                    file=page_frame.plain(file),
                    problem=page_frame.plain(refusals.message_and_hint(problem)),
                )
            )
    for plugin, problem in plugins.problems().items():
        st.warning(
            say(
                "The plug-in {plugin} is left out. {problem}",
                plugin=page_frame.plain(plugin),
                problem=page_frame.plain(refusals.message_and_hint(problem)),
            )
        )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
