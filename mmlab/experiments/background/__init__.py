"""Trainings in separate processes: their files, their worker, their queue."""
