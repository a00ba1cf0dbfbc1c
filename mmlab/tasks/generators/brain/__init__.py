"""Simulated scans of the task `brain`."""
