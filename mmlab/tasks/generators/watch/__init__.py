"""Recordings of the task `watch`."""
