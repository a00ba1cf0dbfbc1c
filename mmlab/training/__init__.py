"""Training: the loop, resume state, missing data, and a dominance log for any training loop."""

from mmlab.training.dominance_log import DominanceLog

__all__ = ["DominanceLog"]
