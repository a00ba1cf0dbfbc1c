"""Texts on screen in one place: help texts, names of metrics, numbers and durations.

>>> st.metric("Certainty", "93 %", help=wording.help("certainty"))
>>> wording.certainty(0.97)
'very sure'
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mmlab.core.metric import METRICS, family, higher_is_better
from mmlab.core.number_text import MINUS, fixed
from mmlab.core.number_text import percent as percent  # a word of the screen like the others
from mmlab.core.phrases import phrase, say
from mmlab.ui.text import glossary, language
from mmlab.ui.text.glossary import Term

ASKED = "mmlab.asked"  # session: the terms of the tooltips of this page
PICTURES = "mmlab.pictures"  # session: whether what this page is about has pictures, and no slices of scans
NEGATIVE = re.compile(r"(?<![\w.])-(?=\d)")  # the sign of a number, as files for machines have it
CONSTANT = phrase("A dash: one of the two is the same everywhere, so that they have no correlation.")
SENTENCE_PRIVATE = phrase(
    "Uploads stay in the memory of the machine that runs this app, and are deleted when you close the page."
)


def help(name: str) -> str:
    """The tooltip of a term, as Markdown: the field's term and what it is, in two sentences at most.

    How it is computed stands in the glossary of the page, which lists what was asked for: `explained`.
    """
    shown = term(name)
    if get_script_run_ctx(suppress_warning=True) is not None:
        st.session_state.setdefault(ASKED, {})[name] = True
    return f"**{shown.title}.** {shown.plain}"


def explained(name: str) -> str:
    """All that there is to say of a term, as Markdown: the field's term, what it is, how it is computed, its source."""
    shown = term(name)
    source = f" *{say('Source')}: {shown.source}.*" if shown.source else ""
    return f"**{shown.title}.** {shown.plain}\n\n{shown.how}{source}"


def asked() -> tuple[str, ...]:
    """The terms that the page had tooltips for so far."""
    return tuple(st.session_state.get(ASKED, {}))


def forget_asked() -> None:
    """Forget the terms of the previous page."""
    st.session_state[ASKED] = {}
    st.session_state[PICTURES] = False


def look_at(has_scans: bool) -> None:
    """What the page is about has slices of scans, or pictures: metrics of regions are named accordingly."""
    st.session_state[PICTURES] = not has_scans


def _named(start: str) -> tuple[str, str]:
    """The title of a registered metric and what it says."""
    kind = METRICS[start]
    is_in_session = get_script_run_ctx(suppress_warning=True) is not None
    of_pictures = kind.of_pictures if is_in_session and st.session_state.get(PICTURES) else ("", "")
    return of_pictures[0] or kind.title, of_pictures[1] or kind.about


def term(name: str) -> Term:
    """The term in the language of the page, as far as that has it."""
    english = glossary.term(name)
    page = next((page for page, terms in glossary.PAGES.items() if name in terms), "")
    found = language.terms(language.current(), page).get(name, {}) if page else {}
    return replace(english, **found)


def metric(name: str) -> str:
    """The name of a metric for people: `ACER`, `Sign accuracy`; of one of a region `Dice WT` or `mIoU wall`."""
    start, part = family(name)
    if not start:
        return name.replace("_", " ").capitalize()
    named = part.upper() if len(part) < len("bed") else part.replace("_", " ")
    return f"{say(_named(start)[0])} {named}".rstrip()


def metric_meaning(name: str) -> str:
    """What a metric says, to follow its name in a sentence, and whether lower is better: `: the share of ...`."""
    start, _ = family(name)
    meaning = f": {say(_named(start)[1])}" if start else ""
    return meaning if higher_is_better(name) else f"{meaning}; {say('lower is better')}"


def certainty(probability: float) -> str:
    """How sure a prediction is in words, by the same rule for any number of classes.

    The rule is applied to the whole percent that is shown, so that `95 %` always reads the same.
    """
    shown = round(100 * probability)
    for bound, word in ((95, say("very sure")), (80, say("fairly sure")), (60, say("unsure"))):
        if shown >= bound:
            return word
    return say("very unsure")


def answer(text: str) -> str:
    """A prediction in words; several regions or labels one by one, numbers with a real minus sign."""
    whole = say(text)
    return NEGATIVE.sub(MINUS, whole if whole != text else ", ".join(map(say, text.split(", "))))


def is_unsure(probability: float) -> bool:
    """Whether a probability is called unsure, or very unsure."""
    return round(100 * probability) < 80


def correlation(value: float) -> str:
    """`+0.53`; a dash where it is not defined."""
    return fixed(value, 2, signed=True)


def together(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    if len(names) < 2:
        return "".join(names)
    return say("{first} and {last}", first=say(", ").join(names[:-1]), last=names[-1])


def points(change: float) -> str:
    """A difference of shares in percentage points, with its sign: `−12 points`."""
    rounded = round(100 * change)
    if rounded == 0:
        return say("no change")
    sign = "+" if rounded > 0 else "−"
    if abs(rounded) == 1:
        return say("{sign}1 point", sign=sign)
    return say("{number} points", number=f"{sign}{abs(rounded)}")


def minutes(seconds: float) -> str:
    """A duration in plain words: `40 s`, `3 min`, `2 h 10 min`."""
    if not math.isfinite(seconds):
        return say("an unknown time")
    if seconds < 90:
        return say("{count} s", count=max(1, round(seconds)))
    whole = round(seconds / 60)
    if whole < 120:
        return say("{count} min", count=whole)
    return say("{hours} h {minutes} min", hours=whole // 60, minutes=whole % 60)


def area(square_mm: float) -> str:
    """An area in a unit that is read easily: `2.4 cm²`, `3.1 m²`, `0.5 mm²`, `40 µm²`."""
    for least, per, unit in ((1e5, 1e6, "m²"), (10, 100, "cm²"), (0.05, 1, "mm²")):
        if square_mm >= least:
            return f"{square_mm / per:,.1f} {unit}"
    return f"{square_mm * 1e6:,.0f} µm²"
