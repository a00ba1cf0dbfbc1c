"""Furniture and machines for the task `objects`, built from simple solids, seen from the front and the rear."""
