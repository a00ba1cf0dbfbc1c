"""Slices of volumes."""
