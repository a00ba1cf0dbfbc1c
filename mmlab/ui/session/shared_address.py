"""The address at which others can open the current view, or the reason why nobody else can."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from mmlab.core.phrases import phrase, say
from mmlab.ui.session import access
from mmlab.ui.session.page_registry import PAGES

HOW = phrase(
    "Only this machine can open the app. To let others in, start it with `streamlit run app.py "
    "--server.address 0.0.0.0 --server.allowedHosts {name} --server.allowedHosts {ip}`. They can then look, "
    "but not train or delete (docs/hosting.md)."
)
# Where a way leads on any network with a way out; then, since a hotspot has none, a neighbour on those that Linux
# (NetworkManager), Windows, macOS, Android and iOS open.
ANYWHERE = ("10.255.255.255", "10.42.0.2", "192.168.137.2", "192.168.2.2", "192.168.43.2", "172.20.10.3")


@dataclass(frozen=True)
class SharedAddress:
    """An address to hand on, the same by the number of the machine, and what is to be known; empty where nothing is."""

    address: str
    by_number: str = ""
    remark: str = ""


def found(view: Mapping[str, str], page: str = "", here: str = "") -> SharedAddress:
    """The shared address of a page with a view; of the current page if none is named.

    here: the address by which this visitor came, where no page is being made.
    """
    shown = urlsplit(here or _here())
    if page:
        shown = shown._replace(path=_path(shown.path, page))
    query = urlencode(view, safe=":,")
    if not shown.hostname:
        return SharedAddress(f"{page}?{query}", remark=say("The address of the app is not known here."))
    if not access.is_loopback(shown.hostname):
        return SharedAddress(urlunsplit((shown.scheme, shown.netloc, shown.path, query, "")))
    name, ip = host_name(), lan_address()
    if access.is_loopback(_server()):
        address = urlunsplit((shown.scheme, shown.netloc, shown.path, query, ""))
        return SharedAddress(address, remark=say(HOW, name=name, ip=ip or "ADDRESS"))
    port = f":{shown.port}" if shown.port else ""
    first, second = (
        urlunsplit((shown.scheme, f"{host}{port}", shown.path, query, "")) if host else "" for host in (name, ip)
    )
    return SharedAddress(second or first, first if second else "")


def _path(shown: str, page: str) -> str:
    """The path of another page than the one that is shown; the app may lie in a folder of its host."""
    folder, _, last = shown.rstrip("/").rpartition("/")
    return f"{folder if last in PAGES else shown.rstrip('/')}/{page}"


def host_name() -> str:
    """The name of this machine in its network."""
    name = socket.gethostname()
    return name if "." in name else f"{name}.local"


def lan_address() -> str:
    """The IP address of this machine in its network or on its own hotspot; empty if it has none."""
    return next(filter(None, map(_number_towards, ANYWHERE)), "")


def _number_towards(target: str) -> str:
    """By which number this machine would speak to another one; empty where no way leads there. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((target, 1))
            number = str(probe.getsockname()[0])
        except OSError:
            return ""
    return "" if access.is_loopback(number) else number


def _here() -> str:
    """The address by which this visitor came; empty where that is not known."""
    return str(st.context.url or "")


def _server() -> object:
    return st.get_option("server.address")
