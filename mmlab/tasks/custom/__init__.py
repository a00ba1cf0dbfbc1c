"""A user's own data set: a folder with `task.json`, `manifest.csv` and the files that it names (docs/own-data.md)."""
