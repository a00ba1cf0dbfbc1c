"""Printed lessons."""
