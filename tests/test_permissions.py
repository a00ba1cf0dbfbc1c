"""Who may change what where an app serves several people: modes, owners, the teacher's key."""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager
from streamlit.testing.v1 import AppTest

from mmlab.analysis.embedding import custom_maps
from mmlab.analysis.embedding.maps import MapSettings
from mmlab.core import permissions
from mmlab.core.errors import DataError, MmlabError
from mmlab.core.permissions import Action, NotAllowed, Visitor, acting_for, refusal, require
from mmlab.experiments import model_archive
from mmlab.experiments.background.manager import MOST_WAITING, TrainingQueue
from mmlab.experiments.background.run_files import BEGUN_BY, TrainRequest
from mmlab.storage.library import Library
from mmlab.ui.components import background_task
from mmlab.ui.session import access, session_expiry
from tests.apps import app_at

HERE, ANNA, BEN = Visitor("here", is_local=True), Visitor("anna"), Visitor("ben")
TEACHER = Visitor("teacher", unlocked=True)
ORDER = TrainRequest("digits", "joint", {}, {"epochs": 1}, 0, "mine")
GOOD_KEY = "a long enough key"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (permissions.MODE, permissions.KEY):
        monkeypatch.delenv(name, raising=False)
    permissions._wrong.clear()
    yield
    permissions._wrong.clear()


def may(who: Visitor, action: Action, owner: str = "") -> bool:
    with acting_for(who):
        return not refusal(action, owner)[0]


def test_what_visitors_may_do_in_each_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = {
        "": (HERE, TEACHER, ANNA),
        "open": (HERE, TEACHER, ANNA),
        "read-only": (),
        "classroom": (TEACHER,),
        "nonsense": (),
    }
    for mode, able in allowed.items():
        monkeypatch.setenv(permissions.MODE, mode)
        for who in (HERE, TEACHER, ANNA):
            wanted = who in able if mode else who is HERE  # elsewhere than at the machine, nothing set is read-only
            assert all(may(who, action) == wanted for action in Action), (mode, who)
    assert all(may(permissions.OWNER, action) for action in Action), "commands may do everything, whatever is set"


def test_only_who_began_something_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(permissions.MODE, "open")
    assert may(ANNA, Action.STOP, "anna")
    assert not may(BEN, Action.STOP, "anna")
    assert may(TEACHER, Action.STOP, "anna")
    assert may(HERE, Action.STOP, "anna"), "a reload at the machine itself is another session of the same person"
    assert may(BEN, Action.STOP), "a run of the command line has no owner"


def test_everything_that_changes_something_asks(tmp_path: Path) -> None:
    library = Library(tmp_path)
    queue = TrainingQueue(library)
    home = queue.home("digits", "joint", "mine")
    home.mkdir(parents=True)
    (home / BEGUN_BY).write_text("anna")
    changes: list[Callable[[], object]] = [
        lambda: queue.start(ORDER),
        lambda: queue.stop("digits", "joint", "mine"),
        lambda: queue.discard("digits", "joint", "mine"),
        lambda: model_archive.import_model(library, b""),
        lambda: model_archive.delete(library, "digits", "joint", "mine"),
        lambda: custom_maps.make(tmp_path, "digest", MapSettings(), lambda share: None),
    ]
    for change in changes:
        with acting_for(BEN), pytest.raises(NotAllowed):
            change()
    assert (home / BEGUN_BY).is_file()
    with acting_for(ANNA), pytest.MonkeyPatch.context() as patch:
        patch.setenv(permissions.MODE, "open")
        queue.discard("digits", "joint", "mine")
    assert not home.exists()


def test_a_thread_asks_for_the_visitor_who_began_it() -> None:
    def job(tell: background_task.ProgressCallback) -> None:
        require(Action.MAP)

    with acting_for(BEN):
        background_task.start("a map", job)
        background_task.wait("a map")
    assert isinstance(background_task._running_tasks().works["a map"].problem, NotAllowed)


def test_computations_have_owners_and_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def job(tell: background_task.ProgressCallback) -> None:
        while not go_on.wait(0.01):
            tell(0.0)

    monkeypatch.setattr(background_task, "MOST_QUEUED", 1)
    with acting_for(ANNA):
        background_task.start("first", job)
        background_task.start("second", job)
    works = background_task._running_tasks().works
    assert "run or wait already" in str(works["second"].problem)
    with acting_for(BEN):
        background_task._cancel(works["first"])
        assert not works["first"].unwanted
        assert access.disabled_for_others("anna")["disabled"]
    with acting_for(ANNA):
        background_task._cancel(works["first"])
    works["first"].over.wait()
    assert works["first"].cancelled


def test_maps_are_made_one_at_a_time_and_who_waits_can_leave(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def leave(share: float) -> None:
        raise background_task.Cancelled

    monkeypatch.setattr(custom_maps, "TICK", 0.01)
    with custom_maps._turn, pytest.raises(background_task.Cancelled):
        custom_maps.make(tmp_path, "digest", MapSettings(), leave)


def test_a_library_takes_no_more_imports_than_it_has_room_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(bytes(2000))
    monkeypatch.setenv(model_archive.ROOM, "0.000001")
    with pytest.raises(DataError, match="full"):
        model_archive.file_parts(Library(tmp_path), {"model.safetensors": bytes(10)}, "mine")


def test_the_key_opens_and_guessing_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotAllowed, match="No key"):
        permissions.unlocks("")
    monkeypatch.setenv(permissions.KEY, "short")
    with pytest.raises(NotAllowed, match="No key"):
        permissions.unlocks("short")
    monkeypatch.setenv(permissions.KEY, GOOD_KEY)
    assert permissions.unlocks(GOOD_KEY)
    assert not any(permissions.unlocks(f"guess {place}") for place in range(permissions.MOST_WRONG))
    with pytest.raises(NotAllowed, match="Too many"):
        permissions.unlocks(GOOD_KEY)


def test_who_sits_at_the_machine() -> None:
    assert all(map(access.is_loopback, ("127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8")))
    assert not any(map(access.is_loopback, (None, "", "0.0.0.0", "::", "192.168.1.4", "example.org")))


def test_the_page_offers_what_the_visitor_may_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(permissions.MODE, "classroom")
    monkeypatch.setenv(permissions.KEY, GOOD_KEY)
    app: AppTest = app_at("train", task="digits", method="joint").run()
    assert app.button(key="train.start").disabled
    app.text_input(key=access.GIVEN).input("wrong").run()
    assert any("not the key" in each.value for each in app.warning)
    app.text_input(key=access.GIVEN).input(GOOD_KEY).run()
    assert not app.button(key="train.start").disabled
    monkeypatch.setenv(permissions.MODE, "read-only")
    app.run()
    assert app.button(key="train.start").disabled
    assert any("Read-only" in each.value for each in app.caption)


def test_refusals_say_what_helps() -> None:
    with acting_for(ANNA), pytest.raises(MmlabError) as found:
        require(Action.TRAIN)
    assert "read-only" in found.value.message
    assert permissions.MODE in found.value.hint


def test_sessions_that_are_over_go_without_anybody_coming() -> None:
    """On Streamlit's own storage, so that a version that keeps sessions otherwise is noticed."""
    storage = MemorySessionStorage(ttl_seconds=0)
    session = SimpleNamespace(session=SimpleNamespace(id="a"))
    storage.save(session)  # type: ignore[arg-type]
    manager = SimpleNamespace(_session_storage=storage, _storage_lock=threading.Lock())
    assert session_expiry.forget_sessions(manager) == 1
    assert session_expiry.forget_sessions(manager) == 0
    source = inspect.getsource(WebsocketSessionManager)
    assert "with self._storage_lock:" in source
    assert "self._session_storage.save(" in source


def test_uploads_that_no_control_asked_for_are_bounded() -> None:
    manager = MemoryUploadedFileManager("/upload")
    for session, size in (("large", 600), ("small", 10), ("middle", 240)):
        manager.add_file(session, UploadedFileRec("1", "name", "type", bytes(size)))
    assert session_expiry.bound_uploads(manager, 1000) == ["large"]
    assert session_expiry.bound_uploads(manager, 1000) == []
    for place in range(5):
        manager.add_file(f"many {place}", UploadedFileRec("1", "name", "type", bytes(240 - place)))
    assert session_expiry.bound_uploads(manager, 1000) == ["middle", "many 0"]


def test_the_document_names_what_there_is() -> None:
    root = Path(permissions.__file__).parents[2]
    text = (root / "docs" / "hosting.md").read_text("utf-8")
    for name in (permissions.MODE, permissions.KEY, model_archive.ROOM, session_expiry.VARIABLE):
        assert f"`{name}`" in text
    assert all(f"| `{mode}` |" in text for mode in permissions.MODES)
    assert f"{session_expiry.USUAL_MEGABYTES} MB" in text
    assert f"{model_archive.USUAL_ROOM:.0f} GB" in text
    assert f"{MOST_WAITING} waiting" in text
    assert f"waiting | {background_task.MOST_QUEUED} |" in text
    container, proxy = ((root / "deploy" / name).read_text() for name in ("Dockerfile", "nginx.conf"))
    assert "USER mmlab" in container
    assert "MMLAB_MODE=read-only" in container
    assert "frame-ancestors 'none'" in proxy
    for name, usual in re.findall(r"^ARG (\w+)=(\S+)$", container, re.MULTILINE):
        container = container.replace(f"${{{name}}}", usual)
    copied = re.findall(r"^COPY (.+) \S+$", container, re.MULTILINE)
    assert all((root / name).exists() for line in copied for name in line.split())
