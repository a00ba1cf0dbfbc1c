"""The verdict on dominance in a sentence with its numbers, and what it rests on. Plain text.

>>> sentence(judge(seeds, ("Color", "Depth"), agreed))
'Yes: Depth dominates, 91 % of the Shapley value [89, 93], in 3 of 3 seeds.'
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from mmlab.analysis.dominance.contributions import DOMINANT
from mmlab.analysis.dominance.verdict import CLOSE, MEASURES, NO, NOTHING, SEEDS, YES, SeedShares, Verdict
from mmlab.core.number_text import fixed
from mmlab.ui.text import wording

LINE = wording.percent(DOMINANT)


def sentence(found: Verdict) -> str:
    """The verdict with its numbers."""
    return _SENTENCES[found.kind](found)


def measured(found: Verdict, title_of: Callable[[str], str]) -> str:
    """Whom the other measures put first, in one or two sentences; empty where none puts an input clearly first.

    title_of: of a measure by its name.
    """
    if not found.decided:
        return ""
    leader, others = found.labels[found.leader], sum(map(len, found.against.values()))
    said = [f"{found.decided - others} of {found.judges} measures put {leader} clearly first"]
    said += [_by_input(found.against, title_of)] if found.against else []
    nobody = found.judges - found.decided
    said += [f"{nobody} {'have' if nobody > 1 else 'has'} no clear first"] if nobody else []
    return f"{'; '.join(said)}."


def _yes(found: Verdict) -> str:
    return f"Yes: {_leader(found)} dominates, {_share(found)}, {_in_seeds(len(found.seeds), len(found.seeds))}."


def _no(found: Verdict) -> str:
    most = f"{_leader(found)} has the most, {_share(found)}"
    return f"No: no input dominates. {most}, {_in_seeds(found.alike, len(found.seeds))}."


def _close(found: Verdict) -> str:
    return f"Too close to call: {_leader(found)} has {_share(found)}, and dominates from {LINE} on."


def _seeds(found: Verdict) -> str:
    total = len(found.seeds)
    parts = [f"{label} dominates in {count} of {total}" for label, count in found.dominates.items()]
    without = sum(each.call == NO for each in found.seeds)
    nothing = sum(each.call == NOTHING for each in found.seeds)
    parts += [f"no input does in {without}"] if without else []
    parts += [f"inputs are worth nothing in {nothing}"] if nothing else []
    return f"It depends on the seed: {'; '.join(parts)}. In {found.shown.name}, {_leader(found)} has {_share(found)}."


def _measures(found: Verdict) -> str:
    others = sum(map(len, found.against.values()))
    return (
        f"The measures disagree: {_leader(found)} has {_share(found)}, but {others} of the {found.decided} measures "
        f"that put an input clearly first name {wording.together(list(found.against))}."
    )


def _nothing(found: Verdict) -> str:
    return "There is nothing to dominate: with every input the model does no better than with none."


_SENTENCES: Mapping[str, Callable[[Verdict], str]] = {
    YES: _yes,
    NO: _no,
    CLOSE: _close,
    SEEDS: _seeds,
    MEASURES: _measures,
    NOTHING: _nothing,
}


def _leader(found: Verdict) -> str:
    return found.labels[found.leader]


def _share(found: Verdict) -> str:
    return f"{wording.percent(found.share)} of the Shapley value{bounds(found.shown, found.leader)}"


def bounds(run: SeedShares, place: int) -> str:
    """The interval of an input's part: ` [89, 93]`; nothing where there is none."""
    low, high = float(run.low[place]), float(run.high[place])
    return f" [{fixed(100 * low, 0)}, {fixed(100 * high, 0)}]" if math.isfinite(low) else ""


def _in_seeds(count: int, total: int) -> str:
    return "in the one run there is" if total == 1 else f"in {count} of {total} seeds"


def _by_input(against: Mapping[str, tuple[str, ...]], title_of: Callable[[str], str]) -> str:
    return "; ".join(
        f"{', '.join(f'“{title_of(name)}”' for name in names)}: {label}" for label, names in against.items()
    )
