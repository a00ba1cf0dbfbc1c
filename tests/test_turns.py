"""Pages that are quick are made one after the other where many want it at once."""

from __future__ import annotations

import threading
import time

import pytest

from mmlab.ui.session import turns


def test_while_one_has_the_turn_another_waits() -> None:
    seen, begun = [], threading.Event()

    def other() -> None:
        begun.set()
        with turns.turn():
            seen.append("other")

    with turns.turn():
        thread = threading.Thread(target=other)
        thread.start()
        begun.wait(600)
        time.sleep(0.02)
        seen.append("first")
    thread.join(600)
    assert seen == ["first", "other"]


def test_one_that_is_slow_holds_up_nobody_for_long_and_nobody_ends_the_turn_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.01)
    with turns.turn():
        with turns.turn():
            pass
        assert turns._turn.locked()
    assert not turns._turn.locked()


def test_the_turn_ends_with_an_error() -> None:
    with pytest.raises(ValueError, match="broken"), turns.turn():
        raise ValueError("broken")
    assert not turns._turn.locked()
