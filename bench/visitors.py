"""A visitor without a browser: opens Predict over Streamlit's own protocol, toggles an input, measures the wait."""

from __future__ import annotations

import asyncio
import time

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 120  # seconds for an answer, after which it counts as lost


class Visitor:
    """One session. answer: what it shows. `toggle` returns the milliseconds until the run that it caused is done."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.widget = ""
        self.fragment = ""
        self.answer = ""

    @classmethod
    async def enter(cls, port: int) -> Visitor:
        """Open Predict and wait until it is painted."""
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        socket = await connect(address, max_size=None, subprotocols=["streamlit"], origin=f"http://127.0.0.1:{port}")
        visitor = cls(socket)
        message = BackMsg()
        message.rerun_script.page_name = "predict"
        await socket.send(message.SerializeToString())
        await visitor._until_done()
        if not visitor.widget:
            raise SystemExit("There is no toggle for the sound on the page: are there checkpoints?")
        return visitor

    async def toggle(self, on: bool) -> float:
        """Switch the sound."""
        message = BackMsg()
        message.rerun_script.page_name = "predict"
        message.rerun_script.fragment_id = self.fragment
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.bool_value = self.widget, on
        start = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        await self._until_done()
        return 1000 * (time.perf_counter() - start)

    async def leave(self) -> None:
        """Close the connection."""
        await self.socket.close()

    async def _until_done(self) -> None:
        async with asyncio.timeout(PATIENCE):
            async for content in self.socket:
                message = ForwardMsg()
                message.ParseFromString(content if isinstance(content, bytes) else content.encode())
                self._note(message)
                if message.WhichOneof("type") == "script_finished":
                    return

    def _note(self, message: ForwardMsg) -> None:
        if message.WhichOneof("type") != "delta" or message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        if element.WhichOneof("type") == "html" and "data-answer" in element.html.body:
            self.answer = element.html.body
        if element.WhichOneof("type") == "checkbox" and "Sound" in element.checkbox.label:
            self.widget, self.fragment = element.checkbox.id, message.delta.fragment_id
