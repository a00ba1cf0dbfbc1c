"""What can be read from the files of `deploy/` without running them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "deploy" / "Dockerfile").read_text("utf-8"))
NGINX = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
CERTIFICATE = [
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=mmlab.example.org",
]

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def instructions(name: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


def test_what_the_image_copies_exists() -> None:
    sources = [source for line in instructions("COPY") for source in line.split()[:-1]]
    assert {"mmlab", "checkpoints", ".streamlit", "requirements.lock"} <= set(sources)
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_image_starts_as_an_ordinary_user_with_packages_by_their_hashes() -> None:
    lines = DOCKERFILE.splitlines()
    user, start = (max(i for i, line in enumerate(lines) if line.startswith(name)) for name in ("USER", "CMD"))
    assert user < start
    assert instructions("USER") == ["mmlab"]
    assert "--uid 10001" in DOCKERFILE
    assert any("--require-hashes -r requirements.lock" in line for line in instructions("RUN"))
    assert "MMLAB_MODE=read-only" in instructions("ENV")[0]


def test_the_proxy_forbids_framing_takes_one_name_and_keeps_sockets_open() -> None:
    for directive in (
        "ssl_reject_handshake on;",
        "add_header X-Frame-Options DENY always;",
        "frame-ancestors 'none'",
        "proxy_set_header Upgrade $http_upgrade;",
        "client_max_body_size 21m;",
        "server_name mmlab.example.org;",
    ):
        assert directive in NGINX
    assert NGINX.count("{") == NGINX.count("}")


@pytest.mark.skipif(not (shutil.which("nginx") and shutil.which("openssl")), reason="nginx or openssl is not installed")
def test_nginx_accepts_the_proxy(tmp_path: Path) -> None:
    made = [*CERTIFICATE, "-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"]
    subprocess.run(made, check=True, capture_output=True)
    here = NGINX.replace("/etc/letsencrypt/live/mmlab.example.org", str(tmp_path)).replace("443", "8943")
    folders = " ".join(f"{each}_temp_path {tmp_path}/{each};" for each in TEMPORARY)
    whole = f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} http {{ access_log off; {folders} {here} }}"
    (tmp_path / "nginx.conf").write_text(whole)
    command = ["nginx", "-t", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
