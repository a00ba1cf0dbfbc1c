"""Official data sets as tasks: from the description in one file of `mmlab/tasks/benchmarks/` to a task."""
