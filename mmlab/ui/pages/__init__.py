"""One module or package per page; each has `show()`."""
