"""The version of mmlab, which reports and checkpoints name."""

__version__ = "0.1.0"
