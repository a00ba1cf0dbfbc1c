"""The thin bar at the top of a page: the current selection, and the one place to change it."""
