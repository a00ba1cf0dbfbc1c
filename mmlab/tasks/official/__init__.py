"""Official data sets as tasks: what one file of `mmlab/tasks/benchmarks/` says, and what is made of it."""
