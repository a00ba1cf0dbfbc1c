"""Drawings of recordings, by kind of modality."""
