"""Methods: what each one does, drawn and in words, and what its trained model shows of the paper's own evidence."""

from mmlab.ui.components.page_frame import page

with page("pages/methods.py"):
    from mmlab.ui.components import pickers
    from mmlab.ui.pages.methods import page as method_page

    method_page.show(pickers.task_picker())
