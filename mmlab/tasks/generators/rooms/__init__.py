"""The recordings of the task `rooms`: furnished rooms, ray casting, and two cameras."""
