"""The package as people install it: built, put into an environment of its own, and used away from the checkout."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from mmlab.core.version import __version__
from mmlab.ui.session.page_registry import navigation

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINNED = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE))
OPEN_PAGES = """
from streamlit.testing.v1 import AppTest
from mmlab.storage import shipped_files

app = AppTest.from_file(str(shipped_files.APP), default_timeout=400).run()
assert not app.exception, app.exception
assert not app.error, [each.value for each in app.error]
print(len(app.sidebar.get("page_link")), shipped_files.APP)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    return next(place.glob("*.whl"))


class Installed:
    """An environment that holds the wheel and sees the packages of this one, a folder away from the checkout."""

    def __init__(self, place: Path, wheel: Path) -> None:
        self.elsewhere, self.home = place / "elsewhere", place / "home"
        self.elsewhere.mkdir()
        self.home.mkdir()
        venv.create(place / "env", with_pip=False)
        self.bin = place / "env" / "bin"
        pip = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), "install", "--no-deps", "--no-index"]
        subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
        self.packages = next((place / "env" / "lib").glob("python*/site-packages"))
        (self.packages / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command there, as a person without any setting of ours runs it."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("MMLAB_", "PYTHON"))}
        own = {"HOME": str(self.home), "XDG_DATA_HOME": str(self.home / "data"), "MMLAB_DEVICE": "cpu", **more}
        words = (str(self.bin / words[0]), *words[1:])
        return subprocess.run(
            words, cwd=self.elsewhere, env={**plain, **own}, check=False, capture_output=True, text=True
        )

    def json(self, *words: str) -> Any:
        found = self.run("mmlab", *words, "--json")
        assert found.returncode == 0, found.stderr
        return json.loads(found.stdout)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


def test_what_is_declared_is_what_the_suite_runs_with() -> None:
    declared = {each.name: each for each in map(Requirement, PROJECT["dependencies"])}
    assert set(declared) == set(PINNED)
    assert [name for name, each in declared.items() if Version(PINNED[name]) not in each.specifier] == []


def test_all_extras_are_in_all() -> None:
    extras: Mapping[str, list[str]] = PROJECT["optional-dependencies"]
    (whole,) = map(Requirement, extras["all"])
    assert whole.extras == set(extras) - {"all"}


@pytest.mark.slow
def test_the_wheel_holds_what_the_checkout_has_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        text = archive.read(f"mmlab-{__version__}.dist-info/METADATA").decode()
    folders = {"mmlab": "mmlab", "pages": "mmlab/_shipped/pages", "checkpoints": "mmlab/_shipped/checkpoints"}
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        files = [line.split("/", 1) for line in listed.stdout.split("\n") if line]
        assert {f"{folders[first]}/{rest}" for first, rest in files} <= names
    assert {"mmlab/_shipped/app.py", "mmlab/_shipped/.streamlit/config.toml", "mmlab/py.typed"} <= names
    assert {name.split("/")[0] for name in names} == {"mmlab", f"mmlab-{__version__}.dist-info"}
    assert [name for name in names if name.endswith((".pyc", ".log", "resume.safetensors"))] == []
    assert text.count("License-File:") == len([name for name in names if "/licenses/" in name]) >= 5


@pytest.mark.slow
def test_the_command_line_works_from_the_installed_package(installed: Installed) -> None:
    whole = installed.json("list")
    assert {"digits", "watch"} <= {task["name"] for task in whole["tasks"]}
    assert all(task["methods"]["joint"]["mean"] > 0 for task in whole["tasks"] if task["name"] in ("digits", "watch"))
    assert installed.run("python", "-m", "mmlab", "list").stdout == installed.run("mmlab", "list").stdout
    sample = installed.packages / "mmlab" / "samples" / "digits" / "pack" / "test-0000.png"
    answers = installed.json("predict", "--task", "digits", "--method", "joint", "--input", f"image={sample}")
    assert "image" in json.dumps(answers)


@pytest.mark.slow
def test_the_library_of_a_person_lies_in_their_own_folder(installed: Installed) -> None:
    before = sorted(path for path in installed.packages.rglob("*") if "__pycache__" not in path.parts)
    trained = installed.run(
        *("mmlab", "train", "--task", "watch", "--method", "joint", "--tag", "mine"),
        *("--plan", "epochs=1", "--plan", "samples=64"),
    )
    assert trained.returncode == 0, trained.stderr
    library = installed.home / "data" / "mmlab" / "checkpoints"
    assert (library / "watch" / "joint" / "mine" / "model.safetensors").is_file()
    assert (library / "digits" / "dmrnet" / "seed0" / "model.safetensors").is_file()
    assert sorted(path for path in installed.packages.rglob("*") if "__pycache__" not in path.parts) == before


@pytest.mark.slow
def test_the_app_that_the_command_opens_is_that_of_the_package(installed: Installed) -> None:
    said = installed.json("app")
    assert Path(said["app"]).is_relative_to(installed.packages)
    assert Path(said["library"]).is_relative_to(installed.home)


@pytest.mark.slow
def test_the_app_opens_from_the_installed_package(installed: Installed) -> None:
    found = installed.run("python", "-c", OPEN_PAGES)
    assert found.returncode == 0, found.stderr
    links, app = found.stdout.split(maxsplit=1)
    assert int(links) == 1 + len(navigation())
    assert Path(app.strip()).is_relative_to(installed.packages)


@pytest.mark.slow
def test_the_start_command_of_a_space_serves_the_app_from_the_wheel(installed: Installed) -> None:
    text = re.sub(r"\\\n\s*", "", (ROOT / "deploy" / "space" / "Dockerfile").read_text("utf-8"))
    settings = dict(pair.split("=") for pair in re.findall(r"^ENV (.*)$", text, re.MULTILINE)[0].split())
    command = json.loads(re.findall(r"^CMD (.*)$", text, re.MULTILINE)[0])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command[-1] += f" --port {port}"
    own = {"HOME": str(installed.home), "STREAMLIT_SERVER_ADDRESS": "127.0.0.1", "SPACE_HOST": "me-mmlab.hf.space"}
    environment = {**settings, **own, "PATH": f"{installed.bin}:{os.environ['PATH']}"}
    process = subprocess.Popen(command, cwd=installed.elsewhere, env=environment, start_new_session=True)
    try:
        assert answered(f"http://127.0.0.1:{port}/_stcore/health") == "ok"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def answered(address: str, patience: float = 240.0) -> str:
    """What a server says once it is up."""
    end = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(address) as response:
                return str(response.read().decode())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


@pytest.mark.slow
def test_the_example_of_a_model_of_ones_own_is_there(installed: Installed) -> None:
    """What the README and docs/own-model.md import."""
    lines = "from mmlab.examples.two_sensors import CLASSES, Recordings; print(len(CLASSES), len(Recordings('test')))"
    found = installed.run("python", "-c", lines)
    assert found.stdout.split() == ["7", "1129"], found.stderr
