"""The version of mmlab, which reports and checkpoints name."""

__version__ = "0.2.0"
