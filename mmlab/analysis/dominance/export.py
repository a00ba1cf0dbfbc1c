"""The panel of measures as numbers to take along: the same for the page and the command line."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import asdict
from typing import Any

from mmlab.analysis.dominance.report import Number, Panel


def as_json(found: Panel) -> dict[str, Any]:
    """Everything in the panel, the arithmetic left out. What is not a number is null."""
    return {
        "absent": found.rule,
        "nothing": found.nothing,
        "agreement": {
            "kendall_w": _finite(found.agreement.w),
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
                "interaction": pair.interaction.value,
                "lean": pair.lean.value,
                "pid": None if pair.pid is None else asdict(pair.pid),
                "problem": pair.problem,
            }
            for pair in found.pairs
        },
    }


def as_csv(found: Panel) -> bytes:
    """A row per measure and modality, then a row per measure and pair."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["measure", "input", "value", "low", "high", "unit", "samples", "note"])
    for row in found.rows:
        if row.problem:
            writer.writerow([row.measure.name, "", "", "", "", row.measure.unit, row.samples, row.problem])
        for name, number in zip(found.names, row.numbers, strict=False):
            bounds = ["" if math.isnan(each) else f"{each:.6g}" for each in (number.low, number.high)]
            writer.writerow([row.measure.name, name, f"{number.value:.6g}", *bounds, row.measure.unit, row.samples, ""])
    for pair in found.pairs:
        both = f"{pair.first}-{pair.second}"
        values = {"interaction": pair.interaction.value, "lean": pair.lean.value}
        if pair.pid is not None:
            values |= {f"pid_{part}": value for part, value in asdict(pair.pid.found).items()}
        for name, value in values.items():
            unit = "bits" if name.startswith("pid_") else "share"
            writer.writerow([name, both, f"{value:.6g}", "", "", unit, "", ""])
        if pair.pid is None:
            writer.writerow(["pid", both, "", "", "", "bits", "", pair.problem])
    return text.getvalue().encode()


def _number(number: Number) -> dict[str, float | None]:
    return {"value": _finite(number.value), "low": _finite(number.low), "high": _finite(number.high)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
