"""Drawings of the Predict page."""
