"""The verdict on dominance in a sentence with its numbers, and its basis. Plain text.

>>> sentence(judge(seeds, ("Color", "Depth"), agreed))
'Yes: Depth dominates, 91 % of the Shapley value [89, 93], in 3 of 3 seeds.'
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from mmlab.analysis.dominance.contributions import DOMINANT
from mmlab.analysis.dominance.verdict import CLOSE, MEASURES, NO, NOTHING, SEEDS, YES, SeedShares, Verdict
from mmlab.core.number_text import fixed
from mmlab.core.phrases import say
from mmlab.ui.text import wording

LINE = wording.percent(DOMINANT)


def sentence(found: Verdict) -> str:
    """The verdict with its numbers."""
    return _SENTENCES[found.kind](found)


def measured(found: Verdict, title_of: Callable[[str], str]) -> str:
    """Which input the other measures rank first, in one or two sentences; empty if there is no clear one.

    title_of: of a measure by its name.
    """
    if not found.decided:
        return ""
    leader, others = _leader(found), sum(map(len, found.against.values()))
    agree = found.decided - others
    said = [say("{count} of {total} measures put {input} clearly first", count=agree, total=found.judges, input=leader)]
    said += [_by_input(found.against, title_of)] if found.against else []
    nobody = found.judges - found.decided
    if nobody:
        said.append(say("1 has no clear first") if nobody == 1 else say("{count} have no clear first", count=nobody))
    return _sentence(said)


def _yes(found: Verdict) -> str:
    where = _in_seeds(len(found.seeds), len(found.seeds))
    return say("Yes: {input} dominates, {share}, {seeds}.", input=_leader(found), share=_share(found), seeds=where)


def _no(found: Verdict) -> str:
    return say(
        "No: no input dominates. {input} has the most, {share}, {seeds}.",
        input=_leader(found),
        share=_share(found),
        seeds=_in_seeds(found.alike, len(found.seeds)),
    )


def _close(found: Verdict) -> str:
    return say(
        "Too close to call: {input} has {share}, and dominates from {line} on.",
        input=_leader(found),
        share=_share(found),
        line=LINE,
    )


def _seeds(found: Verdict) -> str:
    total = len(found.seeds)
    parts = [
        say("{input} dominates in {count} of {total}", input=label, count=count, total=total)
        for label, count in found.dominates.items()
    ]
    without = sum(each.call == NO for each in found.seeds)
    nothing = sum(each.call == NOTHING for each in found.seeds)
    parts += [say("no input does in {count}", count=without)] if without else []
    parts += [say("inputs are worth nothing in {count}", count=nothing)] if nothing else []
    return say(
        "It depends on the seed: {parts}. In {run}, {input} has {share}.",
        parts="; ".join(parts),
        run=found.shown.name,
        input=_leader(found),
        share=_share(found),
    )


def _measures(found: Verdict) -> str:
    others = sum(map(len, found.against.values()))
    return say(
        "The measures disagree: {input} has {share}, but {count} of the {total} measures that put an input "
        "clearly first name {others}.",
        input=_leader(found),
        share=_share(found),
        count=others,
        total=found.decided,
        others=wording.together([say(label) for label in found.against]),
    )


def _nothing(found: Verdict) -> str:
    return say("There is nothing to dominate: with every input the model does no better than with none.")


_SENTENCES: Mapping[str, Callable[[Verdict], str]] = {
    YES: _yes,
    NO: _no,
    CLOSE: _close,
    SEEDS: _seeds,
    MEASURES: _measures,
    NOTHING: _nothing,
}


def _leader(found: Verdict) -> str:
    return say(found.labels[found.leader])


def _share(found: Verdict) -> str:
    share = wording.percent(found.share)
    return say("{share} of the Shapley value{interval}", share=share, interval=bounds(found.shown, found.leader))


def bounds(run: SeedShares, place: int) -> str:
    """The interval of an input's part: ` [89, 93]`; nothing where there is none."""
    low, high = float(run.low[place]), float(run.high[place])
    return f" [{fixed(100 * low, 0)}, {fixed(100 * high, 0)}]" if math.isfinite(low) else ""


def _in_seeds(count: int, total: int) -> str:
    return (
        say("in the one run there is") if total == 1 else say("in {count} of {total} seeds", count=count, total=total)
    )


def _by_input(against: Mapping[str, tuple[str, ...]], title_of: Callable[[str], str]) -> str:
    return "; ".join(
        f"{', '.join(f'“{title_of(name)}”' for name in names)}: {say(label)}" for label, names in against.items()
    )


def _sentence(parts: list[str]) -> str:
    return say("{sentence}.", sentence="; ".join(parts))
