"""Data of the Compare page from the library: comparisons and confusion matrices, cached until a report changes.

>>> stamp = measured.stamp("digits")                                        # part of the keys of what is kept
>>> found = measured.comparison("digits", "", "built-in", "dropout", "accuracy", stamp)
>>> counts = measured.counted(str(folder), measured.modified(folder), "image-sound", 10)
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.methods import sanity
from mmlab.analysis.methods.seed_comparison import MEAN, WORST, Comparison, confusion
from mmlab.core.data_version import fingerprint_of
from mmlab.core.errors import CheckpointError, MmlabError
from mmlab.core.file_stamp import Stamp as FileStamp
from mmlab.core.file_stamp import stamp_of
from mmlab.core.method import METHODS
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.task import TASKS, advice
from mmlab.experiments import comparison_tables
from mmlab.experiments.ablations import ladder, rung_tag, with_ladder
from mmlab.storage import baselines_file, imported_scores, report_file, sweep_file
from mmlab.storage.checkpoints import REPORT, SWEEP
from mmlab.storage.library import SEED_FOLDER, Entry
from mmlab.ui.session import cache
from mmlab.ui.session.library_entries import entry_of

SOURCES = {"built-in": phrase("Built-in samples"), "real": phrase("Real recordings")}
ONLY = phrase("Test samples")  # where a task has no other source, such as one's own folder
STEPS = "steps"
Stamp = tuple[tuple[str, FileStamp], ...]


def runs(task: str) -> tuple[Entry, ...]:
    """Every run of every method on a task, in the order of the tables; a damaged one carries its problem."""
    found = [entry_of(reference) for reference in cache.library().references(task)]
    return tuple(sorted(found, key=lambda entry: _place(entry.reference.method)))


def seed_scores(task: str, method: str, metric: str) -> list[float]:
    """A metric's mean over all combinations for each ordinary run that was measured, with its weights here or not."""
    scores = []
    for file in cache.library().glob(f"{task}/{method}/seed*/{REPORT}"):
        try:
            found = report_file.read(file.parent)["sources"]["built-in"]["mean"][metric]
        except (CheckpointError, KeyError):
            continue  # the comparison names damaged reports
        if isinstance(found, float) and math.isfinite(found) and SEED_FOLDER.fullmatch(file.parent.name):
            scores.append(found)
    return scores


@st.cache_data(show_spinner=False, max_entries=64)
def comparison(task: str, view: str, source: str, baseline: str, metric: str, stamp: Stamp) -> Comparison:
    """All methods of a task, or the steps of one (`view`). Raises CheckpointError where nothing was measured."""
    if view:
        return comparison_tables.compare_ladder(cache.library(), task, view, source, metric)
    return comparison_tables.compare(cache.library(), task, source, baseline, metric)


def warnings_of(reference: Reference) -> list[str]:
    """What is to be known before a model's numbers are read as findings about the data: see `Comparison.warnings`."""
    task = cache.task(reference.task)
    output, modalities = task.info.output, task.info.modalities
    measured = cache.report(reference).get("sources", {}).get("built-in", {})
    scores = {key: float(row.get(output.headline, math.nan)) for key, row in measured.get("metrics", {}).items()}
    stored = baselines_file.read(cache.library(), reference.task, fingerprint_of(task))
    plain = baselines_file.scores(stored, output.headline)
    models = {cache.title(reference.method): scores}
    return sanity.warnings(models, plain, output.headline, lambda key: modalities.parse(key).label)


def sources(task: str, view: str, stamp: Stamp) -> list[str]:
    """Where there are reports for the view; the built-in samples in any case."""
    there = []
    for source in SOURCES:
        try:
            comparison(task, view, source, "", "", stamp)
            there.append(source)
        except CheckpointError:
            continue
    if not there:
        raise CheckpointError(
            say("The ablation of {model} has not been trained yet.", model=cache.title(view))
            if view
            else say("Nothing has been measured yet."),
            advice(
                TASKS[task], f"python -m mmlab grid --tasks {task}{f' --ladder {view}' if view else ''}", say("Train")
            ),
        )
    return there


def source_title(task: str, source: str) -> str:
    """The name of the test data: "built-in" would be wrong for a user's own."""
    is_only = source == "built-in" and len(cache.task(task).sources()) == 1
    return say(ONLY if is_only else SOURCES.get(source, source))


def stamp(task: str) -> Stamp:
    """A stamp of the current reports, as a cache key."""
    files = cache.library().glob(f"{task}/*/*/{REPORT}")
    if not files:
        return ()
    for name in (baselines_file.FILE, imported_scores.FILE):
        files += cache.library().glob(f"{task}/{name}")
    return tuple(
        ("/".join(file.parts[-3:-1]), modified(file)) for file in files if not file.parent.name.startswith(".")
    )


def modified(file: Path) -> FileStamp:
    """The stamp of a file, or of the stored answers of a folder."""
    return stamp_of(file / SWEEP if file.is_dir() else file)


def folders(found: Comparison, view: str, name: str) -> list[Path]:
    """The runs behind a row that have stored answers."""
    root = cache.library().root / found.task
    seeds = next(run.seeds for run in found.runs if run.name == name)
    if view in with_ladder() and name in (rung.name for rung in ladder(view)):
        rung = next(rung for rung in ladder(view) if rung.name == name)
        there = [root / view / rung_tag(rung, seed) for seed in seeds]
    else:
        every = cache.library().glob(f"{found.task}/{name}/seed*")
        there = [folder for folder in every if SEED_FOLDER.fullmatch(folder.name)]
    return [folder for folder in there if (folder / SWEEP).is_file() and (folder / REPORT).is_file()]


@st.cache_data(show_spinner=False, max_entries=512)
def counted(folder: str, modified: FileStamp, key: str, classes: int) -> NDArray[np.int64] | str:
    """The confusion matrix of one run and combination, from its stored answers; or what is wrong with them."""
    found = _stored_answers(folder, key)
    return found if isinstance(found, str) else confusion(found[0].argmax(-1), found[1].astype(np.int64), classes)


@st.cache_data(show_spinner=False, max_entries=512)
def label_counts(folder: str, modified: FileStamp, key: str) -> NDArray[np.int64] | str:
    """Of each of several labels in how many samples it is rightly given, there, and given, `[L, 3]`; or as above."""
    found = _stored_answers(folder, key)
    if isinstance(found, str):
        return found
    output = cache.task(Path(folder).parts[-3]).info.output
    right, there = output.recall_counts(*found)
    given, _ = output.recall_counts(found[0], np.ones_like(found[1]))
    return np.stack((right, there, given), 1)


def _stored_answers(folder: str, key: str) -> tuple[NDArray[np.float32], NDArray[np.generic]] | str:
    """Answers and truth of the test samples that have the inputs; or why there are none."""
    try:
        info = cache.task(Path(folder).parts[-3]).info
        found = sweep_file.read_whole(Path(folder), report_file.read(Path(folder)).get("digest", ""), info)
        k = found.index(key)
    except ValueError:
        return str(CheckpointError(f"The stored answers of {Path(folder).name} lack {key}."))  # kept for all languages
    except MmlabError as error:
        return str(error)
    needed = [name in key.split("-") for name in info.modalities.names]
    rows = found.present[:, needed].all(1)
    return found.logits[k][rows], found.target[rows]


def _place(method: str) -> tuple[int, str]:
    return (METHODS[method].order if method in METHODS else 1000, method)


def by_title(task: str, by: str) -> str:
    """The sort key of a table, in words."""
    named = {MEAN: say("Mean of all combinations"), WORST: say("Worst combination"), STEPS: say("Order of the steps")}
    if by in named:
        return named[by]
    return cache.task(task).info.modalities.parse(by).label
