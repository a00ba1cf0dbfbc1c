"""A task in which every name tries to work as Markdown, HTML or an address, and what of it is active on a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from mmlab.core import plain_text
from mmlab.tasks.custom import locations, manifest, targets, task_json

PARTS = (
    "**zq**",
    "[zq](http://zq.example)",
    "http://zq.example",
    "www.zq.example",
    "zq@zq.example",
    "$zq$",
    ":red[zq]",
    ":smile:",
    "~~zq~~",
    "`zq`",
    "<b>zq</b>",
    "_zq_",
)
WHOLE = "# " + " ".join(PARTS)
PLAIN = {"html", "iframe", "arrow_data_frame", "plotly_chart", "component_instance", "bidi_component", "json", "code"}
IGNORED = ("id", "url", "key", "value", "default", "query_string", "placeholder", "raw_value", "raw_values", "form_id")
LISTED = ("selectbox", "multiselect", "slider", "select_slider")  # their options are shown as they are, labels are not


def let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what keeps such names out of a folder, so that the screen is on its own."""
    monkeypatch.setattr(plain_text, "MARKUP", frozenset())
    for module, name in (
        (locations, "LONGEST_TITLE"),
        (task_json, "LONGEST_LABEL"),
        (targets, "LONGEST_NAME"),
        (manifest, "LONGEST_ID"),
    ):
        monkeypatch.setattr(module, name, 400)


def hostile(folder: Path) -> Path:
    """The same folder with hostile title, labels, letters, classes, regions' ids, groups and notes."""
    task = json.loads((folder / "task.json").read_text())
    task |= {"title": WHOLE, "about": WHOLE, "simulated": [WHOLE]}
    for place, item in enumerate(task["modalities"]):
        item |= {"label": f"{WHOLE} {place}", "letter": "*~_"[place]}
    classes = task["output"].get("classes", [])
    task["output"]["classes"] = [f"{name} {WHOLE}" for name in classes]
    task["output"]["accept"] = f"{task['output']['accept']} {WHOLE}"
    (folder / "task.json").write_text(json.dumps(task))
    header, *rows = (folder / "manifest.csv").read_text().splitlines()
    split = [row.split(",", 3) for row in rows]
    lines = [f"{WHOLE} {a},{b},{c} {WHOLE},{rest},{WHOLE} {a[-1:]},{WHOLE}" for a, b, c, rest in split]
    (folder / "manifest.csv").write_text("\n".join([f"{header},group,note", *lines]) + "\n")
    return folder


def active(app: AppTest) -> list[str]:
    """What on the page works as more than a name: the kind of element and the text."""
    found = [f"{kind}: {text}" for kind, text in _texts(app) if any(part in text for part in PARTS)]
    for element in (*app.get("html"), *app.get("component_instance"), *app.get("plotly_chart")):
        text = str(element.proto)
        if "<b>zq" in text:
            at = text.index("<b>zq")
            found.append(f"{element.type}: {text[max(0, at - 200) : at + 60]}")
    return found


def _texts(app: AppTest) -> Iterator[tuple[str, str]]:
    """All texts of the page that are read as Markdown."""
    for node in app._tree:
        proto = getattr(node, "proto", None)
        if isinstance(proto, Message) and node.type not in PLAIN:
            yield from ((f"{node.type}.{where}", text) for where, text in _strings(proto, node.type))


def _strings(proto: Message, kind: str, where: str = "") -> Iterator[tuple[str, str]]:
    for field, value in proto.ListFields():
        name = f"{where}{field.name}"
        if field.name in IGNORED:
            continue
        if field.name == "options" and kind in LISTED:
            continue
        for each in value if field.is_repeated else [value]:
            if isinstance(each, Message):
                yield from _strings(each, kind, f"{name}.")
            elif isinstance(each, str):
                yield name, each
