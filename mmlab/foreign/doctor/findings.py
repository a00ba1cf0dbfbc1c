"""A single finding, and all of them, for display and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """What is wrong, in a sentence; where, as the person's own file and line; why it matters; what to do."""

    check: str
    level: Level
    message: str
    hint: str = ""
    where: str = ""
    why: str = ""

    def text(self) -> str:
        """For a terminal."""
        head = {"error": "ERROR  ", "warning": "WARNING", "note": "note   "}[self.level]
        lines = [f"{head} {self.check}: {self.message}{f' {self.where}' if self.where else ''}"]
        lines += [f"          {each}" for each in (self.why, self.hint) if each]
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """All findings on one model, in the order of the checks; seconds it took; checks that ran."""

    name: str
    findings: Sequence[Finding]
    seconds: float
    checks: Sequence[str]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those with which numbers would be wrong."""
        return tuple(each for each in self.findings if each.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Those to think about."""
        return tuple(each for each in self.findings if each.level == "warning")

    def text(self) -> str:
        """For a terminal."""
        head = f"{self.name}: {_count(len(self.errors), 'error')}, {_count(len(self.warnings), 'warning')}"
        body = [each.text() for each in self.findings]
        tail = f"{len(self.checks)} families of checks in {self.seconds:.1f} s: {', '.join(self.checks)}."
        return "\n".join([head, *body, tail])

    def card(self) -> dict[str, Any]:
        """Plain values, for JSON and for the model's card."""
        return {
            "name": self.name,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "seconds": round(self.seconds, 2),
            "checks": list(self.checks),
            "findings": [asdict(each) for each in self.findings],
        }


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
