"""Predictions of several methods side by side: bars per class, certainty, and the change against complete input.

HTML and not Plotly: a toggle redraws all of them in a few milliseconds, they wrap on a narrow screen, and a screen
reader can read them.

>>> answers.cards([answers.Card("DMRNet", now, whole, truth="7", sure="very sure", whole_label="Image + Sound + Pen")])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from mmlab.core.number_text import percent
from mmlab.core.phrases import language, say
from mmlab.viz.base.theme import ACCENT, RIGHT, WRONG
from mmlab.viz.predict import number_line
from mmlab.viz.predict.number_line import Scale

if TYPE_CHECKING:
    from mmlab.core.outputs import Prediction

MOST_BARS = 12
_SIGNS, _COLOURS = {None: "", True: " ✓", False: " ✗"}, {None: ACCENT, True: RIGHT, False: WRONG}


@dataclass(frozen=True)
class LabelSet:
    """Of multi-label outputs: those given now, and the right ones, None where they are not known."""

    given: frozenset[str]
    right: frozenset[str] | None


@dataclass(frozen=True)
class Card:
    """One method's answer now, beside its answer from everything that was given.

    truth: the right answer, empty where it is not known; sure: the certainty in words.
    scale: what the number lies on, for a task whose answer is a number. labels: where several are given at once.
    warning: why not to rely on the answer.
    """

    title: str
    now: Prediction
    whole: Prediction
    truth: str
    sure: str
    whole_label: str
    scale: Scale | None = None
    labels: LabelSet | None = None
    warning: str = ""

    @property
    def given(self) -> frozenset[str]:
        """What is answered."""
        return frozenset({self.now.answer}) if self.labels is None else self.labels.given

    @property
    def right(self) -> frozenset[str] | None:
        """What would be right to answer; None where that is not known."""
        if self.labels is not None:
            return self.labels.right
        return frozenset({self.truth}) if self.truth else None


def cards(shown: Sequence[Card]) -> str:
    """All cards as one grid that wraps."""
    strip_of = [(card.title, say(_said(card)), _right(card)) for card in shown]
    return f'<div class="mm-cards">{"".join(_card(card) for card in shown)}</div>{strip(strip_of)}'


def strip(shown: Sequence[tuple[str, str, bool | None]]) -> str:
    """All answers in one line that stays in sight while a narrow screen is scrolled; the cards say it in full.

    By card its title, its answer in a word, and whether that is right, None where it is not known.
    """
    parts = [
        f'<span style="--c:{_COLOURS[right]}">{escape(title)} <b>{escape(answer)}{_SIGNS[right]}</b></span>'
        for title, answer, right in shown
    ]
    return f'<div class="mm-strip" aria-hidden="true">{"".join(parts)}</div>'


def complaint(title: str, message: str, hint: str = "") -> str:
    """A card for a method that cannot answer."""
    text = f"<p>{escape(say(message))}</p>" + (f'<p class="mm-muted">{escape(say(hint))}</p>' if hint else "")
    return f'<div class="mm-cards"><section class="mm-card mm-broken"><h3>{escape(title)}</h3>{text}</section></div>'


def warned(warning: str) -> str:
    """Why not to rely on an answer, as a line that stands out; nothing where there is no reason."""
    mark = f'<span style="--c:{WRONG}" aria-hidden="true">!</span>'
    return f'<p class="mm-badge mm-warned">{mark}{escape(warning)}</p>' if warning else ""


def page(title: str, style: str, *parts: str) -> str:
    """A whole file in light and dark, from parts that are HTML already."""
    body = "font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2rem auto; padding: 0 1rem"
    colours = "background: light-dark(#fff, #10141b); color: light-dark(#1c2430, #e8ecf2)"
    return (
        f'<!doctype html><html lang="{language()}"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>:root {{ color-scheme: light dark }} '
        f"body {{ {body}; {colours} }} {style}</style><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>"
    )


def _card(card: Card) -> str:
    right = _right(card)
    mark = "" if right is None else _verdict(right, card)
    if card.scale is not None:
        now, whole = _value(card.now), _value(card.whole)
        sure = escape(number_line.sure(card.scale, now))
        body = number_line.line(card.scale, now, whole) + number_line.key(card.scale, now, now != whole)
        change = _moved(card, card.scale)
    else:
        nats = f'<span class="mm-muted">, {card.now.uncertainty:.2f} {say("nats")}</span>'
        sure = f"{_percent(card.now.confidence)} · {escape(card.sure)}{nats}"
        body, change = _bars(card), _change(card)
    return (
        f'<section class="mm-card" aria-label="{escape(card.title, quote=True)}">'
        f'<h3>{escape(card.title)}</h3><div class="mm-answer">{_answer(_said(card))}{mark}</div>'
        f'<p class="mm-sure">{sure}</p>{warned(card.warning)}{body}<p class="mm-change">{change}</p></section>'
    )


def _right(card: Card) -> bool | None:
    """Whether the answer is right, None where that is not known."""
    if card.scale is not None:
        return card.scale.right(_value(card.now))
    return None if card.right is None else card.given == card.right


def _said(card: Card) -> str:
    return number_line.minus(card.now.answer) if card.scale is not None else card.now.answer


def _value(prediction: Prediction) -> float:
    return float(prediction.value) if isinstance(prediction.value, int | float) else 0.0


def _answer(answer: str) -> str:
    """In large letters; a long one in smaller ones."""
    answer = say(answer)
    return f"<b data-answer{' class=mm-long' if len(answer) > 10 else ''}>{escape(answer)}</b>"


def _verdict(right: bool, card: Card) -> str:
    colour = RIGHT if right else WRONG
    if card.scale is not None:
        text = say("✓ right side") if right else say("✗ wrong side")
    elif card.labels is not None and card.labels.right is not None:
        text = (
            say("✓ every label") if right else _mistakes(card.labels.right - card.given, card.given - card.labels.right)
        )
    else:
        text = say("✓ right") if right else say("✗ wrong")
    return f'<span class="mm-verdict" style="--c:{colour}">{text}</span>'


def _mistakes(missed: frozenset[str], extra: frozenset[str]) -> str:
    """How many labels are not given and should be, and are given and should not be."""
    if not extra:
        return say("✗ {missed} missed", missed=len(missed))
    if not missed:
        return say("✗ {extra} too many", extra=len(extra))
    return say("✗ {missed} missed, {extra} too many", missed=len(missed), extra=len(extra))


def _bars(card: Card) -> str:
    """A row per class: the bar is now, the thin mark is with everything."""
    names = _shown(card)
    rows = "".join(_row(name, card) for name in names)
    left_out = len(card.now.probabilities) - len(names)
    more = f'<p class="mm-muted">{say("and {count} more", count=left_out)}</p>' if left_out else ""
    if card.labels is not None:
        told = say("Bold: given.") if card.right is None else say("Bold: given. ✓: right.")
        more += f'<p class="mm-muted">{escape(told)}</p>'
    return f'<div class="mm-bars" role="list">{rows}</div>{more}'


def _shown(card: Card) -> list[str]:
    """All classes in their order, or the likeliest of many (then and now), and the right one."""
    names, right = list(card.now.probabilities), card.right or frozenset()
    if len(names) <= MOST_BARS:
        return names
    weight: Mapping[str, float] = {
        name: max(card.now.probabilities[name], card.whole.probabilities.get(name, 0.0), float(name in right))
        for name in names
    }
    kept = set(sorted(names, key=lambda name: -weight[name])[: MOST_BARS - 2])
    return [name for name in names if name in kept]


def _row(name: str, card: Card) -> str:
    now, whole = card.now.probabilities[name], card.whole.probabilities.get(name, 0.0)
    top, right = name in card.given, card.right is not None and name in card.right
    colour = ACCENT if card.right is None else RIGHT if right else WRONG if top else "#7B8794"
    kind = " mm-top" if top else ""
    mark = "" if card.now == card.whole or whole < 0.005 else f'<u style="left:{100 * whole:.1f}%"></u>'
    tick = " ✓" if right and card.labels is not None else ""
    both = say("{now}, with all inputs {whole}", now=percent(now), whole=percent(whole))
    said = escape(f"{say(name)}: {both}", quote=True)
    return (
        f'<div class="mm-row{kind}" role="listitem" title="{said}" style="--c:{colour}"><span class="mm-name">'
        f'{escape(say(name))}{tick}</span><span class="mm-track"><i style="width:{100 * now:.1f}%"></i>'
        f'{mark}</span><span class="mm-value">{_percent(now)}</span></div>'
    )


def _change(card: Card) -> str:
    """What changed against complete input, in one sentence."""
    if card.now == card.whole:
        return '<span class="mm-muted">{}</span>'.format(
            escape(say("This is the prediction from all available inputs."))
        )
    if card.now.answer != card.whole.answer:
        return (
            f'<span class="mm-flip">{escape(say("Changed:"))}</span> '
            f"{escape(say('with {inputs} it says', inputs=_inputs(card)))} "
            f"<b>{escape(say(card.whole.answer))}</b>{_with_percent(card.whole)}."
        )
    points = round(100 * (card.now.confidence - card.whole.confidence))
    if not points:
        return escape(say("The same prediction, and as sure."))
    if points > 0:
        return escape(say("The same prediction, surer than with all inputs: {points} points.", points=f"+{points}"))
    return escape(say("The same prediction, less sure than with all inputs: {points} points.", points=f"−{-points}"))


def _moved(card: Card, scale: Scale) -> str:
    """How far the number moved against complete input, and whether it changed sides."""
    now, whole = _value(card.now), _value(card.whole)
    if card.now == card.whole:
        return '<span class="mm-muted">{}</span>'.format(
            escape(say("This is the prediction from all available inputs."))
        )
    number = escape(number_line.minus(card.whole.answer))
    before = f"{escape(say('with {inputs} it says', inputs=_inputs(card)))} <b>{number}</b>"
    if (now > scale.middle) != (whole > scale.middle):
        return f'<span class="mm-flip">{escape(say("Changed sides:"))}</span> {before}.'
    by = scale.text(abs(now - whole))
    moved = say("{by} higher, on the same side", by=by) if now > whole else say("{by} lower, on the same side", by=by)
    return f"{escape(moved)}: {before}."


def _inputs(card: Card) -> str:
    """All inputs that were given."""
    return card.whole_label


def _with_percent(prediction: Prediction) -> str:
    return f' <span class="mm-keep">({_percent(prediction.confidence)})</span>' if prediction.probabilities else ""


def _percent(share: float) -> str:
    return escape(percent(share))
