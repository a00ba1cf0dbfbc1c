"""Two visitors of an app on an address that others can reach: what one may not do, and what the other does not notice.

Each looks with a Chromium of their own; what a page does not offer is asked for over Streamlit's own protocol, as
somebody would who means harm.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from bench.app_latency import CHROMIUM, FLAGS, ROOT, wait_for_health
from bench.attack.visitors import LOADED
from mmlab.storage.library import RUNS, SHIPPED
from tests.unpacked import pack

PORT, KEY = 8743, "chalk-and-blackboard"
PICTURE = pack("digits") / "test-0000.png"
WAIT = 180_000  # milliseconds
Promises = dict[str, bool]


def address() -> str:
    """The address of this machine that others reach; empty where it has none but its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # of nobody, and nothing is sent: it asks which address would be used
        except OSError:
            return ""
        found = str(probe.getsockname()[0])
    return "" if found.startswith("127.") else found


@contextmanager
def hosted(mode: str, place: Path) -> Iterator[tuple[str, Path]]:
    """The app on that address with a library of its own; its address and its library."""
    root = place / mode
    for method in ("joint", "dropout"):
        shutil.copytree(SHIPPED / "digits" / method / "seed0", root / "digits" / method / "seed0")
    host = address()
    settings = {"SERVER_ADDRESS": host, "SERVER_PORT": str(PORT), "SERVER_ALLOWED_HOSTS": host}
    environment = {**os.environ, **{f"STREAMLIT_{name}": value for name, value in settings.items()}}
    environment |= {"MMLAB_MODE": mode, "MMLAB_KEY": KEY, "MMLAB_CHECKPOINTS": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_health(PORT, host, LOADED)
        yield f"http://{host}:{PORT}", root
    finally:
        process.terminate()
        process.wait()


def attack() -> Promises:
    """Each promise and whether it held."""
    from playwright.sync_api import Error, sync_playwright

    found: Promises = {}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browsers = [playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) for _ in range(2)]
        for mode, part in (("read-only", _read_only), ("classroom", _classroom)):
            with hosted(mode, Path(place)) as (url, root):
                pages = [browser.new_context().new_page() for browser in browsers]
                for page in pages:
                    page.set_default_timeout(WAIT)
                try:
                    part(found, url, root, *pages)
                except Error as error:  # what was found before it stays
                    print(error, file=sys.stderr)
                    found[f"{mode}: every page came to where it could be used"] = False
        for browser in browsers:
            browser.close()
    return found


def _read_only(found: Promises, url: str, root: Path, one: Any, other: Any) -> None:
    for page in (one, other):
        page.goto(f"{url}/train?task=digits")
        page.get_by_role("button", name="Start training").wait_for()
    found["read-only: nobody can press Start training"] = all(
        page.get_by_role("button", name="Start training").is_disabled() for page in (one, other)
    )
    was_there = _now(pressed(url, "train", "task=digits", "Start training"))
    found["read-only: pressed over the protocol, it starts nothing"] = was_there and not list(
        root.glob(f"{RUNS}/*/*/*")
    )
    was_there = _now(pressed(url, "library", "task=digits&run=digits/joint/seed0", "Delete it"))
    model = root / "digits" / "joint" / "seed0"
    found["read-only: Delete over the protocol deletes nothing"] = was_there and model.is_dir()
    found["an upload of one visitor is not shown to another by its link"] = _upload_is_private(url, one, other)
    found["a page of another host cannot open a session"] = not _now(_opens(url, "http://evil.example"))
    found["a session of the app's own address opens"] = _now(_opens(url, url))
    found["another visitor's page still answers"] = _answers(url, other)


def _upload_is_private(url: str, one: Any, other: Any) -> bool:
    one.goto(f"{url}/predict?task=digits")
    one.get_by_role("button", name="Samples").click()  # on the Bench they lie behind a button
    one.get_by_role("tab", name="Upload").click()
    one.locator('input[type="file"]').first.set_input_files(str(PICTURE))
    one.wait_for_function("location.search.includes('sample=own-')")
    other.goto(one.url)
    other.get_by_text("uploads are not part of a link").wait_for()
    return True


def _classroom(found: Promises, url: str, root: Path, one: Any, other: Any) -> None:
    for page in (one, other):
        page.goto(f"{url}/train?task=digits&method=joint")
        page.get_by_role("button", name="Start training").wait_for()
    start = [page.get_by_role("button", name="Start training") for page in (one, other)]
    found["classroom: nobody can train without the key"] = all(button.is_disabled() for button in start)
    _give_key(other, "not the right key")
    found["classroom: a wrong key unlocks nothing"] = start[1].is_disabled()
    _give_key(one, KEY)
    one.get_by_text("Unlocked by the key").wait_for()
    found["classroom: the key unlocks"] = _soon(start[0].is_enabled)
    other.reload()
    start[1].wait_for()
    found["classroom: it unlocks one session, not the other's"] = start[1].is_disabled()
    start[0].click()
    status = list(_when(lambda: list(root.glob(f"{RUNS}/digits/*/*/status.json"))))
    one.get_by_role("button", name="Stop").wait_for()
    other.reload()
    other.get_by_role("button", name="Stop").wait_for()
    found["classroom: the other sees the training and cannot stop it"] = other.get_by_role(
        "button", name="Stop"
    ).is_disabled()
    was_there = _now(pressed(url, "train", "task=digits", "Stop"))
    time.sleep(2)
    found["classroom: Stop over the protocol stops nothing"] = was_there and not list(root.glob(f"{RUNS}/*/*/*/stop"))
    _delete_beside(found, url, root, one, other)
    one.goto(f"{url}/train?task=digits")
    _give_key(one, KEY)
    one.get_by_text("Unlocked by the key").wait_for()
    one.get_by_role("button", name="Stop").click()
    found["classroom: with the key it can be stopped"] = (
        _soon(lambda: b'"stopped"' in status[0].read_bytes()) if status else False
    )
    found["another visitor's page still answers, in a classroom"] = _answers(url, other)


def _delete_beside(found: Promises, url: str, root: Path, one: Any, other: Any) -> None:
    """One deletes the model that the other looks at."""
    other.goto(f"{url}/predict?task=digits&methods=dropout")
    other.wait_for_selector("[data-answer]")
    one.goto(f"{url}/library?task=digits&run=digits/dropout/seed0")
    _give_key(one, KEY)  # a page that is opened by its address is a new session
    one.get_by_text("Unlocked by the key").wait_for()
    one.get_by_role("button", name="Delete", exact=True).click()
    one.get_by_role("button", name="Delete it").click()
    found["classroom: with the key a model can be deleted"] = _soon(
        lambda: not (root / "digits/dropout/seed0").exists()
    )
    other.locator(".stCheckbox", has_text="Sound").first.locator("label").first.click()
    time.sleep(3)
    shown = other.locator("body").inner_text()
    found["classroom: who looked at it gets an answer or a sentence"] = "Traceback" not in shown and len(shown) > 200


def _give_key(page: Any, key: str) -> None:
    page.get_by_role("button", name="Teacher’s key").click()
    field = page.get_by_label("Key", exact=True)
    field.fill(key)
    field.press("Enter")
    time.sleep(2)
    if key != KEY:
        page.keyboard.press("Escape")


def _answers(url: str, page: Any) -> bool:
    page.goto(f"{url}/predict?task=digits&methods=joint")
    page.wait_for_selector("[data-answer]")
    return True


def _now(what: Coroutine[Any, Any, bool]) -> bool:
    """In a thread: playwright has a loop of its own in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, what).result()


def _soon(holds: Callable[[], bool], seconds: float = WAIT / 1000) -> bool:
    until = time.time() + seconds
    while not (found := holds()) and time.time() < until:
        time.sleep(0.2)
    return found


def _when(found: Callable[[], list[Path]]) -> list[Path]:
    _soon(lambda: bool(found()))
    return found()


async def _opens(url: str, origin: str) -> bool:
    """Whether a page of that origin can open a session here."""
    try:
        async with connect(_stream(url), subprotocols=["streamlit"], origin=origin):  # type: ignore[arg-type,list-item]
            return True
    except (WebSocketException, OSError):
        return False


async def pressed(url: str, page: str, query: str, label: str) -> bool:
    """Press a button as a page would that pays no heed to what is greyed out. Whether there was one."""
    async with connect(_stream(url), max_size=None, subprotocols=["streamlit"], origin=url) as connection:  # type: ignore[arg-type,list-item]
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        await connection.send(message.SerializeToString())
        buttons: dict[str, str] = {}
        await _until_done(connection, buttons)
        if label not in buttons:
            return False
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.trigger_value = buttons[label], True
        await connection.send(message.SerializeToString())
        await _until_done(connection, buttons)
    return True


async def _until_done(connection: Any, buttons: dict[str, str]) -> None:
    async with asyncio.timeout(WAIT / 1000):
        async for content in connection:
            message = ForwardMsg()
            message.ParseFromString(content)
            if message.WhichOneof("type") == "script_finished":
                return
            if message.WhichOneof("type") == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                if element.WhichOneof("type") == "button":
                    buttons[element.button.label] = element.button.id


def _stream(url: str) -> str:
    return url.replace("http://", "ws://") + "/_stcore/stream"
