"""Drawings of the Train page."""
