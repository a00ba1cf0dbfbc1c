"""What takes longer than a click: shared, followed, stopped, and told when it goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from mmlab.ui.components import background_task as work


def test_what_is_slow_can_be_stopped_and_gone_on_with() -> None:
    def stopped() -> None:
        import streamlit as st

        from mmlab.core.errors import MmlabError
        from mmlab.ui.components.background_task import STOPPED, run_cached

        st.session_state.setdefault("runs", 0)
        if st.session_state.pop("stop", False):
            st.session_state[STOPPED] = "work"

        def make(tell: object) -> int:
            st.session_state["runs"] += 1
            tell(0.5)  # type: ignore[operator]
            return 7

        try:
            st.write(f"found {run_cached('work', 'Counting', make)}")
        except MmlabError as error:
            st.write(str(error))

    app = AppTest.from_function(stopped)
    app.session_state["stop"] = True
    app.run()
    assert "Counting was stopped." in app.markdown[0].value
    assert app.session_state["runs"] == 0
    app.button[0].click().run()
    assert app.markdown[0].value == "found 7"
    app.run()
    assert app.session_state["runs"] == 1, "kept"


def test_what_two_people_ask_for_is_computed_once_and_ends_when_nobody_waits() -> None:
    asked, entered, go = [], threading.Event(), threading.Event()

    def job(tell: Callable[[float], None]) -> None:
        asked.append(1)
        entered.set()
        go.wait()
        while True:  # until it is told to end
            tell(0.5)

    before = work.completed()
    for _ in range(2):
        work.start("job", job)
    entered.wait()
    assert work.alive("job")
    assert asked == [1]
    work._cancel(work._running_tasks().works["job"])
    go.set()
    work.wait("job")
    assert not work.alive("job")
    assert work.completed() == before + 1


def test_a_page_that_was_read_before_something_ended_is_made_again() -> None:
    def page() -> None:
        import streamlit as st

        from mmlab.ui.components import background_task

        made = background_task.completed()
        if "late" not in st.session_state:
            st.session_state["late"] = True
            background_task.start("quick", lambda tell: tell(1.0))
            background_task.wait("quick")  # over before the panel asks
        st.session_state["read"] = made
        background_task.live(["quick"], made, lambda: st.write("drawn"))

    app = AppTest.from_function(page).run()
    assert [each.value for each in app.markdown] == ["drawn"]
    assert app.session_state["read"] == work.completed(), "the second time"


def test_what_goes_wrong_in_the_background_is_said_and_what_is_waited_for_is_raised() -> None:
    def page() -> None:
        import streamlit as st

        from mmlab.core.errors import DataError
        from mmlab.ui.components import background_task

        def fails(tell: object) -> None:
            raise DataError("No samples.", "Bring some.")

        def breaks(tell: object) -> None:
            raise RuntimeError("secret")

        for name, job in (("fails", fails), ("breaks", breaks)):
            background_task.start(name, job)
            background_task.wait(name)
            background_task.show(name, "Working")
        try:
            background_task.run_cached("key", "Working", fails)
        except DataError as error:
            st.write(str(error))

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert "No samples" in app.warning[0].value
    assert "The computation failed" in app.warning[1].value
    assert not any("secret" in each.value for each in app.warning)
    assert "No samples." in app.markdown[0].value
