"""Models of one's own as examples: a plain PyTorch network and its data, and what mmlab needs to know of it."""
