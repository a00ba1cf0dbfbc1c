"""Runs: train jobs, grids, ablations, search, comparison tables, archives."""
