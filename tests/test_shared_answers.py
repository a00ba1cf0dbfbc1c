"""Answers from a server that app processes share: as the own pool's, and from the own pool where there is none."""

from __future__ import annotations

import http.client
import http.server
import threading
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlab.cli.app import main
from mmlab.core.reference import Reference
from mmlab.core.task import TASKS
from mmlab.inference import shared_answers
from mmlab.inference.answer_exchange import LARGEST, OTHER, REFUSED, WELL, AnswerRequest, packed, replies, unpacked
from mmlab.inference.model_pool import ModelPool
from mmlab.inference.shared_answers import SharedAnswers
from mmlab.storage.library import Library
from tests.library import untrained


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return untrained(tmp_path_factory.mktemp("library"), "watch", "joint")[0]


@pytest.fixture(scope="module")
def sample() -> dict[str, torch.Tensor]:
    return {name: values[0].float() for name, values in TASKS["watch"]().samples("test").inputs.items()}


@pytest.fixture
def server(wanted: Reference) -> Iterator[Any]:
    """A server of one thread; `passes` are the statuses that it gave."""
    pool, library, passes = ModelPool(), Library(Path(wanted.path).parents[2]), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            names = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            content = self.rfile.read(int(self.headers["Content-Length"]))
            (reply,) = replies(pool, library, [AnswerRequest(**names, content=content)])
            passes.append(reply.status)
            self.send_response(reply.status)
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, *_: object) -> None:
            pass

    running: Any = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    running.passes, running.address = passes, f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def test_a_server_answers_as_the_own_pool(server: Any, wanted: Reference, sample: dict[str, torch.Tensor]) -> None:
    own, elsewhere = ModelPool(), ModelPool()
    shared = SharedAnswers(elsewhere, server.address)
    for given in (sample, dict([next(iter(sample.items()))])):
        assert shared.answer(wanted, given) == own.answer(wanted, given)
    assert (server.passes, elsewhere.references, shared.problem) == ([WELL, WELL], (), "")


def test_without_its_server_the_app_says_so_and_answers_itself(
    wanted: Reference, sample: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = ModelPool()
    shared = SharedAnswers(pool, "http://127.0.0.1:1")
    assert shared.answer(wanted, sample) == pool.answer(wanted, sample)
    assert shared.problem.startswith("The server at http://127.0.0.1:1 does not answer")
    monkeypatch.setattr(shared, "_asked", None)  # it is left in peace for a while
    assert shared.answer(wanted, sample)
    wrong = SharedAnswers(pool, "file:///etc/passwd")
    assert wrong.answer(wanted, sample)
    assert "no address" in wrong.problem


def test_a_server_with_another_training_is_not_believed(
    server: Any, wanted: Reference, sample: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_answers, "_digest", lambda _: "0" * 64)
    shared = SharedAnswers(ModelPool(), server.address)
    assert shared.answer(wanted, sample)
    assert server.passes == [OTHER]
    assert "refused watch/joint/seed0 (409)" in shared.problem


def test_each_question_gets_its_own_reply(wanted: Reference, sample: dict[str, torch.Tensor]) -> None:
    digest, library = shared_answers._digest(wanted), Library(Path(wanted.path).parents[2])
    contents = [packed(sample), b"", b"\xff" * 64, packed({"nothing": torch.zeros(1)}), packed({}), packed(sample)]
    contents.append(packed({name: torch.zeros(2) for name in sample}))
    questions = [AnswerRequest("watch", "joint", "seed0", digest, content) for content in contents]
    questions.append(AnswerRequest("watch", "../..", "seed0", digest, contents[0]))
    found = replies(ModelPool(), library, questions)
    assert [each.status for each in found] == [WELL, *[REFUSED] * 4, WELL, *[REFUSED] * 2]
    assert unpacked(found[0].content).keys() == unpacked(found[5].content).keys()
    assert b"message" in found[1].content
    with pytest.raises(Exception, match="larger than 64 MB"):
        unpacked(bytes(LARGEST + 1))


def test_a_port_that_is_taken_is_a_sentence(
    server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert main(["serve", "--port", str(server.server_port), "--checkpoints", str(tmp_path)]) == 2
    assert "cannot be listened on" in capsys.readouterr().err


@pytest.mark.slow
def test_replicas_answer_many_at_once(
    wanted: Reference, sample: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(
        "ray.serve", reason="Ray Serve is not installed: pip install 'ray[serve]'", exc_type=ImportError
    )
    from mmlab.experiments.ray_engine import Share
    from mmlab.experiments.ray_serving import served

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    pool = ModelPool()
    expected = pool.answer(wanted, sample)["accelerometer-gyroscope"]
    with served(Path(wanted.path).parents[2], "127.0.0.1", 8673, 1, Share(0.5), 0.02, 8) as address:
        shared = SharedAnswers(ModelPool(), address)
        with ThreadPoolExecutor(8) as visitors:
            found = list(visitors.map(lambda _: shared.answer(wanted, sample), range(24)))
        assert shared.problem == ""
        for each in found:
            answer = each["accelerometer-gyroscope"]
            assert answer.answer == expected.answer
            assert answer.uncertainty == pytest.approx(expected.uncertainty, abs=1e-5)
        connection = http.client.HTTPConnection("127.0.0.1", 8673)
        connection.request("POST", "/", headers={"Content-Length": str(2**40)})
        assert connection.getresponse().status == 413
        connection.close()
