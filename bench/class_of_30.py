"""A class of thirty votes: how long a vote takes, until the teacher sees it, and until the answer is on all screens.

    python bench/class_of_30.py                    # measures, prints, writes bench/class_of_30.{json,md}

The pupils are connections that speak Streamlit's protocol, each asking again every two seconds as a browser does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.app_latency import PORT, _resident, server, summary, wait_for_health  # noqa: E402
from bench.circumstances import circumstances, load  # noqa: E402

PATIENCE = 120  # seconds after which an answer counts as lost
STEP = "task=digits&sample=test-0136&methods=joint&lesson=take-the-sound-away&step="
TEACHER_EVERY, PUPIL_EVERY = 1.0, 2.0  # seconds, as the pages ask again


class Screen:
    """One session: what it shows, and its buttons by key."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.page, self.query = socket, "", ""
        self.buttons: dict[str, tuple[str, str]] = {}  # id of the widget and of its fragment, by key
        self.live, self.text = "", ""
        self.turn = asyncio.Lock()

    @classmethod
    async def enter(cls) -> Screen:
        address = f"ws://127.0.0.1:{PORT}/_stcore/stream"
        origin = f"http://127.0.0.1:{PORT}"
        return cls(await connect(address, max_size=None, subprotocols=["streamlit"], origin=origin))

    async def open(self, page: str, query: str = "") -> None:
        """Another page, whole."""
        self.page, self.query, self.live = page, query, ""
        await self._run("")

    async def ask_again(self) -> None:
        """What a browser does by itself: the part that lives is made again."""
        await self._run(self.live)

    async def press(self, key: str) -> float:
        """Press a button; milliseconds until its page, or its part of it, was made again."""
        widget, fragment = self.buttons[key]
        start = time.perf_counter()
        await self._run(fragment, widget)
        return 1000 * (time.perf_counter() - start)

    async def _run(self, fragment: str, pressed: str = "") -> None:
        async with self.turn, asyncio.timeout(PATIENCE):
            message = BackMsg()
            rerun = message.rerun_script
            rerun.page_name, rerun.query_string, rerun.fragment_id = self.page, self.query, fragment
            if pressed:
                state = rerun.widget_states.widgets.add()
                state.id, state.trigger_value = pressed, True
            self.text = "" if not fragment else self.text
            await self.socket.send(message.SerializeToString())
            async for content in self.socket:
                found = ForwardMsg()
                found.ParseFromString(content if isinstance(content, bytes) else content.encode())
                if found.WhichOneof("type") == "auto_rerun":
                    self.live = found.auto_rerun.fragment_id
                elif found.WhichOneof("type") == "page_info_changed":
                    self.query = found.page_info_changed.query_string
                elif found.WhichOneof("type") == "script_finished":
                    return
                self._note(found)

    def _note(self, message: ForwardMsg) -> None:
        if message.WhichOneof("type") != "delta" or message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "button":
            key = element.button.id.rpartition("-")[2]
            self.buttons[key] = (element.button.id, message.delta.fragment_id)
        elif kind == "html":
            self.text += element.html.body
        elif kind == "markdown":
            self.text += element.markdown.body


async def lesson(people: int, steps: int) -> dict[str, list[float]]:
    """Steps of a lesson with a class: milliseconds."""
    teacher = await Screen.enter()
    await teacher.open("lessons")
    await teacher.press("class.open")
    code = re.search(r"### \w+ (\w{4})", teacher.text)
    if code is None:
        raise SystemExit("No class was opened.")
    pupils = [await Screen.enter() for _ in range(people)]
    found: dict[str, list[float]] = {name: [] for name in TARGETS}
    await teacher.open("predict", f"{STEP}1")
    joining = (_timed(each.open("join", f"code={code[1]}")) for each in pupils)
    found["a pupil joins"] = list(await asyncio.gather(*joining))
    asking = [asyncio.create_task(_again(each, PUPIL_EVERY, shift / people)) for shift, each in enumerate(pupils)]
    asking.append(asyncio.create_task(_again(teacher, TEACHER_EVERY, 0)))
    for place in range(steps):
        await teacher.open("predict", f"{STEP}1" if place == 0 else f"{STEP}2")
        await _until(pupils, "join.option.0")
        start = time.perf_counter()
        votes = asyncio.gather(*(each.press(f"join.option.{number % 3}") for number, each in enumerate(pupils)))
        found["all vote at the same instant: a vote is in"] += await votes
        while f"{people} of {people} voted" not in teacher.text:
            await asyncio.sleep(0.02)
        found["until the teacher sees all votes"].append(1000 * (time.perf_counter() - start))
        for number, each in enumerate(pupils):
            found["one after the other changes it"].append(await each.press(f"join.option.{(number + 1) % 3}"))
        start = time.perf_counter()
        found["the answer is shown: on the teacher’s screen"].append(await teacher.press("class.show"))
        while any('class="mm-vote' not in each.text for each in pupils):
            await asyncio.sleep(0.02)
        found["the answer is shown: on the last pupil’s screen"].append(1000 * (time.perf_counter() - start))
    for task in asking:
        task.cancel()
    return found


TARGETS = (
    "a pupil joins",
    "all vote at the same instant: a vote is in",
    "until the teacher sees all votes",
    "one after the other changes it",
    "the answer is shown: on the teacher’s screen",
    "the answer is shown: on the last pupil’s screen",
)


async def _timed(work: Awaitable[None]) -> float:
    start = time.perf_counter()
    await work
    return 1000 * (time.perf_counter() - start)


async def _again(screen: Screen, every: float, shift: float) -> None:
    await asyncio.sleep(shift)
    while True:
        await asyncio.sleep(every)
        if screen.live:
            screen.text = screen.text if screen.page == "predict" else ""
            await screen.ask_again()


async def _until(pupils: list[Screen], key: str) -> None:
    """Until the question is on every screen."""
    while any(key not in each.buttons or 'class="mm-vote' in each.text for each in pupils):
        await asyncio.sleep(0.05)


def table(found: dict[str, Any]) -> str:
    lines = [
        "# A class that votes",
        "",
        f"Made by `python bench/class_of_30.py` on {found['made']}: {found['machine']}, {found['people']} pupils and a "
        f"teacher over Streamlit’s protocol on the same machine, load {found['load']['before']} before and "
        f"{found['load']['after']} after. Pupils’ screens ask again every {PUPIL_EVERY:g} s, the teacher’s every "
        f"{TEACHER_EVERY:g} s.",
        "",
        "| what | median (ms) | p95 (ms) | n |",
        "|---|---|---|---|",
    ]
    lines += [f"| {name} | {row['median']:g} | {row['p95']:g} | {row['n']} |" for name, row in found["ms"].items()]
    return "\n".join([*lines, "", f"Memory of the server with all of them: {found['megabytes']:.0f} MB."]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "bench", help="folder for class_of_30.json and .md")
    options = parser.parse_args()
    before = load()
    with server() as process:
        wait_for_health(seconds=60)
        times = asyncio.run(lesson(options.people, options.steps))
        megabytes = _resident(process.pid)
    found = {
        **circumstances(before),
        "people": options.people,
        "ms": {name: summary(values) for name, values in times.items()},
        "megabytes": megabytes,
    }
    (options.out / "class_of_30.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.out / "class_of_30.md").write_text(table(found))
    print(table(found))


if __name__ == "__main__":
    main()
