"""Drawings of the Compare page."""
