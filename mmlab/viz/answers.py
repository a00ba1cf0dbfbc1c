"""Answers of several methods side by side: bars per class, certainty, and the change against complete input.

HTML and not Plotly: a toggle redraws all of them in a few milliseconds, they wrap on a narrow screen, and a screen
reader can read them.

>>> answers.cards([answers.Card("DMRNet", now, whole, truth="7", sure="very sure", whole_label="Image + Sound + Pen")])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from mmlab.viz.theme import ACCENT, RIGHT, WRONG

if TYPE_CHECKING:
    from mmlab.core.outputs import Prediction

MOST_BARS = 12


@dataclass(frozen=True)
class Card:
    """One method's answer now, beside its answer from everything that was given.

    truth: the right answer, empty where it is not known; sure: the certainty in words.
    span: lowest and highest number, for a task whose answer is a number.
    """

    title: str
    now: Prediction
    whole: Prediction
    truth: str
    sure: str
    whole_label: str
    span: tuple[float, float] | None = None


def cards(shown: Sequence[Card]) -> str:
    """All cards as one grid that wraps."""
    return f'<div class="mm-cards">{"".join(_card(card) for card in shown)}</div>{_strip(shown)}'


def complaint(title: str, message: str, hint: str = "") -> str:
    """A card for a method that cannot answer."""
    text = f"<p>{escape(message)}</p>" + (f'<p class="mm-muted">{escape(hint)}</p>' if hint else "")
    return f'<div class="mm-cards"><section class="mm-card mm-broken"><h3>{escape(title)}</h3>{text}</section></div>'


def page(title: str, style: str, *parts: str) -> str:
    """A whole file in light and dark, from parts that are HTML already."""
    body = "font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2rem auto; padding: 0 1rem"
    colours = "background: light-dark(#fff, #10141b); color: light-dark(#1c2430, #e8ecf2)"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>:root {{ color-scheme: light dark }} '
        f"body {{ {body}; {colours} }} {style}</style><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>"
    )


def _card(card: Card) -> str:
    body = _bars(card) if card.now.probabilities else _number_line(card)
    right = card.truth and card.now.answer == card.truth
    mark = "" if not card.truth or card.span else _verdict(bool(right))
    confidence = f"{_percent(card.now.confidence)} · " if card.now.probabilities else ""
    nats = f'<span class="mm-muted">, {card.now.uncertainty:.2f} nats</span>'
    return (
        f'<section class="mm-card" aria-label="{escape(card.title, quote=True)}">'
        f'<h3>{escape(card.title)}</h3><div class="mm-answer">{_answer(card.now.answer)}{mark}</div>'
        f'<p class="mm-sure">{confidence}{escape(card.sure)}{nats}</p>'
        f'{body}<p class="mm-change">{_change(card)}</p></section>'
    )


def _answer(answer: str) -> str:
    """In large letters; a long one in smaller ones."""
    return f"<b data-answer{' class=mm-long' if len(answer) > 10 else ''}>{escape(answer)}</b>"


def _strip(shown: Sequence[Card]) -> str:
    """All answers in one line that stays in sight while a narrow screen is scrolled; the cards say it in full."""
    parts = [
        f'<span style="--c:{_colour(card)}">{escape(card.title)} <b>{escape(card.now.answer)}{_sign(card)}</b></span>'
        for card in shown
    ]
    return f'<div class="mm-strip" aria-hidden="true">{"".join(parts)}</div>'


def _sign(card: Card) -> str:
    if not card.truth or card.span:
        return ""
    return " ✓" if card.now.answer == card.truth else " ✗"


def _colour(card: Card) -> str:
    if not card.truth or card.span:
        return ACCENT
    return RIGHT if card.now.answer == card.truth else WRONG


def _verdict(right: bool) -> str:
    colour, text = (RIGHT, "✓ right") if right else (WRONG, "✗ wrong")
    return f'<span class="mm-verdict" style="--c:{colour}">{text}</span>'


def _bars(card: Card) -> str:
    """A row per class: the bar is now, the thin mark is with everything."""
    names = _shown(card)
    rows = "".join(_row(name, card) for name in names)
    left_out = len(card.now.probabilities) - len(names)
    more = f'<p class="mm-muted">and {left_out} more</p>' if left_out else ""
    return f'<div class="mm-bars" role="list">{rows}</div>{more}'


def _shown(card: Card) -> list[str]:
    """All classes in their order, or the likeliest of many (then and now), and the right one."""
    names = list(card.now.probabilities)
    if len(names) <= MOST_BARS:
        return names
    weight: Mapping[str, float] = {
        name: max(card.now.probabilities[name], card.whole.probabilities.get(name, 0.0), float(name == card.truth))
        for name in names
    }
    kept = set(sorted(names, key=lambda name: -weight[name])[: MOST_BARS - 2])
    return [name for name in names if name in kept]


def _row(name: str, card: Card) -> str:
    now, whole = card.now.probabilities[name], card.whole.probabilities.get(name, 0.0)
    top = name == card.now.answer
    colour = ACCENT if not card.truth else RIGHT if name == card.truth else WRONG if top else "#7B8794"
    kind = " mm-top" if top else ""
    mark = "" if card.now == card.whole or whole < 0.005 else f'<u style="left:{100 * whole:.1f}%"></u>'
    said = f"{escape(name, quote=True)}: {_percent(now)}, with everything {_percent(whole)}"
    return (
        f'<div class="mm-row{kind}" role="listitem" title="{said}" style="--c:{colour}"><span class="mm-name">'
        f'{escape(name)}</span><span class="mm-track"><i style="width:{100 * now:.1f}%"></i>'
        f'{mark}</span><span class="mm-value">{_percent(now)}</span></div>'
    )


def _number_line(card: Card) -> str:
    """A number on its scale, with the number from everything as the thin mark."""
    low, high = card.span or (0.0, 1.0)
    now, whole = (_place(prediction, low, high) for prediction in (card.now, card.whole))
    return (
        f'<div class="mm-row mm-line" style="--c:{ACCENT}"><span class="mm-name">{low:g}</span><span class="mm-track">'
        f'<i class="mm-dot" style="left:{now:.1f}%"></i><u style="left:{whole:.1f}%"></u></span>'
        f'<span class="mm-value">{high:g}</span></div>'
    )


def _place(prediction: Prediction, low: float, high: float) -> float:
    value = float(prediction.value) if isinstance(prediction.value, int | float) else low
    return 100 * min(max((value - low) / max(high - low, 1e-9), 0.0), 1.0)


def _change(card: Card) -> str:
    """What changed against complete input, in one sentence."""
    if card.now == card.whole:
        return '<span class="mm-muted">This is the answer from everything that was given.</span>'
    if card.now.answer != card.whole.answer:
        return (
            f'<span class="mm-flip">Changed:</span> with {escape(card.whole_label)} it says '
            f"<b>{escape(card.whole.answer)}</b>{_with_percent(card.whole)}."
        )
    if not card.now.probabilities:
        return "As with everything."
    points = round(100 * (card.now.confidence - card.whole.confidence))
    moved = "as sure" if points == 0 else f"{abs(points)} points {'surer' if points > 0 else 'less sure'}"
    return f"The same answer, {moved} than with everything." if points else "The same answer, and as sure."


def _with_percent(prediction: Prediction) -> str:
    return f" ({_percent(prediction.confidence)})" if prediction.probabilities else ""


def _percent(share: float) -> str:
    if 0 < share < 0.005:
        return "&lt; 1 %"
    if 0.995 < share < 1:
        return "&gt; 99 %"
    return f"{100 * share:.0f} %"
