"""Methods side by side: the heat map of methods and combinations, differences to a baseline, the confusion matrix.

Tables are HTML whose tints lie under the page's own ink, so that they read in light and dark; each cell of the heat map
carries `data-pick="dmrnet:image-sound"` and works as a button.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.number_text import fixed, measured
from mmlab.core.phrases import say
from mmlab.core.spans import divisor
from mmlab.viz.base import theme

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FAINTEST, FULLEST = 4, 62  # percent of the hue in a cell: the text on it keeps a contrast of 4.5
BETTER, WORSE = theme.ACCENT, theme.WRONG
ROOMY = 9  # combinations that fit beside each other at full width
SHORT_NAME = 4  # letters of a class that fit over a narrow column; longer ones stand upright
MOST_CLASSES = 40  # of a confusion matrix: more cannot be read


@dataclass(frozen=True)
class Column:
    """A combination at the head of the heat map: its letters with their colours, and its name."""

    key: str
    chips: tuple[tuple[str, str], ...]
    label: str


@dataclass(frozen=True)
class Line:
    """One method in the heat map.

    values: one per column, then the mean and the worst; NaN where there is none. notes: the hover text of each.
    sure: whether a difference is more than chance; empty for scores.
    """

    name: str
    title: str
    note: str
    values: tuple[float, ...]
    notes: tuple[str, ...]
    sure: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Scale:
    """How numbers are written and coloured: as percentages or as they are, signed around zero, or lower is better."""

    is_share: bool = True
    signed: bool = False
    higher_is_better: bool = True

    def text(self, value: float) -> str:
        """`81.2`, `+3.1`, or a dash for NaN."""
        if self.is_share or self.signed:
            return fixed(100 * value if self.is_share else value, 1 if self.is_share else 3, self.signed)
        return measured(value, 3)


def heat(
    lines: Sequence[Line], columns: Sequence[Column], scale: Scale, selected: str = "", sorted_by: str = ""
) -> str:
    """The heat map as HTML: a row per method, a column per combination, then mean and worst.

    sorted_by: the column that the rows are in the order of: a key, `mean` or `worst`.
    """

    def top(name: str, label: str, inside: str) -> str:
        order, mark = (" aria-sort='other'", " ▾") if name == sorted_by else ("", "")
        return f"<th scope='col'{order} title='{escape(label, quote=True)}'>{inside}{mark}</th>"

    head = "".join(top(c.key, c.label, combination_chips(c)) for c in columns)
    ends = top("mean", say("mean of all combinations"), say("mean"))
    ends += top("worst", say("worst combination"), say("worst"))
    spans = span_of([line.values for line in lines], len(columns), scale)
    body = "".join(_line(line, columns, scale, spans, selected) for line in lines)
    crowded = " mm-crowded" if len(columns) > ROOMY else ""
    return (
        f'<div class="mm-scroll"><table class="mm-heat{crowded}"><thead><tr><th scope="col">{say("Method")}</th>'
        f"{head}{ends}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def differences(
    rows: Sequence[tuple[str, NDArray[np.float64], tuple[float, float, float] | None]], scale: Scale
) -> Figure:
    """Per method (title, `[S]` differences by seed, mean and interval) a line with its dots, about zero."""
    import plotly.graph_objects as go

    factor = 100 if scale.is_share else 1
    figure = go.Figure(layout={"template": theme.TEMPLATE})
    figure.add_vline(x=0, line={"color": theme.MUTED, "width": 1.5})
    for title, seeds, interval in rows:
        if interval is None:
            continue
        mean, low, high = (factor * value for value in interval)
        good = (mean > 0) == scale.higher_is_better
        colour = BETTER if good else WORSE
        if math.isfinite(low):
            span = say("95 % interval {low} to {high}", low=f"{low:+.2f}", high=f"{high:+.2f}")
            figure.add_scatter(
                x=[low, high],
                y=[title, title],
                mode="lines",
                line={"color": colour, "width": 6},
                opacity=0.4,
                hovertemplate=f"{span}<extra>{escape(title)}</extra>",
            )
        dots = factor * seeds
        figure.add_scatter(
            x=dots,
            y=[title] * len(dots),
            mode="markers",
            marker={"color": colour, "size": 7, "opacity": 0.75, "line": {"width": 0}},
            hovertemplate=f"{say('one seed')}: %{{x:+.2f}}<extra>{escape(title)}</extra>",
        )
        figure.add_scatter(
            x=[mean],
            y=[title],
            mode="markers",
            marker={"color": colour, "size": 16, "symbol": "line-ns", "line": {"color": colour, "width": 3}},
            hovertemplate=f"{say('mean')}: %{{x:+.2f}}<extra>{escape(title)}</extra>",
        )
    reach = [factor * value for _, dots, span in rows if span for value in (0.0, *dots, *span) if math.isfinite(value)]
    low, high = min(reach, default=-1.0), max(reach, default=1.0)
    margin = 0.06 * ((high - low) or 1.0)
    figure.update_layout(
        height=110 + 34 * max(1, len(rows)),
        showlegend=False,
        xaxis={
            "title": {"text": say("difference in percentage points") if scale.is_share else say("difference")},
            "zeroline": False,
            "range": [low - margin, high + margin],
        },
        yaxis={"categoryorder": "array", "categoryarray": [row[0] for row in rows][::-1], "showgrid": False},
    )
    figure.update_yaxes(range=[-0.6, len(rows) - 0.4])
    return figure


def confusion(counts: NDArray[np.integer[Any]], classes: Sequence[str]) -> str:
    """The confusion matrix `[C, C]` as HTML: a row per right answer, in percent of the row.

    Of more than MOST_CLASSES classes, those that are mixed up most; the rest is one row and one column.
    """
    every = len(classes)
    counts, classes = _most_mixed_up(counts, classes)
    totals = counts.sum(1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in classes)
    body = []
    for i, name in enumerate(classes):
        cells = "".join(_count(shares[i, j], int(counts[i, j]), name, said, i == j) for j, said in enumerate(classes))
        body.append(f"<tr><th scope='row'>{escape(name)}</th>{cells}</tr>")
    upright = " mm-upright" if max(map(len, classes)) > SHORT_NAME else ""
    note = say("Rows: true class. Columns: predicted class. Percent of the row.")
    if every > MOST_CLASSES:
        most = say("The {count} of {total} classes that are mixed up most.", count=MOST_CLASSES, total=f"{every:,}")
        note = f"{note} {most}"
    return (
        f'<p class="mm-note">{note}</p>'
        f'<div class="mm-scroll"><table class="mm-heat mm-confusion{upright}">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _most_mixed_up(
    counts: NDArray[np.integer[Any]], classes: Sequence[str]
) -> tuple[NDArray[np.integer[Any]], Sequence[str]]:
    if len(classes) <= MOST_CLASSES:
        return counts, classes
    wrong = counts.sum(0) + counts.sum(1) - 2 * counts.diagonal()
    order = np.lexsort((-counts.sum(1), -wrong))
    kept, rest = np.sort(order[:MOST_CLASSES]), np.sort(order[MOST_CLASSES:])
    whole = np.zeros((MOST_CLASSES + 1, MOST_CLASSES + 1), counts.dtype)
    whole[:-1, :-1] = counts[np.ix_(kept, kept)]
    whole[:-1, -1], whole[-1, :-1] = counts[np.ix_(kept, rest)].sum(1), counts[np.ix_(rest, kept)].sum(0)
    whole[-1, -1] = counts[np.ix_(rest, rest)].sum()
    return whole, [*(classes[place] for place in kept), say("{count} others", count=f"{len(rest):,}")]


def mix_ups(
    counts: NDArray[np.integer[Any]], classes: Sequence[str], most: int = 3
) -> list[tuple[str, str, int, float]]:
    """The largest confusions: right answer, what was said, how often, and as a share of the class."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    places = np.argsort(-wrong, axis=None, kind="stable")[:most]
    found = []
    for place in places:
        i, j = divmod(int(place), len(classes))
        if wrong[i, j] > 0:
            found.append((classes[i], classes[j], int(wrong[i, j]), float(wrong[i, j] / counts[i].sum())))
    return found


def combination_chips(column: Column) -> str:
    """The letters of a combination on their colours, as HTML."""
    return (
        '<span class="mm-combo">' + "".join(theme.chip(letter, colour) for letter, colour in column.chips) + "</span>"
    )


def span_of(values: Sequence[Sequence[float]], count: int, scale: Scale) -> tuple[float, float]:
    """Among the first `count` of each line, the values that get the faintest and the fullest tint."""
    flat = [value for row in values for value in row[:count] if math.isfinite(value)]
    if not flat:
        return 0.0, 1.0
    if scale.signed:
        return 0.0, divisor(max(map(abs, flat)))
    return (min(flat), max(flat)) if scale.higher_is_better else (max(flat), min(flat))


def _tint(value: float, scale: Scale, span: tuple[float, float]) -> str:
    if not math.isfinite(value):
        return ""
    low, high = span
    place = (abs(value) if scale.signed else value) - low
    share = min(1.0, max(0.0, place / (high - low))) if high != low else 0.5
    good = not scale.signed or (value > 0) == scale.higher_is_better
    return f"--c:{BETTER if good else WORSE};--p:{FAINTEST + share * (FULLEST - FAINTEST):.0f}%"


def pick_cell(line: Line, column: Column, position: int, scale: Scale, span: tuple[float, float], selected: str) -> str:
    """The cell of a line under a combination, as a button."""
    note, pick = escape(line.notes[position], quote=True), escape(f"{line.name}:{column.key}", quote=True)
    pressed = "true" if pick == escape(selected, quote=True) else "false"
    return (
        f'<td><button data-pick="{pick}" aria-pressed="{pressed}" title="{note}" aria-label="{note}" '
        f'style="{_tint(line.values[position], scale, span)}">{written(line, position, scale)}</button></td>'
    )


def written(line: Line, position: int, scale: Scale) -> str:
    """A value as HTML, bold where it is more than chance."""
    text = scale.text(line.values[position])
    return f"<b>{text}</b>" if line.sure and line.sure[position] else text


def _line(line: Line, columns: Sequence[Column], scale: Scale, span: tuple[float, float], selected: str) -> str:
    cells = [pick_cell(line, column, position, scale, span, selected) for position, column in enumerate(columns)]
    for position in range(len(columns), len(line.values)):
        note = escape(line.notes[position], quote=True)
        cells.append(f'<td class="mm-end" title="{note}">{written(line, position, scale)}</td>')
    title = f"{escape(line.title)}<small>{escape(line.note)}</small>"
    return f"<tr><th scope='row'>{title}</th>{''.join(cells)}</tr>"


def _count(share: float, count: int, truth: str, said: str, right: bool) -> str:
    colour = theme.RIGHT if right else theme.WRONG
    text = "" if count == 0 else f"{100 * share:.0f}" if share >= 0.005 else "<1"
    note = escape(
        say("{truth} predicted as {answer}: {count}", truth=truth, answer=said, count=count)
        if not right
        else say("{truth} recognised: {count}", truth=truth, count=count),
        quote=True,
    )
    tint = FAINTEST + share * (FULLEST - FAINTEST) if count else 0
    return f'<td title="{note}" style="--c:{colour};--p:{tint:.0f}%"><span>{escape(text)}</span></td>'


def legend(scale: Scale, marks: Mapping[str, str]) -> str:
    """What the tints mean, as HTML."""
    parts = [f'<span style="--c:{colour}">{escape(text)}</span>' for text, colour in marks.items()]
    if scale.signed:
        parts.append(f"<b>{say('bold: more than chance (p < 0.05, Holm)')}</b>")
    return f'<p class="mm-key">{"".join(parts)}</p>'
