"""The Hub of Hugging Face as a small server of this machine, as far as a push and a pull ask it."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import yaml

TOKEN = "hf_stand_in"
Files = dict[str, bytes]


def commit_of(files: Files) -> str:
    """The commit that a repository is at: another for any other content."""
    return hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()


@dataclass
class Hub:
    """Files by repository; private: those that need the token; sizes: what is said of a file instead of the truth."""

    address: str = ""
    repositories: dict[str, Files] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    stored: Files = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)


@contextmanager
def running() -> Iterator[Hub]:
    """A Hub without repositories, while the block runs."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Requests by their address."""

    hub: Hub

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def answer(self, status: int, content: Any = None, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def has_token(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def repository(self) -> str:
        """The one that is asked for; empty where there is none or it is not shown, as the Hub does."""
        name = next((name for name in self.hub.repositories if f"/{name}" in self.path), "")
        return "" if name in self.hub.private and not self.has_token() else name

    def do_GET(self) -> None:
        path, name = urlsplit(self.path).path, self.repository()
        if path == "/api/whoami-v2" and self.has_token():
            self.answer(200, {"name": "me", "auth": {"accessToken": {"displayName": "stand-in", "role": "write"}}})
        elif not name:
            self.answer(404 if self.has_token() else 401, {}, X_Error_Code="RepoNotFound")
        elif path.startswith("/api/models/"):
            self.list_files(name, path)
        else:
            self.send_file(self.hub.repositories[name], path.rsplit("/", 1)[-1])

    do_HEAD = do_GET

    def list_files(self, name: str, path: str) -> None:
        files = self.hub.repositories[name]
        if "/revision/" in path and not path.endswith(("/main", commit_of(files))):
            return self.answer(404, {}, X_Error_Code="RevisionNotFound")
        named = [{"rfilename": each, "size": self.hub.sizes.get(each, len(files[each]))} for each in files]
        return self.answer(200, {"id": name, "sha": commit_of(files), "siblings": named})

    def send_file(self, files: Files, name: str) -> None:
        if name not in files:
            return self.answer(404, {}, X_Error_Code="EntryNotFound")
        if self.command == "GET":
            self.hub.loaded.append(name)
        digest = hashlib.sha256(files[name]).hexdigest()
        return self.answer(200, files[name], X_Repo_Commit=commit_of(files), ETag=f'"{digest}"')

    def do_PUT(self) -> None:
        self.hub.stored[self.path.rsplit("/", 1)[-1]] = self.body()
        self.answer(200, {})

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def do_POST(self) -> None:
        body = self.body()
        ways = {"create": self.create, "validate-yaml": self.validate, "batch": self.batch}
        if not self.has_token():
            return self.answer(401, {"error": "Invalid username or password."})
        if "/preupload/" in self.path:
            return self.before_upload(json.loads(body))
        if "/commit/" in self.path:
            return self.commit([json.loads(line) for line in body.splitlines()])
        return ways[self.path.rsplit("/", 1)[-1]](json.loads(body))

    def create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        known = name in self.hub.repositories
        self.hub.repositories.setdefault(name, {})
        if asked.get("private") or asked.get("visibility") == "private":
            self.hub.private.add(name)
        self.answer(409 if known else 200, {"url": f"{self.hub.address}/{name}"})

    def validate(self, asked: dict[str, Any]) -> None:
        front = yaml.safe_load(asked["content"].split("---\n")[1])
        self.answer(200, {"errors": [] if front["license"] else [{"message": "no licence"}]})

    def before_upload(self, asked: dict[str, Any]) -> None:
        paths = [each["path"] for each in asked["files"]]
        modes = ["lfs" if path.endswith((".safetensors", ".npz")) else "regular" for path in paths]
        found = zip(paths, modes, strict=True)
        self.answer(200, {"files": [{"path": path, "uploadMode": how, "shouldIgnore": False} for path, how in found]})

    def batch(self, asked: dict[str, Any]) -> None:
        for each in asked["objects"]:
            each["actions"] = {"upload": {"href": f"{self.hub.address}/store/{each['oid']}"}}
        self.answer(200, {"transfer": "basic", "objects": asked["objects"]})

    def commit(self, lines: list[dict[str, Any]]) -> None:
        name = self.repository()
        files = self.hub.repositories[name]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.stored[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        now = commit_of(files)
        self.answer(200, {"commitUrl": f"{self.hub.address}/{name}/commit/{now}", "commitOid": now})
