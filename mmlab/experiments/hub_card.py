"""A trained model on the Hub: its model card and its `config.json`, derived from its card and its report."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmlab.core.method import METHODS
from mmlab.core.metric import METRICS, family, higher_is_better
from mmlab.core.number_text import measured
from mmlab.core.options import describe
from mmlab.core.plain_text import plain
from mmlab.core.task import TASKS, TaskInfo
from mmlab.core.version import __version__
from mmlab.storage.checkpoints import config_of

LIBRARY = "mmlab"
UNKNOWN = "unknown"  # the Hub's own word for a licence that nobody stated
LONGEST = 400
MOST_FACTS = 40


@dataclass(frozen=True)
class Described:
    """One run. card: of its checkpoint; report: what was measured of it, empty for nothing."""

    task: str
    method: str
    tag: str
    card: Mapping[str, Any]
    report: Mapping[str, Any]
    licence: str = UNKNOWN

    @property
    def info(self) -> TaskInfo:
        """Its inputs and answers."""
        return TaskInfo.from_card(self.card["task"])

    @property
    def title(self) -> str:
        """For people."""
        return plain(f"{METHODS[self.method].title} on {TASKS[self.task].title}", LONGEST)


@dataclass(frozen=True)
class Score:
    """One measured number: on which test set, for which combination (its key, and in words), of which metric."""

    source: str
    combination: str
    label: str
    metric: str
    value: float


def config(model: Described) -> bytes:
    """`config.json`: what `pull` asks first, and what other programs read without loading anything."""
    described = {name: model.card[name] for name in ("config", "plan", "seed", "parameters") if name in model.card}
    names = {"task": model.task, "method": model.method, "tag": model.tag}
    of_task = {"modalities": model.card["task"]["modalities"], "output": model.card["task"]["output"]}
    content = {"library_name": LIBRARY, "mmlab_version": __version__, **names, **of_task, **described}
    return json.dumps(content, indent=1, ensure_ascii=False).encode()


def model_card(model: Described, repository: str) -> str:
    """`README.md`: Markdown below YAML metadata, with every score of every combination in `model-index`."""
    from huggingface_hub import EvalResult, ModelCardData

    found = scores(model)
    kind = model.info.output.kind
    data = ModelCardData(
        library_name=LIBRARY,
        license=model.licence,
        model_name=model.title,
        tags=list(dict.fromkeys([LIBRARY, "multimodal", "missing-modalities", kind, model.method, *_kinds(model)])),
        metrics=sorted({each.metric for each in found}) or None,
        eval_results=[
            EvalResult(
                task_type=f"multimodal-{kind}",
                task_name=f"Multimodal {kind}, with {each.label}",
                dataset_type=f"{LIBRARY}-{model.task}",
                dataset_name=f"{plain(TASKS[model.task].title, LONGEST)}, test set {each.source}",
                dataset_config=f"{each.source}:{each.combination}",
                dataset_split="test",
                metric_type=each.metric,
                metric_name=_metric_title(each.metric),
                metric_value=each.value,
            )
            for each in found
        ]
        or None,
    )
    return f"---\n{data.to_yaml()}\n---\n\n{_text(model, found, repository)}"


def scores(model: Described) -> list[Score]:
    """Every finite number of the report, by test set, then from one input to all."""
    subsets = model.info.modalities.subsets()
    return [
        Score(source, each.key, each.label, metric, value)
        for source, measured_there in model.report.get("sources", {}).items()
        for each in subsets
        for metric, value in measured_there["metrics"].get(each.key, {}).items()
        if value is not None and math.isfinite(value)
    ]


def _kinds(model: Described) -> list[str]:
    return [each.kind for each in model.info.modalities]


def _metric_title(metric: str) -> str:
    start, part = family(metric)
    return " ".join(each for each in (METRICS[start].title if start else metric, part) if each)


def _text(model: Described, found: list[Score], repository: str) -> str:
    inputs = [f"- {plain(each.label, LONGEST)} (`{each.name}`, {each.kind})" for each in model.info.modalities]
    parts = [
        f"# {model.title}",
        plain(TASKS[model.task].about, 2000),
        plain(METHODS[model.method].about, 2000) + _paper(model),
        "It answers from any combination of these inputs:\n\n" + "\n".join(inputs),
        f"## Use\n\n```\npip install 'mmlab[hub]'\nmmlab pull {repository}\n"
        f"mmlab predict --task {model.task} --method {model.method} --tag {model.tag} --input NAME=FILE\n```",
        "## Scores of every combination\n\n" + (_tables(found) or "Nothing was measured of this model."),
        *_settings(model),
        "## Training data\n\n" + "\n".join(_training(model)),
        "## Limits\n\n" + "\n".join(f"- {each}" for each in _limits(model, found)),
        f"## Licence\n\n{'Not stated.' if model.licence == UNKNOWN else model.licence}",
    ]
    return "\n\n".join(parts) + "\n"


def _paper(model: Described) -> str:
    paper = METHODS[model.method].paper
    return f"\n\nMethod: {plain(paper, LONGEST)}." if paper else ""


def _tables(found: list[Score]) -> str:
    """One table per test set: a row per combination, a column per metric."""
    tables = []
    for source in dict.fromkeys(each.source for each in found):
        of_source = [each for each in found if each.source == source]
        metrics = list(dict.fromkeys(each.metric for each in of_source))
        cells = {(each.label, each.metric): measured(each.value, 3) for each in of_source}
        lines = [["Inputs", *map(_metric_title, metrics)], ["---"] * (len(metrics) + 1)]
        lines += [
            [plain(label, LONGEST), *(cells.get((label, metric), "–") for metric in metrics)]
            for label in dict.fromkeys(each.label for each in of_source)
        ]
        tables.append(f"Test set {source}:\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(tables)


def _settings(model: Described) -> list[str]:
    """The method's settings with their letters in the formulas and their meaning; nothing for one that has none."""
    options, values = describe(METHODS[model.method].Config), config_of(model.card)
    lines = [
        f"| `{item.name}` | {item.symbol} | {plain(str(values[item.name]), LONGEST)} | {plain(item.help, LONGEST)} |"
        for item in options
        if item.name in values
    ]
    head = "| setting | symbol | value | meaning |\n| --- | --- | --- | --- |\n"
    return ["## Settings\n\n" + head + "\n".join(lines)] if lines else []


def _training(model: Described) -> list[str]:
    """What the checkpoint's card says of its data and of its training, a line each."""
    facts = dict(_flat(model.card.get("data", {})))
    facts |= dict(_flat({"gaps": model.card.get("gaps", {}), "share missing": model.card.get("missing", {})}))
    for name in ("seed", "selection", "device", "made"):
        if model.card.get(name) not in (None, ""):
            facts[name] = str(model.card[name])
    lines = [f"- {plain(name, LONGEST)}: {plain(value, LONGEST)}" for name, value in facts.items()]
    return lines[:MOST_FACTS] or ["The checkpoint says nothing of it."]


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{name}, {key}" if name else str(key))
    elif value not in (None, "", []):
        yield name, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _limits(model: Described, found: list[Score]) -> Iterator[str]:
    headline = model.report.get("headline", "")
    for source, there in model.report.get("sources", {}).items():
        graded = [each for each in found if (each.source, each.metric) == (source, headline)]
        if graded:
            sign = 1 if higher_is_better(headline) else -1
            worst = min(graded, key=lambda each: sign * each.value)
            weakest = f"{_metric_title(headline)} {measured(worst.value, 3)} with {worst.label}"
            yield f"Test set {source}: weakest is {weakest}."
        basis = [
            f"{there[name]:,} {word}"
            for name, word in (("samples", "samples"), ("groups", "groups"))
            if there.get(name)
        ]
        if basis:
            yield f"Test set {source}: {' of '.join(basis)}."
    if not found:
        yield "Nobody measured it."
    simulated = model.card.get("data", {}).get("simulated")
    if isinstance(simulated, list | tuple) and simulated:
        yield f"Simulated: {plain(', '.join(map(str, simulated)), LONGEST)}."
    yield "Scores hold for recordings such as those of the test sets; on others it was not measured."
    yield "It reads only the inputs above, prepared as mmlab prepares them."
