"""What can be read from the files of `deploy/` without running them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
SPACE = ROOT / "deploy" / "space"
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
    assert {"mmlab", "checkpoints", ".streamlit", "${LOCK}"} <= set(sources)
    assert [source for source in sources if source != "${LOCK}" and not (ROOT / source).exists()] == []
    assert instructions("ARG") == ["LOCK=requirements.lock"]


def test_the_image_without_cuda_has_the_same_packages_but_for_torch() -> None:
    whole, small = (
        re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
        for name in ("requirements.lock", "requirements-cpu.lock")
    )
    torch = dict(whole)["torch"]
    assert set(small) - set(whole) == {("torch", f"{torch}+cpu")}
    assert not [name for name, _ in small if name.startswith(("nvidia", "cuda", "triton"))]
    text = (ROOT / "requirements-cpu.lock").read_text("utf-8")
    assert text.count(" \\\n    --hash=sha256:") >= len(small)


def test_the_image_starts_as_an_ordinary_user_with_packages_by_their_hashes() -> None:
    lines = DOCKERFILE.splitlines()
    user, start = (max(i for i, line in enumerate(lines) if line.startswith(name)) for name in ("USER", "CMD"))
    assert user < start
    assert instructions("USER") == ["mmlab"]
    assert "--uid 10001" in DOCKERFILE
    assert any("--require-hashes" in line and "-r requirements.lock" in line for line in instructions("RUN"))
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


def test_compose_starts_the_image_as_hosting_says() -> None:
    composed = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    for name, device, lock in (("app", "cpu", "requirements-cpu.lock"), ("app-gpu", "cuda", "requirements.lock")):
        service = composed["services"][name]
        assert service["image"] == f"mmlab:{device}"
        assert service["build"]["args"] == {"LOCK": lock}
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["ports"] == ["127.0.0.1:8501:8501"]
        assert service["volumes"] == ["mmlab-data:/data"]
        assert service["environment"]["MMLAB_DEVICE"] == device
        assert service["environment"]["MMLAB_MODE"] == "${MMLAB_MODE:-read-only}"
        assert (ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert composed["services"]["app-gpu"]["deploy"]["resources"]["reservations"]["devices"][0]["driver"] == "nvidia"


def test_a_space_is_described_as_the_hub_asks_and_starts_read_only() -> None:
    front = yaml.safe_load((SPACE / "README.md").read_text("utf-8").split("---")[1])
    assert front["sdk"] == "docker"
    assert front["app_port"] == 8501
    assert front["license"] == "apache-2.0"
    assert len(front["short_description"]) <= 60
    text = re.sub(r"\\\n\s*", "", (SPACE / "Dockerfile").read_text("utf-8"))
    assert "MMLAB_MODE=read-only" in text
    assert "--uid 1000" in text
    assert text.index("USER user") < text.index("CMD [")
    assert "--require-hashes -r /tmp/requirements.lock" in text
