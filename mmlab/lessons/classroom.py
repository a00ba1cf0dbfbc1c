"""Class votes: a teacher opens a class, students join by its code, and every vote appears on the teacher's screen.

>>> code = CLASSES.open()                        # 'K7PX'
>>> room = CLASSES.find("k7px")
>>> room.ask(Question("sure-but-wrong.1", "What do you expect?", {"right": "Right", "wrong": "Wrong"}))
>>> room.vote("somebody", "wrong")               # one vote each; another one takes its place until the answer is shown
>>> room.reveal("wrong")

All of it lives in the memory of this process, bounded and for some hours: nothing is stored, and nobody gives a name.
Codes and votes come from untrusted sources: a code is compared and never used as anything else, and a vote is one of
the options.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mmlab.core import permissions
from mmlab.core.errors import DataError, UnknownName
from mmlab.core.permissions import Action

LETTERS = "ACDEFGHJKLMNPQRTUVWXYZ2346789"  # none that is read as another one
LENGTH = 4
CODE = re.compile(f"[{LETTERS}]{{{LENGTH}}}")
MOST_CLASSES, MOST_PUPILS, MOST_QUESTIONS = 32, 200, 64
REST = 3 * 3600.0  # seconds after which a class that nobody leads is over
AWAY = 20.0  # seconds after which a pupil whose screen does not ask any more has left


@dataclass(frozen=True)
class Question:
    """What is voted on. key: tells it from the others; options: words by option; page, view: where to see it."""

    key: str
    text: str
    options: Mapping[str, str]
    title: str = ""
    say: str = ""
    page: str = ""
    view: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ballot:
    """How a vote stands: votes by option, how many pupils are here, and, once shown, that it is over and what is right.

    mine: what the one who asks chose; right: empty where none of the options is.
    """

    question: Question
    votes: Mapping[str, int]
    here: int
    is_over: bool
    right: str = ""
    mine: str = ""

    @property
    def total(self) -> int:
        """How many voted."""
        return sum(self.votes.values())


@dataclass
class _Vote:
    question: Question
    by_pupil: dict[str, str] = field(default_factory=dict)
    is_over: bool = False
    right: str = ""


class Classroom:
    """One class. Safe to use from many threads."""

    def __init__(self, code: str, leader: str, clock: Callable[[], float]) -> None:
        self.code, self.leader = code, leader
        self.led_at = clock()
        self._clock, self._lock = clock, threading.Lock()
        self._pupils: dict[str, float] = {}
        self._votes: dict[str, _Vote] = {}
        self._now = ""

    def ask(self, question: Question) -> Ballot:
        """Put a question, or go back to one: its votes are still there. For whoever leads. Raises NotAllowed."""
        self._lead()
        with self._lock:
            before = self._votes.pop(question.key, None)
            if before is None or before.question.options.keys() != question.options.keys():
                before = _Vote(question)
            before.question = question
            self._votes[question.key] = before
            while len(self._votes) > MOST_QUESTIONS:
                self._votes.pop(next(iter(self._votes)))
            self._now = question.key
            return self._ballot(before)

    def reveal(self, right: str = "") -> None:
        """End the vote that is open and say what is right. For whoever leads. Raises NotAllowed."""
        self._lead()
        with self._lock:
            if (vote := self._votes.get(self._now)) is not None:
                vote.is_over, vote.right = True, right

    def join(self, pupil: str) -> None:
        """Note that a pupil's screen is there. Raises DataError where the class is full."""
        with self._lock:
            if pupil not in self._pupils and len(self._pupils) >= MOST_PUPILS:
                for gone in [name for name, seen in self._pupils.items() if self._clock() - seen > AWAY]:
                    del self._pupils[gone]
                if len(self._pupils) >= MOST_PUPILS:
                    raise DataError("This class is full.", "Look at the screen of somebody else.")
            self._pupils[pupil] = self._clock()

    def vote(self, pupil: str, option: str, key: str = "") -> bool:
        """Vote, or vote otherwise; whether it counts.

        It does not once the answer was shown, when another question (key) is put by now, and for what is no option.
        """
        self.join(pupil)
        with self._lock:
            vote = self._votes.get(self._now)
            if vote is None or vote.is_over or option not in vote.question.options:
                return False
            if key and key != self._now:
                return False
            if pupil not in vote.by_pupil and len(vote.by_pupil) >= MOST_PUPILS:
                return False
            vote.by_pupil[pupil] = option
            return True

    def ballot(self, pupil: str = "") -> Ballot | None:
        """How the vote stands that is open or was shown last; None where no question is put."""
        with self._lock:
            vote = self._votes.get(self._now)
            return None if vote is None else self._ballot(vote, pupil)

    def watched(self) -> Ballot | None:
        """The same for whoever leads: a class whose teacher looks on is not over. Raises NotAllowed."""
        self._lead()
        return self.ballot()

    def here(self) -> int:
        """How many pupils' screens are there."""
        with self._lock:
            return self._here()

    def _lead(self) -> None:
        permissions.require(Action.TEACH, self.leader)
        self.led_at = self._clock()

    def _here(self) -> int:
        return sum(self._clock() - seen <= AWAY for seen in self._pupils.values())

    def _ballot(self, vote: _Vote, pupil: str = "") -> Ballot:
        counted = Counter(vote.by_pupil.values())
        votes = {option: counted[option] for option in vote.question.options}
        mine = vote.by_pupil.get(pupil, "")
        return Ballot(vote.question, votes, self._here(), vote.is_over, vote.right if vote.is_over else "", mine)


class Classes:
    """All classes of this process, by their codes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._open: dict[str, Classroom] = {}

    def open(self) -> Classroom:
        """A new class, led by the one who asks. Raises NotAllowed, and DataError where there are too many."""
        permissions.require(Action.TEACH)
        with self._lock:
            self._forget()
            if len(self._open) >= MOST_CLASSES:
                raise DataError("Too many classes are open here.", "End one of them first.")
            code = self._new_code()
            self._open[code] = Classroom(code, permissions.visitor().id, self._clock)
            return self._open[code]

    def find(self, code: str) -> Classroom:
        """The class of a code as somebody typed it. Raises UnknownName."""
        wanted = code.strip().upper() if len(code) <= 4 * LENGTH else ""
        with self._lock:
            self._forget()
            if not CODE.fullmatch(wanted) or wanted not in self._open:
                raise UnknownName("There is no class with this code.", "Look at the teacher’s screen: it may be over.")
            return self._open[wanted]

    def close(self, room: Classroom) -> None:
        """End a class. Raises NotAllowed for whoever may not."""
        permissions.require(Action.TEACH, room.leader)
        with self._lock:
            self._open.pop(room.code, None)

    def led_by_asker(self) -> tuple[Classroom, ...]:
        """The classes that the one who asks may lead: their own, and all for whoever gave the key or sits here."""
        if permissions.refusal(Action.TEACH)[0]:
            return ()
        with self._lock:
            self._forget()
            return tuple(room for room in self._open.values() if not permissions.refusal(Action.TEACH, room.leader)[0])

    def _forget(self) -> None:
        for code in [code for code, room in self._open.items() if self._clock() - room.led_at > REST]:
            del self._open[code]

    def _new_code(self) -> str:
        while True:
            code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
            if code not in self._open:
                return code


CLASSES = Classes()
