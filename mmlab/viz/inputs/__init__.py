"""Drawings of recordings, by kind."""
