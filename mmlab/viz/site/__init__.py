"""Static pages of chosen models: a folder that opens from a file, without a server."""
