"""Modality dominance: which input decides, by many measures."""
