"""Home: what this is, the tasks and models with their scores, three ways in."""

from mmlab.ui.frame import page

with page("app.py"):
    from mmlab.ui import home

    home.show()
