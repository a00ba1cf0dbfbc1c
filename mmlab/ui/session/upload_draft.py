"""The inputs given so far in "Upload", by modality: the usable ones, and why the others cannot be used.

>>> draft.give("digits", "image", uploads.Part(content, "a.png"))      # read and prepared at once
>>> draft.problem("digits", "image")                                   # its sentence, where it could not be used
>>> draft.use("digits")                                                # go to it, in a callback
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import streamlit as st

from mmlab.core.errors import DataError, MmlabError
from mmlab.core.outputs.multilabel import SEPARATOR
from mmlab.core.phrases import say
from mmlab.ui.session import cache, uploads, url_state
from mmlab.ui.session.decoded_uploads import decoded

LOG = logging.getLogger("mmlab.app")
DRAFT, PROBLEMS = "mmlab.draft", "mmlab.problems"
TRUTH, NUMBER, LABELS = "bring.truth", "bring.number", "bring.labels"  # what a person said it is
MEGABYTES = 16


def parts(task_name: str) -> dict[str, uploads.UploadedFile]:
    """The usable uploads so far, by input."""
    return st.session_state.setdefault(DRAFT, {}).setdefault(task_name, {})


def problem(task_name: str, modality: str) -> MmlabError | None:
    """Why the upload for an input cannot be used."""
    return _problems(task_name).get(modality)


def give(task_name: str, modality: str, part: uploads.UploadedFile | None) -> None:
    """Keep a part if it can be read and prepared; otherwise keep the reason, and what was there before goes."""
    kept, problems = parts(task_name), _problems(task_name)
    kept.pop(modality, None)
    problems.pop(modality, None)
    if part is None:
        return
    try:
        if len(part.content) > MEGABYTES * 2**20:
            raise DataError(say("The file is larger than {size} MB.", size=MEGABYTES), say("Upload a smaller one."))
        task = cache.task(task_name)
        task.prepare(modality, decoded(task, modality, part))
    except MmlabError as error:
        problems[modality] = error
    except Exception:  # whatever a file does to a reader, the page and all other inputs stay
        LOG.exception("A file for %s of %s could not be taken.", modality, task_name)
        problems[modality] = DataError(
            say("Something went wrong with this file."), say("The details are in the log of the app.")
        )
    else:
        kept[modality] = part


def use(task_name: str) -> None:
    """Show the uploaded sample; go back to the gallery if nothing is left of it."""
    given = parts(task_name)
    if given:
        own = uploads.Upload(task_name, dict(given), _truth(task_name))
        url_state.put(task=task_name, sample=uploads.keep(own), on=None)
    elif uploads.is_own(url_state.get("sample")):
        url_state.put(sample=None, on=None)


def replace(task_name: str, given: Mapping[str, uploads.UploadedFile]) -> None:
    """Replace the draft by these parts, such as those of a bundle."""
    st.session_state.setdefault(DRAFT, {})[task_name] = dict(given)
    _problems(task_name).clear()


def _truth(task_name: str) -> str:
    output = cache.task(task_name).info.output
    if output.class_names:
        return st.session_state.get(TRUTH, "")
    if output.label_names:
        return SEPARATOR.join(st.session_state.get(LABELS) or ())
    number = st.session_state.get(NUMBER)
    return "" if number is None else f"{number:g}"


def _problems(task_name: str) -> dict[str, MmlabError]:
    return st.session_state.setdefault(PROBLEMS, {}).setdefault(task_name, {})
