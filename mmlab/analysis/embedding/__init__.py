"""Embeddings of all combinations in one map, and how far a map is to be trusted."""
