"""Drawings of the Methods page."""
