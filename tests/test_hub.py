"""The Hub, as a server of this machine: what is pushed is what is expected there, what is pulled is checked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mmlab.cli.app import main
from mmlab.core.errors import MmlabError
from mmlab.experiments import hub_repository
from mmlab.storage.checkpoints import MODEL, PROGRESS, REPORT, SWEEP
from mmlab.storage.library import SHIPPED, Library
from tests.hub_server import TOKEN, Hub, running

constants = pytest.importorskip("huggingface_hub.constants", reason="the extra [hub] is not installed")

REPO = "somebody/digits"
RUN = SHIPPED / "digits" / "dropout" / "seed0"
PUSH = ["push", REPO, "--task", "digits", "--method", "dropout", "--checkpoints", str(SHIPPED)]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running() as found:
        settle(monkeypatch, found.address, tmp_path / "cache")
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield found


def settle(monkeypatch: pytest.MonkeyPatch, address: str, cache: Path) -> None:
    """What the variables of the Hub set when its package is imported, which it may have been before."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", str(cache / "tokens"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def said(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The sentence with which a command ends that cannot be done."""
    capfd.readouterr()
    assert main(arguments) == 2
    return capfd.readouterr().err


def pull_into(folder: Path, *more: str) -> list[str]:
    return ["pull", REPO, "--checkpoints", str(folder), *more]


def test_what_is_pushed_has_the_files_and_the_metadata_of_the_hub_and_comes_back_as_it_was(
    hub: Hub, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*PUSH, "--licence", "apache-2.0", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["address"] == f"{hub.address}/{REPO}"
    files = hub.repositories[REPO]
    assert set(files) == {"README.md", "config.json", MODEL, REPORT, PROGRESS}  # answers name samples: not unasked
    assert files[MODEL] == (RUN / MODEL).read_bytes()
    config = json.loads(files["config.json"])
    assert (config["library_name"], config["task"], config["method"], config["tag"]) == (
        "mmlab",
        "digits",
        "dropout",
        "seed0",
    )
    _, front, text = files["README.md"].decode().split("---\n", 2)
    check_card(yaml.safe_load(front), text)

    assert main(pull_into(tmp_path / "library")) == 0
    here = Library(tmp_path / "library").folder("digits", "dropout", "seed0")
    assert {each.name: each.read_bytes() for each in here.iterdir()} == {
        name: (RUN / name).read_bytes() for name in (MODEL, REPORT, PROGRESS)
    }


def check_card(data: dict[str, Any], text: str) -> None:
    assert (data["license"], data["library_name"]) == ("apache-2.0", "mmlab")
    assert {"multimodal", "missing-modalities", "classification", "image", "sound", "path"} <= set(data["tags"])
    measured = json.loads((RUN / REPORT).read_text())["sources"]
    results = data["model-index"][0]["results"]
    assert len(results) == 2 * 7
    for each in results:
        source, key = each["dataset"]["config"].split(":")
        assert each["task"]["type"] == "multimodal-classification"
        assert {one["type"]: one["value"] for one in each["metrics"]} == measured[source]["metrics"][key]
    assert "| Image + Sound + Pen | 0.989 | 0.989 |" in text
    for part in (
        "## Training data",
        "MNIST, pictures held out",
        "## Limits",
        "1,200 samples of 14 groups",
        "apache-2.0",
    ):
        assert part in text
    assert "Test set built-in: weakest is Accuracy 0.786 with Image." in text


def test_another_push_replaces_the_model_and_leaves_nothing_of_the_old_one(hub: Hub, tmp_path: Path) -> None:
    assert main([*PUSH, "--answers", "--private"]) == 0
    assert SWEEP in hub.repositories[REPO]
    assert hub.private == {REPO}
    assert main(pull_into(tmp_path / "one")) == 0
    assert (tmp_path / "one" / "digits" / "dropout" / "seed0" / SWEEP).is_file()
    assert main([*PUSH[:5], "joint", *PUSH[6:]]) == 0
    assert SWEEP not in hub.repositories[REPO]
    assert main(pull_into(tmp_path / "two", "--tag", "theirs")) == 0
    assert Library(tmp_path / "two").find("digits", "joint").tag == "theirs"


def test_without_a_network_what_was_pulled_before_comes_from_the_cache(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(PUSH) == 0
    assert main(pull_into(tmp_path / "one")) == 0
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.loaded.clear()
    assert main(pull_into(tmp_path / "two")) == 0
    assert hub.loaded == []
    assert "HF_HUB_OFFLINE" in said(capfd, "pull", "somebody/else")
    assert "HF_HUB_OFFLINE" in said(capfd, *PUSH)


def test_what_cannot_be_done_is_a_sentence(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    hub.repositories[REPO] = {"README.md": b"", "config.json": b'{"model_type": "bert"}', MODEL: b"theirs"}
    assert f"{REPO} holds no model of mmlab" in said(capfd, *pull_into(tmp_path))
    assert f"{REPO} holds no model of mmlab" in said(capfd, *PUSH)
    assert hub.repositories[REPO][MODEL] == b"theirs"
    assert "no such branch" in said(capfd, *pull_into(tmp_path, "--revision", "other"))
    assert "cannot name a repository" in said(capfd, "pull", "a/b/c")
    assert "no licence" in said(capfd, *PUSH, "--licence", "Do what you want")
    hub.private.add(REPO)
    monkeypatch.delenv("HF_TOKEN")
    assert "or it is private" in said(capfd, *pull_into(tmp_path))
    assert "needs a token" in said(capfd, *PUSH)
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
    assert "does not allow this" in said(capfd, *PUSH)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached" in said(capfd, *pull_into(tmp_path))
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert "pip install 'mmlab[hub]'" in said(capfd, *pull_into(tmp_path))


def test_what_is_pulled_is_checked_as_any_import(hub: Hub, tmp_path: Path) -> None:
    assert main(PUSH) == 0
    library, sound = Library(tmp_path / "library"), dict(hub.repositories[REPO])
    other = (SHIPPED / "digits" / "joint" / "seed0" / REPORT).read_bytes()
    for name, content, sentence in (
        (MODEL, sound[MODEL][:-10], "damaged"),
        (REPORT, other, "about another model"),
        (PROGRESS, b"{", "progress.jsonl"),
        ("config.json", b"{" * 1000, "config.json"),
        ("config.json", json.dumps({**json.loads(sound["config.json"]), "tag": "../../out"}).encode(), "cannot name"),
    ):
        hub.repositories[REPO] = {**sound, name: content}
        with pytest.raises(MmlabError, match=sentence):
            hub_repository.pull(library, REPO)
    hub.repositories[REPO], hub.loaded = {**sound, "../../evil.py": b"", "model.pkl": b"cos"}, []
    hub.sizes = {MODEL: 10**12}
    with pytest.raises(MmlabError, match="too large"):
        hub_repository.pull(library, REPO)
    assert hub.loaded == []
    assert list(library.glob("**/*")) == []
