"""The cost of missing inputs, the reliability of a model's confidence, and which predictions change."""
