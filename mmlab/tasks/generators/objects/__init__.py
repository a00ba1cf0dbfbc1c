"""Pieces of furniture and machines for the task `objects`, made of simple solids and seen from the front and the rear."""
