"""Pieces of a page: frame, pickers, figures, progress. Each is used by several pages."""
