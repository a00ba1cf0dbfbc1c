"""The sources of the tasks' samples: generators, shipped banks, and the user's own recordings."""
