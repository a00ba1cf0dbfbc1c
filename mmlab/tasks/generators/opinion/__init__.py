"""Recordings of the task `opinion`."""
