"""Simulated captures of the task `faces`."""
