"""Pieces of furniture and machines for the task `objects`, of simple solids, seen from the front and the rear."""
