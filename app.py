"""The app: the page that the address names, among those in `mmlab/ui/pages/` and in plug-ins.

Streamlit finds `app` here and imports it when its server starts, and runs this file as a script for each visitor.
"""

from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True) is None:
    from streamlit.starlette import App

    from mmlab.ui.pages import predict
    from mmlab.ui.session import head_start

    app = App(__file__, lifespan=head_start.lifespan(predict.ahead))
else:
    from mmlab.ui.components import page_frame

    page_frame.run()
