"""Where a model looks, and whether such a map can be believed."""
