"""The papers' evidence, from trained models and their logs."""
