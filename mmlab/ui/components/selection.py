"""The samples selected on Embed, carried from page to page in the address.

They travel as bits, one per test sample, packed: an address cannot hold a thousand names. A few letters of a digest say
which test set they are of, so that a link never lights other samples than were meant.

>>> state.put(chosen=chosen.written([3, 17], found.ids))
>>> rows = chosen.rows(found.ids)              # None: nothing is chosen
>>> graded = chosen.only(graded, ids)          # for pages that show measures
"""

from __future__ import annotations

import binascii
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape

import numpy as np
import streamlit as st

from mmlab.analysis.robustness.per_sample_scores import PerSampleScores
from mmlab.analysis.robustness.subset import subset
from mmlab.core.errors import DataError, MmlabError
from mmlab.core.phrases import say
from mmlab.core.task import Task
from mmlab.ui.components import clickable_svg, page_frame, thumbnail
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording

FIELD = "chosen"
LONGEST = 6000  # letters of an address
MOST_PICTURES = 40


def written(rows: Iterable[int], ids: Sequence[str]) -> str | None:
    """The samples at `rows` as text for the address; None for none of them or all. Raises DataError for too many."""
    bits = np.zeros(len(ids), bool)
    bits[list(rows)] = True
    if bits.all() or not bits.any():
        return None
    packed = zlib.compress(np.packbits(bits).tobytes(), 9)
    text = f"{_mark(ids)}.{urlsafe_b64encode(packed).decode().rstrip('=')}"
    if len(text) > LONGEST:
        raise DataError(say("These are too many samples for a link."), say("Select fewer of them."))
    return text


def parsed(text: str, ids: Sequence[str]) -> tuple[int, ...]:
    """The rows that a text encodes. Raises DataError for another test set, and for an invalid text."""
    mark, _, content = text.partition(".")
    wrong = DataError(say("The selected samples belong to another test set."), say("Showing all samples."))
    if mark != _mark(ids) or len(text) > LONGEST:
        raise wrong
    try:
        packed = urlsafe_b64decode(content + "=" * (-len(content) % 4))
        unpacker = zlib.decompressobj()
        size = -(-len(ids) // 8)
        bits = unpacker.decompress(packed, size)
        if len(bits) != size or unpacker.decompress(unpacker.unconsumed_tail, 1):
            raise wrong
    except (binascii.Error, ValueError, zlib.error) as error:
        raise wrong from error
    return tuple(np.flatnonzero(np.unpackbits(np.frombuffer(bits, np.uint8), count=len(ids))).tolist())


def rows(ids: Sequence[str]) -> tuple[int, ...] | None:
    """The rows of the selected samples among these; None without a selection, or with one of other samples."""
    text = url_state.get(FIELD)
    if not text:
        return None
    try:
        return parsed(text, ids) or None
    except MmlabError as error:
        page_frame.show_error(error, quiet=True)
        return None


def names(ids: Sequence[str]) -> frozenset[str] | None:
    """The ids of the selected samples; None without a selection."""
    found = rows(ids)
    return None if found is None else frozenset(ids[row] for row in found)


def announced(ids: Sequence[str]) -> frozenset[str] | None:
    """The names of the chosen samples, which a line on the page says; None where nothing was chosen."""
    wanted = names(ids)
    banner(wanted, len(ids))
    return wanted


def places(every: Sequence[str], wanted: Collection[str] | None) -> list[int]:
    """Where the chosen ones stand among the names of `every` sample; all of them where nothing was chosen."""
    return [row for row, name in enumerate(every) if wanted is None or name in wanted]


def only(graded: PerSampleScores, wanted: Collection[str] | None) -> PerSampleScores:
    """The scores of the selected samples only; all samples if none of the selected ones is there."""
    if wanted is None:
        return graded
    kept = places(graded.ids, wanted)
    return subset(graded, kept) if kept else graded


def banner(wanted: Collection[str] | None, count: int) -> None:
    """The number of selected samples, and the button that clears the selection."""
    if wanted is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="mm-chosen"):
        told = say(
            "**{count} of {total} test samples**, selected on Embed.",
            count=f"{len(wanted):,}",
            total=f"{count:,}",
        )
        st.markdown(told, width="content")
        st.button(say("Show all"), key="chosen.all", on_click=lambda: url_state.put(chosen=None), type="tertiary")


def sliced(
    slicings: Mapping[str, tuple[str, ...]], every: Sequence[str], left: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """What the samples that are `left` of `every` one belong to, by slicing."""
    place = {name: row for row, name in enumerate(every)}
    rows = [place[name] for name in left]
    return {name: tuple(belongs[row] for row in rows) for name, belongs in slicings.items()}


def strip(task: Task, sample: str) -> None:
    """The chosen samples that ship, as pictures to pick from; nothing where none was chosen."""
    if not url_state.get(FIELD):
        return
    wanted = announced(_ids(task.name))
    shipped = [name for name in task.gallery() if wanted is not None and name in wanted][:MOST_PICTURES]
    if shipped:
        html = "".join(_button(task, name, name == sample) for name in shipped)
        clickable_svg.board(
            f'<div class="mm-gallery">{html}</div>', "chosen.strip", lambda name: url_state.put(sample=name)
        )
    elif wanted is not None:
        st.caption(say("None of them ships with its recordings."))


def _button(task: Task, name: str, pressed: bool) -> str:
    found = cache.item(task.name, name)
    label = escape(
        say("Selected sample {name}, right answer {answer}", name=name, answer=wording.answer(found.answer)), quote=True
    )
    named = f'data-pick="{escape(name, quote=True)}" aria-pressed="{str(pressed).lower()}"'
    return (
        f'<button class="mm-thumb" {named} aria-label="{label}" title="{label}">'
        f"{thumbnail.picture(task.name, name)}</button>"
    )


def _ids(task_name: str) -> tuple[str, ...]:
    """The test samples of a task, from the first model that was measured; none where there is none."""
    for entry in cache.entries(task_name):
        try:
            return cache.sweep(entry.reference).ids
        except MmlabError:
            continue  # another model may be measured
    return ()


def _mark(ids: Sequence[str]) -> str:
    return f"{zlib.crc32(chr(0).join(ids).encode()):08x}"
