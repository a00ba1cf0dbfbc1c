"""A family of large networks per file."""
