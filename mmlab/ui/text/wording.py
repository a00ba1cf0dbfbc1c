"""The words of the screen in one place: help texts, metrics, numbers and durations.

>>> st.metric("Certainty", "93 %", help=wording.help("certainty"))
>>> wording.certainty(0.97)
'very sure'
"""

from __future__ import annotations

import math

from mmlab.core.outputs import LOWER_IS_BETTER
from mmlab.ui.text.glossary import TERMS

METRICS: dict[str, tuple[str, str]] = {
    "accuracy": ("Accuracy", "how often the answer is right"),
    "f1": ("F1", "the balance of what is found and what is rightly found, averaged over the classes"),
    "acer": ("ACER", "the mean of two shares, attacks that pass (APCER) and genuine samples that are refused (BPCER)"),
    "apcer": ("APCER", "the share of attacks that pass"),
    "bpcer": ("BPCER", "the share of genuine samples that are refused"),
    "bpcer20": ("BPCER20", "the share of genuine samples that are refused when 1 in 20 attacks may pass"),
    "bpcer100": ("BPCER100", "the share of genuine samples that are refused when 1 in 100 attacks may pass"),
    "mae": ("Mean error", "how far the number is off, on average"),
    "r": ("Correlation", "how closely the numbers rise and fall with the right ones: 1 is always, 0 not at all"),
    "sign_accuracy": ("Sign accuracy", "how often the number lies on the right side of the middle"),
    "dice": ("Dice", "how well found and true regions overlap, from not at all to exactly"),
    "hd95": (
        "HD95",
        "how far the outlines of found and true regions lie apart, in mm, without the farthest 5 %; a region "
        "that is only found or only there counts as the picture's diagonal",
    ),
}

SENTENCE_PRIVATE = (
    "Uploads stay in the memory of the machine that runs this app, and are deleted when you close the page."
)


def help(name: str) -> str:
    """The help text of a term, as Markdown: the field's term, a plain sentence, how it is computed."""
    term = TERMS[name]
    source = f" *Source: {term.source}.*" if term.source else ""
    return f"**{term.title}.** {term.plain}\n\n{term.how}{source}"


def metric(name: str) -> str:
    """The name of a metric for people: `ACER`, `Sign accuracy`; of one of a region `Dice WT`."""
    if name in METRICS:
        return METRICS[name][0]
    family, _, region = name.partition("_")
    return f"{METRICS[family][0]} {region.upper()}" if family in METRICS else name.replace("_", " ").capitalize()


def metric_meaning(name: str) -> str:
    """What a metric says, to follow its name in a sentence, and whether lower is better: `: the share of ...`."""
    known = name if name in METRICS else name.partition("_")[0]
    meaning = f": {METRICS[known][1]}" if known in METRICS else ""
    return f"{meaning}; lower is better" if name in LOWER_IS_BETTER else meaning


def certainty(probability: float) -> str:
    """How sure a prediction is in words, by the same rule for any number of classes.

    The rule is applied to the whole percent that is shown, so that `95 %` always reads the same.
    """
    shown = round(100 * probability)
    for bound, phrase in ((95, "very sure"), (80, "fairly sure"), (60, "unsure")):
        if shown >= bound:
            return phrase
    return "very unsure"


def percent(share: float) -> str:
    """`93 %`; never a false 0 or 100."""
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 < share < 1:
        return "> 99 %"
    return f"{share:.0%}".replace("%", " %")


def points(change: float) -> str:
    """A change of a share in percentage points, with its sign: `−12 points`."""
    rounded = round(100 * change)
    if rounded == 0:
        return "no change"
    return f"{'+' if rounded > 0 else '−'}{abs(rounded)} point{'s' if abs(rounded) != 1 else ''}"


def minutes(seconds: float) -> str:
    """A duration in plain words: `40 s`, `3 min`, `2 h 10 min`."""
    if not math.isfinite(seconds):
        return "an unknown time"
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    whole = round(seconds / 60)
    return f"{whole} min" if whole < 120 else f"{whole // 60} h {whole % 60} min"
