"""Drawings of the Bench."""
