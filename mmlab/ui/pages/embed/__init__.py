"""Embed: the map of all samples under all combinations, and what can be asked of it."""
