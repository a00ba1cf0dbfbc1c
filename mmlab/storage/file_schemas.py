"""The schemas of the files of a model, of a training and of a view: types, limits and lengths, in one place.

The same schema holds at import and at reading (`strict_json.checked`). Other fields than the named ones may stand
beside them: a plug-in or a later version may write more. They were bounded when the file was decoded.
"""

from __future__ import annotations

from typing import (
    Annotated,
    Any,
    NotRequired,  # that of typing has no schema before Python 3.12
)

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

LARGEST = 1e15
OPEN = ConfigDict(extra="allow", strict=True)

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\w][\w .+-]*$")]
Key = Annotated[str, Field(min_length=1, max_length=400)]
Text = Annotated[str, Field(max_length=2000)]
Digest = Annotated[str, Field(max_length=128)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Logged = Annotated[float, Field(allow_inf_nan=True)]  # NaN where a score does not exist; infinity never comes this far
Value = str | int | float | bool | list[str] | None
Options = Annotated[dict[Key, Value], Field(max_length=64)]
Scores = Annotated[dict[Key, Number | None], Field(max_length=64)]  # null: a score that does not exist
Series = Annotated[dict[Key, Logged], Field(max_length=1024)]
Row = Annotated[list[Logged], Field(max_length=1024)]


@with_config(OPEN)
class TaskCard(TypedDict):
    """The task as a checkpoint tells it; `TaskInfo.from_card` checks the rest."""

    name: Name
    modalities: Annotated[list[dict[Key, Any]], Field(min_length=1, max_length=16)]
    output: dict[Key, Any]


@with_config(OPEN)
class Description(TypedDict):
    """What a checkpoint and its report say of the model."""

    task: NotRequired[TaskCard]
    method: NotRequired[Name]
    config: NotRequired[Options]
    plan: NotRequired[Options]
    seed: NotRequired[Annotated[int, Field(ge=0, lt=2**63)]]
    parameters: NotRequired[Count]
    best_epoch: NotRequired[Annotated[int, Field(ge=-1, le=10**6)]]
    validation: NotRequired[Logged | None]
    selection: NotRequired[Text]
    training_seconds: NotRequired[Seconds]
    device: NotRequired[Text]
    made: NotRequired[Text]
    data: NotRequired[dict[Key, Any]]
    missing: NotRequired[dict[Key, Any]]
    versions: NotRequired[dict[Key, Text]]


@with_config(OPEN)
class Card(Description):
    """The card of a checkpoint, from which its model is built again."""

    task: TaskCard  # type: ignore[misc]
    method: Name  # type: ignore[misc]


@with_config(OPEN)
class WorstClass(TypedDict):
    """The class that is right least often under a combination; fails: whether it is far behind the others."""

    name: Key
    accuracy: Number
    samples: Count
    fails: bool


@with_config(OPEN)
class Measured(TypedDict):
    """Scores on one test set: by combination and metric, and their means over combinations.

    groups: whom the samples come from; intervals: of the headline, [low, high] by combination, null for none.
    """

    metrics: Annotated[dict[Key, Scores], Field(min_length=1, max_length=1024)]
    mean: Scores
    samples: NotRequired[Count]
    groups: NotRequired[Count]
    worst_class: NotRequired[Annotated[dict[Key, WorstClass], Field(max_length=1024)]]
    intervals: NotRequired[
        Annotated[dict[Key, Annotated[list[Number | None], Field(min_length=2, max_length=2)]], Field(max_length=1024)]
    ]
    counts: NotRequired[Annotated[dict[Key, Count], Field(max_length=1024)]]
    nothing: NotRequired[Scores]


@with_config(OPEN)
class Report(TypedDict):
    """`report.json`. A list shows what it can of one without a card; comparisons ask for all of it (`why_unusable`)."""

    digest: NotRequired[Digest]
    headline: NotRequired[Name]
    card: NotRequired[Description]
    sources: Annotated[dict[Name, Measured], Field(max_length=8)]


@with_config(OPEN)
class Baseline(TypedDict):
    """What one plain model scores, by combination and metric."""

    title: Text
    about: Text
    metrics: Annotated[dict[Key, Scores], Field(min_length=1, max_length=1024)]
    mean: Scores


@with_config(OPEN)
class Baselines(TypedDict):
    """`baselines.json`: the reference models of a task, and the data that they were measured on."""

    contents: Digest
    samples: Count
    baselines: Annotated[dict[Name, Baseline], Field(max_length=8)]


@with_config(OPEN)
class ImportedScores(TypedDict):
    """What somebody reports of a method. metrics: by metric, the score of each combination."""

    title: Text
    file: Text
    metrics: Annotated[dict[Name, Scores], Field(min_length=1, max_length=64)]


@with_config(OPEN)
class Imported(TypedDict):
    """`imported.json`: results of others, by the title of the method."""

    version: int
    results: Annotated[dict[Key, ImportedScores], Field(max_length=32)]


@with_config(OPEN)
class Logs(TypedDict):
    """What methods and recorders add to a line of a log, as far as a figure reads it."""

    shares: NotRequired[Series]
    divergence: NotRequired[Series]
    adapted: NotRequired[Series]
    explored: NotRequired[Series]
    warmup_variance: NotRequired[Series]
    effective_dimensions: NotRequired[Annotated[dict[Key, Count], Field(max_length=64)]]
    dimension_scores: NotRequired[Annotated[dict[Key, Row], Field(max_length=64)]]
    mined: NotRequired[Annotated[list[Key], Field(max_length=1024)]]
    combinations: NotRequired[Annotated[list[Key], Field(max_length=1024)]]
    cosines: NotRequired[Annotated[list[Row], Field(max_length=1024)]]
    angles_before: NotRequired[Row]
    angles_after: NotRequired[Row]
    lengths: NotRequired[Row]
    conflicts: NotRequired[Logged]


Stage = Annotated[str, Field(max_length=80)]
Tables = Annotated[dict[Key, Series], Field(max_length=1024)]


@with_config(OPEN)
class EpochLine(TypedDict):
    """A line of `progress.jsonl`: one epoch. A figure needs only its number; following a training, `epochs` too."""

    epoch: Annotated[int, Field(ge=0, le=10**6)]
    epochs: NotRequired[Annotated[int, Field(ge=1, le=10**6)]]
    stage: NotRequired[Stage]
    seconds: NotRequired[Seconds]
    losses: NotRequired[Series]
    metrics: NotRequired[Tables]
    variance: NotRequired[Series]
    gradient_norm: NotRequired[Series]
    logs: NotRequired[Logs]


@with_config(OPEN)
class Request(TypedDict):
    """`order.json` of a training in the background."""

    task: Name
    method: Name
    tag: Name
    config: Options
    plan: Options
    seed: Annotated[int, Field(ge=0, lt=2**63)]


@with_config(OPEN)
class Status(TypedDict):
    """`status.json` of a training in the background."""

    state: Annotated[str, Field(pattern="^(waiting|running|stopped|failed|done)$")]
    message: NotRequired[Text]
    hint: NotRequired[Text]
    asked: NotRequired[Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]]
    reading: NotRequired[Text]
    share: NotRequired[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]]


@with_config(OPEN)
class BundleInput(TypedDict):
    """An input in a view bundle: the name that its file had, for sentences, and what was said of how to read it."""

    name: NotRequired[Text]
    options: NotRequired[Annotated[dict[Key, str | int | float | bool], Field(max_length=64)] | None]


@with_config(OPEN)
class ViewBundle(TypedDict):
    """`view.json` of a view bundle."""

    mmlab: int
    task: Name
    truth: NotRequired[Text]
    view: NotRequired[Annotated[dict[Key, Text], Field(max_length=256)]]
    inputs: Annotated[dict[Key, BundleInput], Field(max_length=16)]


@with_config(OPEN)
class ArchiveNames(TypedDict):
    """`bundle.json` of an exported model; whether its `tag` can name a run is checked where it is filed."""

    format: NotRequired[int]
    task: NotRequired[Name]
    method: NotRequired[Name]
