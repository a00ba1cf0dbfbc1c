"""Recordings of the task `digits`."""
