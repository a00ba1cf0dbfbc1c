"""What a lesson is, once its file has been read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ask:
    """Which fact is meant: its name under `facts/`, and what it is about.

    Each fact says what it needs. inputs: a combination, `image-sound`; empty for all. among: combinations to choose
    from; models, rules: likewise. of: the input, the region or the class that a number is about. run: the tag of the
    run of `model`; empty for its first. damage, arrows: as in an address, `sound:noise:3`, `135:1.0:2.0`.
    ground: the data set of known truth; measure: one of dominance.
    """

    fact: str
    task: str = ""
    model: str = ""
    run: str = ""
    sample: str = ""
    inputs: str = ""
    damage: str = ""
    metric: str = ""
    rule: str = ""
    of: str = ""
    explainer: str = ""
    ground: str = ""
    arrows: str = ""
    measure: str = ""
    models: tuple[str, ...] = ()
    among: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One view of the app with a sentence and a question about it.

    page, view: its address. say: the sentence; question: what is predicted before it is seen. options: in words, by
    what the fact `answer` may find. then: fields of the address that change when the answer is revealed. reveal: what
    is said then. numbers: the facts whose texts stand in `say`, `options` and `reveal` as `{name}`.
    """

    page: str
    view: Mapping[str, str]
    say: str
    question: str
    options: Mapping[str, str]
    answer: Ask
    reveal: str
    then: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Ask] = field(default_factory=dict)


@dataclass(frozen=True)
class Lesson:
    """A lesson: its name in the address, what people read of it, and its steps.

    learn: what one can say afterwards. about: some sentences for whoever teaches it, paragraphs of plain text.
    """

    name: str
    title: str
    minutes: int
    learn: str
    about: str
    steps: tuple[Step, ...]
    order: int = 100
