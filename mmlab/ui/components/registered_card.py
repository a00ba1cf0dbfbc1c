"""What a card says about a registered model: its traced structure, and the doctor's findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from mmlab.core.phrases import say
from mmlab.core.task import Task
from mmlab.ui.components import model_picker, page_frame
from mmlab.ui.session import cache

MARKS = {"error": "✗", "warning": "!", "note": "·"}


def show_all(task: Task) -> None:
    """Every registered model of a task."""
    entries = [entry for entry in cache.entries(task.name) if entry.problem is None]
    if not entries:
        model_picker.no_model(task)
        return
    for entry in entries:
        with st.container(border=True), page_frame.error_boundary():
            st.markdown(f"### {page_frame.plain(cache.title(entry.reference.method))}")
            count = f"{int(entry.card.get('parameters', 0)):,}"
            st.caption(say("{count} parameters. Made elsewhere: nothing is trained here.", count=count))
            show(entry.card)


def show(card: Mapping[str, Any]) -> None:
    """The traced structure and the doctor's findings; nothing for models trained with mmlab."""
    registered = card.get("registered")
    if not isinstance(registered, Mapping):
        return
    trace, report = registered.get("trace") or {}, registered.get("doctor") or {}
    if trace:
        _trace(trace)
    if report:
        _report(report)
    if not trace and not report:
        st.markdown(say("Only its answers are here, from a file: what needs the model itself cannot be shown."))


def _trace(trace: Mapping[str, Any]) -> None:
    st.markdown(say("**Architecture**, as found by a few forward passes"))
    encoders: dict[str, list[str]] = {}
    for path, name in trace.get("encoders", {}).items():
        encoders.setdefault(name, []).append(path)
    plain = page_frame.plain
    lines = [
        say("Encoder of {input}: {paths}", input=plain(name), paths=_code(paths)) for name, paths in encoders.items()
    ]
    looks = trace.get("looks", {})
    lines += [say("Grad-CAM of {input}: {paths}", input=plain(name), paths=_look(looks[name])) for name in looks]
    embedding = _code([trace["embedding"]]) if trace.get("embedding") else say("the logits")
    lines.append(say("Embedding: {paths}", paths=embedding))
    once = say("Encoders are run once per sample, and handed on to every combination")
    lines.append(once if trace.get("replay") else say("Encoders are run again for each combination"))
    st.markdown("\n".join(f"- {line}" for line in lines))
    for note in trace.get("notes", ()):
        st.caption(page_frame.plain(str(note)))


def _look(look: Mapping[str, Any]) -> str:
    return _code([str(look["call"])]) if look.get("call") else say("the input itself (gradient × input)")


def _code(paths: list[str]) -> str:
    return ", ".join(f"`{path.replace('`', '')}`" for path in paths[:4]) + (" …" if len(paths) > 4 else "")


def _report(report: Mapping[str, Any]) -> None:
    findings = report.get("findings", ())
    if not findings:
        checks = page_frame.plain(", ".join(report.get("checks", ())))
        st.markdown(say("**The doctor** found nothing wrong: {checks}.", checks=checks))
        return
    one = len(findings) == 1
    found = (
        say("**The doctor** found one thing")
        if one
        else say("**The doctor** found {count} things", count=len(findings))
    )
    st.markdown(found)
    for each in findings:
        where = f" {each['where']}" if each.get("where") else ""
        more = " ".join(page_frame.plain(str(each[part])) for part in ("why", "hint") if each.get(part))
        mark = MARKS.get(str(each.get("level")), "·")
        st.markdown(f"- {mark} {page_frame.plain(str(each.get('message')) + where)}  \n  {more}")
