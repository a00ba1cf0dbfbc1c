"""The rows of a folder with the splits of a fold."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.task import Split
from mmlab.tasks.custom.folds import Fold
from mmlab.tasks.custom.manifest import Row, check_splits
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.samples import case_of
from mmlab.tasks.custom.task_json import Description


def in_fold(description: Description, fold: Fold) -> Description:
    """The description of a fold's task."""
    info = replace(description.info, name=fold.name_of(description.info.name))
    return replace(description, info=info, title=fold.title_of(description.title), fold=fold)


def reassigned(description: Description, rows: Sequence[Row], fold: Fold) -> list[Row]:
    """The rows with the splits of a fold. Raises DataError where there are fewer groups than folds."""
    part = parts(description, rows, fold)
    split: dict[int, Split] = {fold.number - 1: "test", fold.number % fold.count: "valid"}
    found = [replace(row, split=split.get(int(each), "train")) for row, each in zip(rows, part, strict=True)]
    problems = Problems()
    check_splits(found, problems)
    problems.raise_first(description.folder)
    return found


def parts(description: Description, rows: Sequence[Row], fold: Fold) -> NDArray[np.int64]:
    """Which part each row is in, `[N]` from 0: of whole groups and about one size, classes as even as groups allow."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold  # takes a second

    groups = [row.id if fold.by == "sample" else case_of(description, row) for row in rows]
    if len(set(groups)) < fold.count:
        have = f"There are {len(set(groups))} {fold.by}s"
        raise DataError(f"{have}, too few for {fold.count} folds.", "Use fewer folds, or give samples their groups.")
    in_classes = bool(description.info.output.class_names)
    truth = np.array([row.target for row in rows]) if in_classes else np.zeros(len(rows))
    cut = (StratifiedGroupKFold if in_classes else GroupKFold)(fold.count)
    found = np.zeros(len(rows), np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class of fewer samples than folds: `check` warns of rare classes
        try:
            for place, (_, test) in enumerate(cut.split(np.zeros(len(rows)), truth, groups)):
                found[test] = place
        except ValueError as error:
            raise DataError("No class has a sample in each fold.", "Use fewer folds.") from error
    return found
