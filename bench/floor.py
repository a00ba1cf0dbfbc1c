"""The least that Streamlit can do: a title, one switch in a fragment, a line that follows. What Predict is held to."""

import streamlit as st

st.html('<div class="mm-head"><h1>Floor</h1></div>')


@st.fragment
def panel() -> None:
    on = st.toggle("Sound", value=True)
    key = "on" if on else "off"
    st.html(f'<p class="mm-cards" data-answer="{key}">{key}</p>')
    st.html(f'<p class="mm-lattice"><button aria-pressed="true" data-pick="{key}">{key}</button></p>')


panel()
