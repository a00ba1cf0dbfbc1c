"""Static pages of chosen models: a folder that opens from disk, without a server."""
