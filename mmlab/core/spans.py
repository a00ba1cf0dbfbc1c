"""Ranges to divide by: in any unit, so that no magnitude counts as zero."""

from __future__ import annotations


def divisor(span: float) -> float:
    """The same number where it is above 0, else 1: between equal numbers nothing is apart, in whatever unit."""
    return span if span > 0 else 1.0
