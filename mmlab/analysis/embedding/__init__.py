"""Embeddings of all combinations in one map, and how far such a map can be trusted."""
