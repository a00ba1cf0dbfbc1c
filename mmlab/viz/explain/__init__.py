"""Drawings of the Explain page."""
