"""The current selection: task, sample, methods, combination, corruptions. It is stored in the address, so that a link
opens the same view; the session carries it from page to page.

The address is the one truth. A page reads it with the functions below; a widget's callback changes it with `put`:

>>> name = state.get("task", "digits")
>>> combination = state.combination(task.info.modalities, given)   # None: nothing is switched on
>>> corruptions = state.corruptions(task.info.modalities)
>>> state.put(on="image-sound")                                    # in a callback, before the page runs again
>>> st.toggle("Sound", key=state.follow("on.sound", True), on_change=...)   # a widget that follows the address

The readers raise UnknownName for what does not exist; pages show the sentence and go on with the default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from mmlab.core.errors import MmlabError, UnknownName
from mmlab.core.phrases import say
from mmlab.core.time_axis import Stretch
from mmlab.ui.session.page_registry import HOME, PAGES, pages

if TYPE_CHECKING:
    from mmlab.core.modality import Combination, Modalities

MODES = (
    "lesson",
    "step",
    "present",
    "guess",
    "hide",
    "lang",
)  # how the app is used, whatever is looked at: they stay when the view begins anew
SHARED = (
    "task",
    "sample",
    "methods",
    "runs",
    "on",
    "damage",
    "lattice",
    *MODES,
)  # what every page may ask; others are declared by pages
MEMORY, CARRIED = "mmlab.view", "mmlab.carried"  # session: the view, and that of the links to other pages
SUPPOSED = "mmlab.supposed"  # session: fields that the page settled by itself, until something is changed
MOUNTED = "mmlab.mounted"  # session: the widgets that show the address since the page was entered
NOTHING = "none"
SEVERITIES = (1, 2, 3, 4, 5)
USUAL_SEVERITY = 3


@dataclass(frozen=True)
class InputCorruption:
    """The corruption of one input: its kind and severity, 1 to 5; or the stretch that is blanked."""

    modality: str
    kind: str
    severity: int
    stretch: Stretch | None = None

    @property
    def text(self) -> str:
        """Its text in the address: `sound:noise:3`, `sound:blanked:0.3-0.75`."""
        return f"{self.modality}:{self.kind}:{self.stretch.text if self.stretch else self.severity}"


def get(name: str, default: str = "") -> str:
    """One field of the view, from the address, or as the page settled it (`suppose`)."""
    view = _recall()
    said = view.get(name) if name in fields() else st.query_params.get(name)
    return said or _supposed().get(name, default)


def put(**changed: str | None) -> None:
    """Change the view; None or an empty text takes a field away."""
    _recall()
    wanted = {**everything(), **{name: value for name, value in changed.items() if value}}
    wanted = {name: value for name, value in wanted.items() if name not in changed or changed[name]}
    if wanted != addressed():
        _write(wanted)
    st.session_state[MEMORY] = wanted
    st.session_state.pop(SUPPOSED, None)


def suppose(**view: str) -> None:
    """Settle fields that the address leaves open, without a step of the browser's history.

    They hold on this page, go along with the links to others, and enter the address with the next change.
    """
    st.session_state[SUPPOSED] = view
    if view:
        st.session_state[MEMORY] = everything()


def fields() -> tuple[str, ...]:
    """All fields of an address: the shared ones, and those that pages declare."""
    return _fields(PAGES.stamp)


@lru_cache(maxsize=4)
def _fields(stamp: int) -> tuple[str, ...]:
    """The same for one state of the pages: it is asked for hundreds of times while a page is made."""
    declared = (name for page in pages() for name in page.fields)
    return tuple(dict.fromkeys((*SHARED, *declared)))


def everything() -> dict[str, str]:
    """All fields of the view that are set."""
    return {**_supposed(), **addressed()}


def addressed() -> dict[str, str]:
    """The fields in the address itself."""
    there = st.query_params.to_dict()  # at once: each look at the address by itself takes a lock
    return {name: there[name] for name in fields() if name in there}


def begin(**view: str | None) -> None:
    """Start a new view: all fields but `MODES` are reset. Unknown fields are left out."""
    known = fields()
    wanted = {**modes(), **view}
    put(**{**dict.fromkeys(known), **{name: value for name, value in wanted.items() if name in known}})


def modes() -> dict[str, str]:
    """The modes in the address: part of every link."""
    return {name: value for name, value in addressed().items() if name in MODES}


def methods(there: Iterable[str], limit: int = 4) -> tuple[str, ...]:
    """The chosen methods; the first few of those that are `there` if none was chosen.

    Raises UnknownName for one that is not there.
    """
    there = tuple(there)
    wanted = tuple(dict.fromkeys(name for name in get("methods").split(".") if name))
    for name in wanted:
        if name not in there:
            raise UnknownName(
                say("There is no trained model of the method '{name}' here.", name=name),
                say("There are: {names}.", names=", ".join(there) or "–"),
            )
    return wanted or there[:limit]


def runs() -> dict[str, str]:
    """Which run of a method was chosen, by method: its tag. Methods that are not named show their first."""
    pairs = (text.partition(":") for text in get("runs").split(","))
    return {method: tag for method, _, tag in pairs if method and tag}


def put_run(method: str, tag: str | None) -> None:
    """Choose a run of a method; None: its first. For callbacks."""
    chosen = {**runs(), method: tag or ""}
    put(runs=",".join(f"{name}:{run}" for name, run in chosen.items() if run) or None)


def combination(modalities: Modalities, given: Iterable[str]) -> Combination | None:
    """The combination that is switched on, of the inputs that are `given`; None when nothing is.

    Raises UnknownName for an input that the task lacks.
    """
    given = tuple(given)
    key = get("on")
    if key == NOTHING or not given:
        return None
    wanted = modalities.parse(key).names if key else given
    kept = [name for name in wanted if name in given]
    return modalities.combination(kept) if kept else None


def corruptions(modalities: Modalities) -> tuple[InputCorruption, ...]:
    """The corruptions in the address, in the order of the task's inputs. Raises UnknownName for an unknown kind."""
    return parsed_corruptions(get("damage"), modalities)


def parsed_corruptions(text: str, modalities: Modalities) -> tuple[InputCorruption, ...]:
    """The same from a text as it stands in the address: `sound:noise:3,pen:jitter:1`."""
    found: dict[str, InputCorruption] = {}
    for part in filter(None, text.split(",")):
        corruption = _corruption(part, modalities)
        found[corruption.modality] = corruption
    return tuple(found[name] for name in modalities.names if name in found)


def put_corruption(
    modality: str, kind: str | None, severity: int, modalities: Modalities, stretch: Stretch | None = None
) -> None:
    """Set or (with no kind) remove the corruption of one input. stretch: what is blanked. For callbacks."""
    try:
        kept = {corruption.modality: corruption for corruption in corruptions(modalities)}
    except MmlabError:
        kept = {}
    kept.pop(modality, None)
    if kind:
        kept[modality] = InputCorruption(modality, kind, severity, stretch)
    put(damage=",".join(kept[name].text for name in modalities.names if name in kept) or None)


def follow(key: str, value: Any) -> str:
    """Let the widget `key` show `value`, which came from the address. Returns the key.

    Set where it differs: what is set again is sent to the browser again, and could undo a quick second click. Set in
    any case the first time after a page was entered: the same key is another widget there, which starts empty.
    """
    mounted: set[str] = st.session_state.setdefault(MOUNTED, set())
    if key not in mounted or key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
        mounted.add(key)
    return key


def show_again(*keys: str) -> None:
    """Set these widgets again at the next run. For callbacks with what no person can have chosen.

    A browser that is slow to draw a page takes two runs as one, and the widgets of the second, which sets nothing
    again, start empty there and say so.
    """
    st.session_state.setdefault(MOUNTED, set()).difference_update(keys)


def link(page: str, view: Mapping[str, str]) -> str:
    """The address of a page with a view, relative to the app: `predict?task=digits`."""
    from urllib.parse import urlencode

    return f"{'' if page == HOME else page}?{urlencode(view, safe=':,')}"


def _corruption(text: str, modalities: Modalities) -> InputCorruption:
    from mmlab.modalities.corruption import corruptions_of
    from mmlab.modalities.stretches import BLANKED

    modality, _, rest = text.partition(":")
    kind, _, severity = rest.partition(":")
    known = corruptions_of(modalities[modality].kind)
    if kind not in known:
        raise UnknownName(
            say("There is no corruption '{kind}' for {modality}.", kind=kind, modality=modality),
            say("There are: {names}.", names=", ".join(known) or "–"),
        )
    if kind == BLANKED and (stretch := Stretch.parsed(severity)):
        return InputCorruption(modality, kind, USUAL_SEVERITY, stretch)
    if severity not in map(str, SEVERITIES):
        raise UnknownName(say("Corruption has no level '{severity}'.", severity=severity), say("Use 1 to 5."))
    return InputCorruption(modality, kind, int(severity))


def enter() -> None:
    """A page was opened: go on with what was looked at before, unless the address says something of its own.

    A link of the navigation carries the view as it was when the whole page was drawn last (`carried`); what was changed
    since, in a part of the page that reruns by itself, is put in its place. All fields go to the browser at once: each
    change of the address is one step of its history.
    """
    st.session_state[MOUNTED] = set()
    st.session_state.pop(SUPPOSED, None)
    now, before = everything(), st.session_state.get(MEMORY, {})
    if before and now != before and now in ({}, st.session_state.get(CARRIED)):
        _write(before)


def carried() -> dict[str, str]:
    """The view for the links to the other pages, so that a page is opened with its address whole: one step back."""
    found = everything() or dict(st.session_state.get(MEMORY, {}))
    st.session_state[CARRIED] = found
    return found


def _recall() -> dict[str, str]:
    """The view; on a page whose address says nothing, go on with what was looked at before."""
    if now := everything():
        st.session_state[MEMORY] = now
    elif before := st.session_state.get(MEMORY, {}):
        _write(before)
        return everything()
    return now


def _supposed() -> dict[str, str]:
    found: dict[str, str] = st.session_state.get(SUPPOSED, {})
    return found


def _write(view: Mapping[str, str]) -> None:
    """Make these the fields of the address, in one step; what is there beside the view stays."""
    known = fields()
    others = {name: value for name, value in st.query_params.to_dict().items() if name not in known}
    st.query_params.from_dict({**others, **view})
