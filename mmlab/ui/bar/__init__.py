"""The thin bar on top of a page: what is looked at, and the one place where that is changed."""
