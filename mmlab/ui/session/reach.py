"""Under which address others can open what is on the screen, and why nobody else can where that is so."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from mmlab.ui.session import access

HOW = (
    "This app answers this machine only. To let others in, start it with `--server.address 0.0.0.0 "
    "--server.allowedHosts {name} --server.allowedHosts {ip}`; visitors may then look, not train or delete "
    "(docs/hosting.md)."
)


@dataclass(frozen=True)
class Reach:
    """An address to hand on, the same by the number of the machine, and what is to be known; empty where nothing is."""

    address: str
    by_number: str = ""
    remark: str = ""


def found(view: dict[str, str]) -> Reach:
    """The page that is shown, with this view."""
    here = urlsplit(_here())
    query = urlencode(view, safe=":,")
    if not here.hostname:
        return Reach(f"?{query}", remark="The address of the app is not known here.")
    if not access.is_loopback(here.hostname):
        return Reach(urlunsplit((here.scheme, here.netloc, here.path, query, "")))
    name, ip = host_name(), lan_address()
    if access.is_loopback(_server()):
        address = urlunsplit((here.scheme, here.netloc, here.path, query, ""))
        return Reach(address, remark=HOW.format(name=name, ip=ip or "ADDRESS"))
    port = f":{here.port}" if here.port else ""
    first, second = (
        urlunsplit((here.scheme, f"{host}{port}", here.path, query, "")) if host else "" for host in (name, ip)
    )
    return Reach(second or first, first if second else "")


def host_name() -> str:
    """What this machine is called in its network."""
    name = socket.gethostname()
    return name if "." in name else f"{name}.local"


def lan_address() -> str:
    """The number of this machine in its network; empty where it is in none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("10.255.255.255", 1))
            number = str(probe.getsockname()[0])
        except OSError:
            return ""
    return "" if access.is_loopback(number) else number


def _here() -> str:
    """The address by which this visitor came; empty where that is not known."""
    return str(st.context.url or "")


def _server() -> object:
    return st.get_option("server.address")
