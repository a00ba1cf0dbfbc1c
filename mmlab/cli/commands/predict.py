"""`predict`: predictions from files, for every combination of the given inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmlab.cli.common_options import Checkpoints, Data, Device, Json, MethodName, Tag, TaskName, opened, pairs, settle
from mmlab.cli.console import bar, emit, number, table

if TYPE_CHECKING:
    from mmlab.core.outputs import Prediction


def command(
    task: TaskName,
    method: MethodName,
    input: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            "-i",
            metavar="MODALITY=FILE",
            help="A file for a modality; repeat for more. A single file (chair.obj) may hold every input.",
        ),
    ] = None,
    read: Annotated[
        list[str] | None,
        typer.Option(
            "--read",
            metavar="NAME=VALUE",
            help="What the files do not state: azimuth=30 of an object, height=40 of a volume, rate=100.",
        ),
    ] = None,
    tag: Tag = "",
    json: Json = False,
    data: Data = None,
    device: Device = "",
    checkpoints: Checkpoints = None,
) -> None:
    """Predict from files (image=a.png, sound=b.wav), for every combination of them. Any may be omitted."""
    from mmlab.core.task import TASKS, holds_every_input

    library = settle(opened(task, data), device, checkpoints)
    given = input or []
    is_whole = len(given) == 1 and "=" not in given[0] and holds_every_input(TASKS[task], given[0])
    files = given[0] if is_whole else pairs(given, "--input")
    with bar(f"Loading {method}", None):
        from mmlab.inference.device import one_thread
        from mmlab.inference.predictor import Model

        one_thread()
        model = Model.open(library.find(task, method, tag))
        answers = model.answers(model.prepare(files, pairs(read or [], "--read")))
        found = {key: (_described(answer), _in_words(answer)) for key, answer in answers}
    if json:
        emit({"combinations": {key: described for key, (described, _) in found.items()}})
        return
    rows = [(key, words, number(described["uncertainty"])) for key, (described, words) in found.items()]
    table(f"{task}, {method}", ("present", "answer", "uncertainty"), rows, left=2)


def _described(answer: Prediction) -> dict[str, Any]:
    found: dict[str, Any] = {
        "answer": answer.answer,
        "probabilities": dict(answer.probabilities),
        "uncertainty": answer.uncertainty,
    }
    if isinstance(answer.value, float):
        found["value"] = answer.value
    return found


def _in_words(answer: Prediction) -> str:
    """The answer, and the next best classes with their probabilities."""
    if not answer.probabilities:
        return answer.answer
    likely = sorted(answer.probabilities.items(), key=_probability, reverse=True)[:3]
    return f"{answer.answer}   " + "  ".join(f"{name} {share:.0%}" for name, share in likely)


def _probability(item: tuple[str, float]) -> float:
    return item[1]
