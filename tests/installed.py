"""The package as people install it: the wheel in an environment of its own, a folder away from the checkout."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def build_wheel(place: Path) -> Path:
    words = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    return next(place.glob("*.whl"))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


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


class Installed:
    """An environment that holds the wheel and sees the packages of this one."""

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

    @property
    def library(self) -> Path:
        """Where the models of the person lie who uses it."""
        return self.home / "data" / "mmlab" / "checkpoints"

    def settings(self) -> dict[str, str]:
        """The variables of a person without any setting of ours; programs of other packages come after its own."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("MMLAB_", "PYTHON", "HF_"))}
        own = {"HOME": str(self.home), "XDG_DATA_HOME": str(self.home / "data"), "MMLAB_DEVICE": "cpu"}
        path = os.pathsep.join((str(self.bin), os.environ["PATH"], str(Path(sys.executable).parent)))
        return {**plain, **own, "PATH": path}

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command there."""
        return self.type(shlex.join(words), self.elsewhere, **more)

    def type(self, line: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """A line there, as a person types it into a shell."""
        words, variables = ["bash", "-c", line], {**self.settings(), **more}
        return subprocess.run(words, cwd=folder, env=variables, check=False, capture_output=True, text=True)

    @contextmanager
    def forks(self, folder: Path, **more: str) -> Iterator[Forks]:
        """Where many commands are run one after the other."""
        found = Forks(self.bin / "python", folder, {**self.settings(), **more})
        yield found
        found.close()

    def serve(self, line: str, address: str, folder: Path, **more: str) -> str:
        """What the server that a line starts says at an address; it is ended then."""
        process = subprocess.Popen(
            ["bash", "-c", line],
            cwd=folder,
            env={**self.settings(), **more},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return answered(address)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()

    def importable(self, names: Iterable[str]) -> set[str]:
        """Which packages can be imported there."""
        lines = [f"try: import {name}; print('{name}')\nexcept ImportError: pass" for name in sorted(names)]
        return set(self.run("python", "-c", "\n".join(lines)).stdout.split())

    def json(self, *words: str) -> Any:
        found = self.run("mmlab", *words, "--json")
        assert found.returncode == 0, found.stderr
        return json.loads(found.stdout)


class Forks:
    """Commands of the program in a folder, each in a fork of one process that has the large packages imported."""

    def __init__(self, python: Path, folder: Path, variables: dict[str, str]) -> None:
        self.folder, self.variables = folder, variables
        self.process = subprocess.Popen(
            [python, ROOT / "tests" / "forked.py"],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def type(self, line: str, **more: str) -> subprocess.CompletedProcess[str]:
        """What a command says. A line of another program goes to a shell."""
        words = shlex.split(line)
        if words[:3] == ["python", "-m", "mmlab"]:
            words = words[2:]
        variables = {**self.variables, **more}
        if words[0] != "mmlab":
            shell = ["bash", "-c", line]
            return subprocess.run(shell, cwd=self.folder, env=variables, check=False, capture_output=True, text=True)
        with tempfile.TemporaryDirectory() as place:
            files = {name: f"{place}/{name}" for name in ("out", "err")}
            order = {"words": words, "folder": str(self.folder), "variables": variables, **files}
            code = self._answer(json.dumps(order))
            out, err = (Path(path).read_text("utf-8") for path in files.values())
        return subprocess.CompletedProcess(words, code, out, err)

    def _answer(self, order: str) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{order}\n")
        return int(json.loads(self.process.stdout.readline()))
