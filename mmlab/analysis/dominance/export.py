"""The table of measures as exportable numbers: the same for the page and the command line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from mmlab.analysis.dominance.measure import Column, Number, PairMeasure, PairNumbers
from mmlab.analysis.dominance.report import DominanceReport
from mmlab.core import csv_file


def as_json(found: DominanceReport) -> dict[str, Any]:
    """Everything in the panel, the arithmetic left out. What is not a number is null."""
    return {
        "absent": found.rule,
        "nothing": found.nothing,
        "interval": found.basis,
        "groups": found.clusters.count,
        "agreement": {
            "kendall_w": _finite(found.agreement.w),
            "kendall_w_by_chance": None if found.agreement.chance is None else asdict(found.agreement.chance),
            "measures": found.agreement.judges,
            "verdict": found.agreement.verdict,
            "first": {label: list(names) for label, names in found.agreement.leaders.items()},
            "undecided": list(found.agreement.undecided),
            "why": [asdict(dispute) for dispute in found.agreement.disputes],
        },
        "evenness": found.evenness,
        "measures": {
            row.measure.name: {
                "title": row.measure.title,
                "symbol": row.measure.symbol,
                "unit": row.measure.unit,
                "samples": row.samples,
                "problem": row.problem,
                "source": row.measure.source,
                "values": {name: _number(number) for name, number in zip(found.names, row.numbers, strict=False)},
            }
            for row in found.rows
        },
        "pairs": {
            f"{pair.first}-{pair.second}": {
                measure.name: _pair(measure, pair.found[measure.name]) if measure.name in pair.found else None
                for measure in found.pair_measures
            }
            | {"problem": " ".join(dict.fromkeys(pair.problems.values()))}
            for pair in found.pairs
        },
    }


def as_csv(found: DominanceReport, labels: Mapping[str, str] | None = None, task: str = "", model: str = "") -> bytes:
    """A row per measure and modality, then a row per measure and pair; at the end of each both names as people read
    them. labels: of the modalities, by name; task, model: what the table is of."""
    header = ("measure", "input", "value", "low", "high", "unit", "samples", "note", "title", "inputs", "task", "model")
    titles = {each.name: each.title for each in (*(row.measure for row in found.rows), *found.pair_measures)}
    read = dict(labels or {})

    def named() -> Iterator[list[object]]:
        for line in _lines(found):
            measure, inputs = str(line[0]), str(line[1])
            title = titles.get(measure) or next(
                (text for name, text in titles.items() if measure.startswith(f"{name}_")), measure
            )
            yield [*line, title, ", ".join(read.get(name, name) for name in inputs.split("-") if name), task, model]

    return csv_file.as_csv(header, named()).encode()


def _lines(found: DominanceReport) -> Iterator[list[object]]:
    for row in found.rows:
        if row.problem:
            yield [row.measure.name, "", "", "", "", row.measure.unit, row.samples, row.problem]
        for name, number in zip(found.names, row.numbers, strict=False):
            note = found.basis if math.isfinite(number.low) or not found.clusters.are_enough else ""
            bounds = ["" if math.isnan(each) else f"{each:.6g}" for each in (number.low, number.high)]
            yield [row.measure.name, name, f"{number.value:.6g}", *bounds, row.measure.unit, row.samples, note]
    for pair in found.pairs:
        both = f"{pair.first}-{pair.second}"
        for measure in found.pair_measures:
            if measure.name not in pair.found:
                yield [measure.name, both, "", "", "", measure.unit, "", pair.problems[measure.name]]
                continue
            for column, number in zip(measure.columns, pair.found[measure.name].numbers, strict=True):
                yield [_name(measure, column), both, f"{number.value:.6g}", "", "", column.unit, "", ""]


def _name(measure: PairMeasure, column: Column) -> str:
    return measure.name if len(measure.columns) == 1 else f"{measure.name}_{column.name}"


def _pair(measure: PairMeasure, found: PairNumbers) -> Any:
    """The number of a measure that has one; else all that it tells."""
    if len(measure.columns) == 1:
        return _finite(found.numbers[0].value)
    named = {column.name: _finite(each.value) for column, each in zip(measure.columns, found.numbers, strict=True)}
    return dict(found.details) if found.details is not None else named


def _number(number: Number) -> dict[str, float | None]:
    return {"value": _finite(number.value), "low": _finite(number.low), "high": _finite(number.high)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
