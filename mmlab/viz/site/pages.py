"""The files of static pages: one HTML page with every number in it, and a script that makes it interactive.

The script is handed its values as another script, since a page that was opened from a file may read no other files.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from mmlab.viz.base.html_report import STYLE, Fact
from mmlab.viz.base.theme import chip
from mmlab.viz.site.content import Site, SiteModel

HERE = Path(__file__).parent
SECTIONS = {
    "combinations": "Every combination of inputs",
    "failures": "When inputs fail at random",
    "embedding": "Embedding",
    "dominance": "Which input the model leans on",
    "provenance": "What the numbers rest on",
}


def files(site: Site) -> dict[str, bytes]:
    """The whole folder, by the path of each file in it."""
    found = {
        "index.html": _page(site).encode(),
        "site.js": (HERE / "site.js").read_bytes(),
        "site.css": (STYLE + "\n" + (HERE / "site.css").read_text("utf-8")).encode(),
        "data.js": f"window.mmlabSite = {json.dumps(_values(site), allow_nan=False)};\n".encode(),
    }
    for model in site.models:
        found |= {f"numbers/{name}": text.encode() for name, text in model.csv.items()}
    return found


def _values(site: Site) -> dict[str, Any]:
    return {
        "inputs": [{"name": each.name, "label": each.label} for each in site.inputs],
        "keys": list(site.keys),
        "labels": list(site.labels),
        "scale": {
            "share": site.scale.is_share,
            "digits": site.scale.digits,
            "higher": site.scale.higher_is_better,
        },
        "models": [
            {
                "title": model.title,
                "scores": [value if math.isfinite(value) else None for value in model.scores],
                "bounds": [site.scale.bounds(*each) for each in zip(model.low, model.high, strict=True)],
                "map": model.embedding.packed(),
            }
            for model in site.models
        ],
    }


def _page(site: Site) -> str:
    links = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, title in SECTIONS.items())
    choice = "".join(
        f'<option value="{place}">{escape(model.title)}</option>' for place, model in enumerate(site.models)
    )
    parts = {
        "combinations": _combinations(site),
        "failures": _failures(site),
        "embedding": _embedding(),
        "dominance": "".join(_dominance(site, model, place) for place, model in enumerate(site.models)),
        "provenance": _provenance(site),
    }
    body = "".join(f'<section id="{name}"><h2>{escape(SECTIONS[name])}</h2>{parts[name]}</section>' for name in parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(site.title)}</title><link rel="stylesheet" href="site.css"></head><body>'
        f"<h1>{escape(site.title)}</h1><p>{escape(site.about)}</p>"
        f'<nav>{links}<label>Model <select id="model">{choice}</select></label></nav>'
        "<noscript><p>The tables below are all there; the sliders and the map need JavaScript.</p></noscript>"
        f'{body}<script src="data.js"></script><script src="site.js"></script></body></html>'
    )


def _combinations(site: Site) -> str:
    drawings = "".join(
        f'<div class="board" data-model="{place}">{model.lattice}<p class="note">{escape(model.basis)}</p></div>'
        for place, model in enumerate(site.models)
    )
    head = "".join(f"<th>{escape(model.title)}</th>" for model in site.models)
    rows = "".join(
        f'<tr data-row="{escape(key, quote=True)}"><td>{escape(label)}</td>{"".join(_cells(site, place))}</tr>'
        for place, (key, label) in enumerate(zip(site.keys, site.labels, strict=True))
    )
    return (
        f"<p>{escape(site.scale.title)}{escape(site.scale.about)}. Click a combination, or use the arrow keys: "
        f"down takes away the input that costs most.</p>{drawings}"
        '<p id="picked" class="picked" aria-live="polite"></p>'
        '<details open><summary>Numbers</summary><div class="wide"><table><thead><tr><th>inputs</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _cells(site: Site, place: int) -> list[str]:
    cells = []
    for model in site.models:
        bounds = site.scale.bounds(model.low[place], model.high[place])
        note = f' title="{escape(bounds, quote=True)}"' if bounds else ""
        cells.append(f"<td{note}>{escape(site.scale.text(model.scores[place]))}</td>")
    return cells


def _failures(site: Site) -> str:
    sliders = "".join(
        f"<label>{chip(each.letter, each.colour)} {escape(each.label)} fails in <output></output>"
        f'<input type="range" min="0" max="100" value="20" data-input="{escape(each.name, quote=True)}"></label>'
        for each in site.inputs
    )
    rows = "".join(
        f'<tr data-expected="{place}"><td>{escape(model.title)}</td><td></td>'
        f'<td><i style="--c:{model.colour}"></i></td></tr>'
        for place, model in enumerate(site.models)
    )
    return (
        "<p>Each input is missing with the probability that you set, on its own; that nothing is left is left out. "
        f'{escape(site.scale.title)} to expect, from the table above:</p><div class="sliders">{sliders}</div>'
        f'<table class="expected"><tbody>{rows}</tbody></table><p id="failing" class="note" aria-live="polite"></p>'
    )


def _embedding() -> str:
    return (
        '<div class="choices"><label>Inputs <select id="shown"></select></label>'
        '<label>Colour <select id="colouring"></select></label></div>'
        '<canvas id="map" role="img" aria-label="The test set in the embedding"></canvas>'
        '<p id="legend" class="legend"></p><p id="point" class="note" aria-live="polite"></p>'
        '<p id="mapped" class="note"></p>'
    )


def _dominance(site: Site, model: SiteModel, place: int) -> str:
    head = "".join(f"<th>{chip(each.letter, each.colour)} {escape(each.label)}</th>" for each in site.inputs)
    rows = []
    for row in model.dominance:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row.cells)
        if row.problem:
            cells = f'<td colspan="{len(site.inputs)}" class="problem">{escape(row.problem)}</td>'
        rows.append(
            f"<tr><td>{escape(row.title)}<small>{escape(row.question)}</small></td>{cells}<td>{row.samples:,}</td></tr>"
        )
    return (
        f'<div class="wide" data-model="{place}"><table class="dominance"><thead><tr><th>{escape(model.title)}</th>'
        f"{head}<th>samples</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f'<p class="note">{escape(model.dominance_note)}</p></div>'
    )


def _provenance(site: Site) -> str:
    models = "".join(
        f'<h3>{escape(model.title)}</h3>{_facts(model.facts)}<p class="note">Numbers: '
        + ", ".join(
            f'<a href="numbers/{escape(name, quote=True)}" download>{escape(name)}</a>' for name in sorted(model.csv)
        )
        + "</p>"
        for model in site.models
    )
    return _facts(site.facts) + models


def _facts(facts: Sequence[Fact]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(each.name)}</dt><dd>{escape(each.text)}</dd>' for each in facts)}</dl>"
