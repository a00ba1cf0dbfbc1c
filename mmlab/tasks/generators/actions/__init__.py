"""Generated recordings for the task `actions`."""
