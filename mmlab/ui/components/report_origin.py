"""The provenance of a report: when it was made, at which address, with which versions and models."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import streamlit as st

from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.version import __version__
from mmlab.ui.session import cache, url_state
from mmlab.viz.base.html_report import Fact


@dataclass(frozen=True)
class Origin:
    """When a report was made, and the address it was made at."""

    made: datetime
    link: str


def here(page: str) -> Origin:
    """The origin of a report of the current view."""
    base = (st.context.url or page).partition("?")[0]
    return Origin(datetime.now(UTC), base + url_state.link("", url_state.everything()))


def facts(origin: Origin) -> list[Fact]:
    """The facts at the head of a report."""
    return [
        Fact(say("Made"), origin.made.strftime("%Y-%m-%d %H:%M UTC")),
        Fact(say("Versions"), _versions()),
        Fact(say("View"), origin.link, origin.link),
    ]


def about(reference: Reference) -> str:
    """A model in words: name, seed and digest."""
    report = cache.report(reference)
    card: Mapping[str, Any] = report.get("card", {})
    return f"{reference.name}, seed {card.get('seed', '?')}, digest {str(report.get('digest', '?'))[:16]}"


def _versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "scipy", "streamlit"))
    return f"mmlab {__version__}, Python {platform.python_version()}, {packages}"
