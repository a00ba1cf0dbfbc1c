"""Where a model looks, and whether such an attribution map can be trusted."""
