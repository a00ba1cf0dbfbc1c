"""What the papers use as evidence, from trained models and their logs."""
