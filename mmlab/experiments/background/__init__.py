"""Trainings in processes of their own: their files, their worker, their queue."""
