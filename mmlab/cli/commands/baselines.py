"""`baselines`: simple models on the same samples, as a reference for the networks."""

from __future__ import annotations

from mmlab.cli.common_options import Checkpoints, Data, Json, TaskName, opened, settle
from mmlab.cli.console import bar, emit, number, say, table


def command(task: TaskName, json: Json = False, data: Data = None, checkpoints: Checkpoints = None) -> None:
    """Fit logistic or ridge regression and a random forest to every combination, and save their scores for Compare."""
    library = settle(opened(task, data), checkpoints=checkpoints)
    with bar("Reading the samples", None) as shown:
        from mmlab.core.task import TASKS
        from mmlab.experiments import baselines

        shown.start("Fitting", 1.0)
        found = baselines.measure(task, library, shown.move)
    if json:
        emit(found)
        return
    headline = TASKS[task].info.output.headline
    plain = found["baselines"]
    keys = dict.fromkeys(key for each in plain.values() for key in each["metrics"])
    rows = [(key, *(number(each["metrics"].get(key, {}).get(headline)) for each in plain.values())) for key in keys]
    rows.append(("mean", *(number(each["mean"].get(headline)) for each in plain.values())))
    table(
        f"{headline}, {found['samples']} test samples", ("present", *(each["title"] for each in plain.values())), rows
    )
    for each in plain.values():
        say(f"{each['title']}: {each['about']}.")
    if any(len(item.shape) > 1 for item in TASKS[task].info.modalities):
        say("Pictures, sounds and series are seen by their 64 principal components, texts by their words.")
