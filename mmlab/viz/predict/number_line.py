"""A predicted number on its scale: its current value, that for complete input, the target, and the error interval.

HTML for the cards of `mmlab.viz.predict.prediction_cards`; a toggle redraws it in a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from mmlab.core.number_text import MOST_DIGITS, on_scale
from mmlab.core.phrases import say
from mmlab.core.spans import divisor
from mmlab.viz.base.theme import ACCENT, RIGHT, WRONG

TICKS = (7, 5, 3)  # that a scale may have: as many as have short numbers, which stand beside each other
SHORT = 4  # signs


@dataclass(frozen=True)
class Scale:
    """What a number lies on.

    middle: what tells the two sides apart. digits: behind the point, as the scale asks for.
    truth:  the right number, None where it is not known.
    reach:  how far to either side the truth lies with the chance `level`; None where that was not measured.
    """

    low: float
    high: float
    middle: float
    digits: int = 2
    truth: float | None = None
    reach: float | None = None
    level: float = 0.9

    def place(self, number: float) -> float:
        """Where a number lies, in percent from the left; at the end where it is off the scale."""
        return 100 * min(max((number - self.low) / divisor(self.high - self.low), 0.0), 1.0)

    def right(self, number: float) -> bool | None:
        """Whether a number lies on the true side of the middle, None where the truth is not known."""
        return None if self.truth is None else (number > self.middle) == (self.truth > self.middle)

    def text(self, value: float) -> str:
        """A number of this scale in words."""
        return number(value, self.digits)

    def interval(self, number: float) -> tuple[float, float] | None:
        """From where to where the truth may lie, cut at the ends of the scale."""
        if self.reach is None:
            return None
        return max(number - self.reach, self.low), min(number + self.reach, self.high)


def line(scale: Scale, now: float, whole: float) -> str:
    """The scale with everything on it, said in words, too."""
    parts = [f'<s style="left:{scale.place(scale.middle):.1f}%"></s>']
    span = scale.interval(now)
    if span is not None:
        left, end = (scale.place(each) for each in span)
        parts.append(f'<em style="left:{left:.1f}%;width:{end - left:.1f}%"></em>')
    if now != whole:
        parts.append(f'<u style="left:{scale.place(whole):.1f}%"></u>')
    parts.append(f'<i style="left:{scale.place(now):.1f}%"></i>')
    if scale.truth is not None:
        parts.append(f'<b style="left:{scale.place(scale.truth):.1f}%">◆</b>')
    said = escape(in_words(scale, now, whole), quote=True)
    return (
        f'<div class="mm-number" role="img" aria-label="{said}" title="{said}" style="--c:{_colour(scale, now)}">'
        f'<span class="mm-axis">{"".join(parts)}</span>{_ticks(scale)}</div>'
    )


def key(scale: Scale, now: float, moved: bool) -> str:
    """What the marks on the line mean, for the marks that there are."""
    marks = [("now", say("answer"))]
    marks += [("whole", say("with all inputs"))] if moved else []
    marks += [("true", say("truth"))] if scale.truth is not None else []
    marks += [("span", say("interval"))] if scale.reach is not None else []
    named = "".join(f'<span class="mm-is-{kind}">{text}</span>' for kind, text in marks)
    return f'<p class="mm-number-key" style="--c:{_colour(scale, now)}">{named}</p>'


def in_words(scale: Scale, now: float, whole: float) -> str:
    """`Answer +0.52 on a scale from −3 to 3; with everything +0.80; truth +1.10`."""
    low, high = scale.text(scale.low), scale.text(scale.high)
    parts = [say("Answer {now} on a scale from {low} to {high}", now=scale.text(now), low=low, high=high)]
    parts += [say("with all inputs {number}", number=scale.text(whole))] if now != whole else []
    parts += [say("truth {number}", number=scale.text(scale.truth))] if scale.truth is not None else []
    return "; ".join(parts)


def sure(scale: Scale, now: float) -> str:
    """How far off the number may be, and how far off it is."""
    parts = []
    span = scale.interval(now)
    if span is not None:
        level = f"{100 * scale.level:.0f}"
        low, high = (on_scale(end, scale.digits) for end in span)
        parts.append(say("{level} % interval: {low} to {high}", level=level, low=low, high=high))
    if scale.truth is not None:
        off = say("off by {number}", number=on_scale(abs(now - scale.truth), scale.digits))
        parts.append(off.replace(" ", "\u00a0"))  # on one line
    return " · ".join(parts)


def number(value: float, digits: int) -> str:
    """`1.25`, `−0.4`, `3`: no more digits than these, with a real minus."""
    text = on_scale(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text and digits <= MOST_DIGITS else text


def minus(text: str) -> str:
    """A number's words with a real minus."""
    return text.replace("-", "−")


def _tick_texts(scale: Scale) -> list[str]:
    """The numbers along the scale."""
    found: list[str] = []
    for count in TICKS:
        step = (scale.high - scale.low) / (count - 1)
        found = [scale.text(scale.low + place * step) for place in range(count)]
        if max(map(len, found)) <= SHORT:
            break
    return found


def _colour(scale: Scale, now: float) -> str:
    return {None: ACCENT, True: RIGHT, False: WRONG}[scale.right(now)]


def _ticks(scale: Scale) -> str:
    texts = _tick_texts(scale)
    shown = (
        f'<span style="left:{100 * place / (len(texts) - 1):.1f}%">{text}</span>' for place, text in enumerate(texts)
    )
    return f'<span class="mm-ticks" aria-hidden="true">{"".join(shown)}</span>'
