"""Drawings of the Robustness page."""
