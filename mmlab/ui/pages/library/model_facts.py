"""Facts about a model as a list: its size, its training data, when and where it was trained."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from mmlab.core.errors import CheckpointError
from mmlab.core.method import METHODS
from mmlab.core.options import describe, in_words
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.task import TASKS
from mmlab.core.training_plan import Plan
from mmlab.experiments.train_job import default_plan
from mmlab.storage.checkpoints import MODEL, config_of
from mmlab.storage.library import Entry
from mmlab.ui.session import cache, comparison_cache
from mmlab.ui.text import wording

SELECTION = re.compile(r"the epoch with the best (.+) on validation, (.+)")


def drawn(entry: Entry) -> str:
    """The facts of a card as HTML."""
    card, reference = entry.card, entry.reference
    plan, data = part(card, "plan"), part(card, "data")
    source = str(plan.get("source", ""))
    count = plan.get("samples") or part(data, "sizes").get("train")
    origins = [f"{name}: {'; '.join(map(str, parts.values()))}" for name, parts in _origins(data, source)]
    epoch, seconds = _number(card.get("best_epoch")), _number(card.get("training_seconds"))
    facts = {
        say("Parameters"): say(
            "{count} ({size} kB on disk)",
            count=f"{_number(card.get('parameters')):,.0f}",
            size=f"{_size(reference) / 1024:,.0f}",
        ),
        say("Seed"): str(card.get("seed", "")),
        say("Settings"): _changed(settings(card), reference.task, reference.method, config=True),
        say("Plan"): _changed(plan, reference.task, reference.method, config=False) if plan else "",
        say("Trained on"): ". ".join([_training_data(entry.reference.task, source, count), *origins]) + "."
        if source
        else "",
        say("Simulated"): _simulated(data),
        say("Kept epoch"): f"{epoch + 1:.0f}: {_selection(card)}" if math.isfinite(epoch) else "",
        say("Trained in"): _trained_in(card, seconds),
        say("Made"): _date(str(card.get("made", ""))) + _versions(part(card, "versions")),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text)
    return f'<dl class="mm-facts">{rows}</dl>'


def _simulated(data: Mapping[str, Any]) -> str:
    """Which parts of the data are simulated; empty where the card does not say."""
    if "simulated" not in data:
        return ""
    return ", ".join(say(str(part)) for part in data["simulated"]) or say("nothing")


def _trained_in(card: Mapping[str, Any], seconds: float) -> str:
    if not math.isfinite(seconds):
        return ""
    return say("{time} on {device}", time=wording.minutes(seconds), device=card.get("device", "?"))


def settings(card: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of a model as they are called now; as they stand in its card where that does not hold together."""
    try:
        return config_of(card)
    except CheckpointError:
        return part(card, "config")


def part(card: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A group of facts; empty where the card lacks it."""
    found = card.get(name)
    return found if isinstance(found, Mapping) else {}


def _training_data(task: str, source: str, count: object) -> str:
    where = {"both": say("Built-in samples and real recordings"), **comparison_cache.SOURCES}.get(
        source, source or phrase("unknown")
    )
    if source == "built-in" and len(cache.task(task).sources()) == 1:
        where = say("Samples of the task")
    where = say(where)
    if isinstance(count, int) and source == "both":
        return say("{where}, {count} each", where=where, count=f"{count:,}")
    return f"{where}, {count}"


def _origins(data: Mapping[str, Any], source: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Where the training data come from, by source."""
    found = part(data, "sources")
    return [(name, parts) for name, parts in found.items() if source in (name, "both") and isinstance(parts, Mapping)]


def _changed(values: Mapping[str, Any], task: str, method: str, config: bool) -> str:
    """What differs from the defaults, in words."""
    if method not in METHODS:
        return ", ".join(f"{name} {value}" for name, value in values.items())
    options = {item.name: item for item in describe(METHODS[method].Config if config else Plan)}
    usual = {name: item.default for name, item in options.items()}
    usual |= {} if config or task not in TASKS else default_plan(cache.task(task), METHODS[method])
    other = [
        say("{name} {value} (usually {usual})", name=in_words(options[name]), value=value, usual=usual[name])
        for name, value in values.items()
        if usual.get(name, value) != value
    ]
    if config:
        return ", ".join(other) or say("the defaults")
    return ", ".join(
        [
            say("{count} epochs", count=values.get("epochs", "?")),
            *(text for text in other if not text.startswith("source")),
        ]
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _date(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d, %H:%M} UTC"
    except ValueError:
        return text


def _versions(found: Mapping[str, Any]) -> str:
    named = ", ".join(f"{name} {version}" for name, version in found.items())
    return f", {named}" if named else ""


def _size(reference: Reference) -> int:
    """Bytes of the weights on disk."""
    return next((stamp[0] for name, stamp in reference.files if name == MODEL), 0)


def _selection(card: Mapping[str, Any]) -> str:
    """How the epoch was chosen, which a card says in English."""
    told = str(card.get("selection", ""))
    found = SELECTION.fullmatch(told)
    if found is None:
        return say(told)
    return say("the epoch with the best {metric} on validation, {rule}", metric=say(found[1]), rule=say(found[2]))
