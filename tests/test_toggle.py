"""What a toggle on the Bench sends: what changes, and no more. Over Streamlit's protocol, without a browser."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench.visitors import Visitor
from tests.browser_app import IS_MISSING

pytestmark = [pytest.mark.browser, IS_MISSING]  # shares its app


async def sent(port: int) -> list[ForwardMsg]:
    """The messages of the second of two toggles, after which everything is on again."""
    visitor = await Visitor.enter(port)
    await visitor.toggle(on=False)
    messages: list[ForwardMsg] = []
    note = visitor._note
    visitor._note = lambda message: (messages.append(message), note(message))[1]  # type: ignore[method-assign]
    await visitor.toggle(on=True)
    await visitor.leave()
    return messages


def test_a_toggle_sends_answers_lattice_and_switches_and_no_picture_again(address: str) -> None:
    messages = asyncio.run(sent(int(urlsplit(address).port or 0)))
    elements = [each.delta.new_element for each in messages if each.delta.WhichOneof("type") == "new_element"]
    kinds = [each.WhichOneof("type") for each in elements]
    bodies = [each.html.body for each in elements if each.WhichOneof("type") == "html"]
    assert any("data-answer" in body for body in bodies)
    assert any("mm-told" in body for body in bodies)
    assert kinds.count("bidi_component") == 1
    assert kinds.count("checkbox") == 3
    assert not any("<img" in body for body in bodies), "pictures do not change with a toggle"
    assert "audio" not in kinds
    assert len(messages) < 32
    assert sum(each.ByteSize() for each in messages) < 40_000
