"""Methods: what each one does, drawn and in words, and what its trained model shows of the paper's own evidence."""

from mmlab.ui.frame import page

with page("pages/methods.py"):
    from mmlab.ui import method_page, widgets  # behind the painted title: this loads torch

    method_page.show(widgets.task_picker())
