"""Which of two contradicting modalities wins: a matrix of the classes of both."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from mmlab.core.phrases import say
from mmlab.viz.base.theme import DIVERGING

FIRST, SECOND = str(DIVERGING[-1][1]), str(DIVERGING[0][1])


def matrix(
    lead: NDArray[np.float64],
    wins: NDArray[np.int64],
    losses: NDArray[np.int64],
    counts: NDArray[np.int64],
    groups: tuple[str, ...],
    labels: tuple[str, str],
) -> str:
    """Rows: what the first modality shows; columns: what the second shows. Blue: the first wins, orange: the second."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in groups)
    body = []
    for i, name in enumerate(groups):
        cells = "".join(
            _cell(float(lead[i, j]), int(wins[i, j]), int(losses[i, j]), int(counts[i, j]), (name, other), labels)
            for j, other in enumerate(groups)
        )
        body.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    note = escape(
        say(
            "Rows: what {first} shows. Columns: what {second} shows. In a cell: points by which the first is followed "
            "more often than the second.",
            first=labels[0],
            second=labels[1],
        )
    )
    one, other = (escape(say("{input} wins", input=label)) for label in labels)
    key = f'<p class="mm-key"><span style="--c:{FIRST}">{one}</span><span style="--c:{SECOND}">{other}</span></p>'
    return (
        f'<p class="mm-note">{note}</p><div class="mm-scroll"><table class="mm-heat mm-confusion"><thead><tr><td></td>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>{key}"
    )


def _cell(lead: float, wins: int, losses: int, count: int, groups: tuple[str, str], labels: tuple[str, str]) -> str:
    if not np.isfinite(lead):
        return "<td></td>"
    note = say(
        "{first} shows {one}, {second} shows {other}: {first} followed {wins} times, {second} {losses} "
        "times, something else {rest} times, of {count}",
        first=labels[0],
        one=groups[0],
        second=labels[1],
        other=groups[1],
        wins=wins,
        losses=losses,
        rest=count - wins - losses,
        count=count,
    )
    tint = 4 + 58 * min(1.0, abs(lead))
    text = f"{100 * lead:+.0f}".replace("-", "−") if round(100 * lead) else "0"
    style = f"--c:{FIRST if lead > 0 else SECOND};--p:{tint:.0f}%"
    return f'<td title="{escape(note, quote=True)}" style="{style}"><span>{text}</span></td>'
