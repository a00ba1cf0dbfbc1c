"""The state of a visitor: the address, uploads, and their caches."""
