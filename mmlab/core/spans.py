"""Ranges to divide by: in any unit, so that no magnitude counts as zero."""

from __future__ import annotations


def divisor(span: float) -> float:
    """The span itself if it is above 0, else 1: equal numbers have no distance in any unit."""
    return span if span > 0 else 1.0
