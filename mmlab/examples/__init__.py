"""Example custom models: a plain PyTorch network and its data, and its registration with mmlab."""
