"""Recorders that observe a training."""
