"""The app: the page that the address names, among those in `mmlab/ui/pages/` and in plug-ins.

Streamlit finds `app` here and imports it when its server starts, and runs this file as a script for each visitor.
"""

from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True) is None:
    from starlette.middleware import Middleware
    from streamlit.starlette import App

    from mmlab.ui.pages import predict
    from mmlab.ui.session import browser_files, head_start

    begins = head_start.lifespan(predict.ahead)
    app = App(__file__, lifespan=begins, middleware=[Middleware(browser_files.BrowserFiles)])
else:
    from mmlab.ui.components import page_frame

    page_frame.run()
