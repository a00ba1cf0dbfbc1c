"""Pen strokes."""
