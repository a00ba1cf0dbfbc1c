"""Home: what this is, the tasks and models with their scores, three ways in."""

from mmlab.ui.components.page_frame import page

with page("app.py"):
    from mmlab.ui.pages import home

    home.show()
