"""Video containers, recognised by their first bytes, for everything that reads one with PyAV (the extra `video`)."""

from __future__ import annotations

from importlib.util import find_spec

from mmlab.core.errors import DataError

BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")  # that MP4 and QuickTime files begin with
BEGINNINGS = {
    b"\x1aE\xdf\xa3": "matroska",  # and WebM
    b"FLV\1": "flv",
    b"\0\0\1\xba": "mpeg",
    b"\0\0\1\xb3": "mpegvideo",
    b"OggS": "ogg",
    b"0&\xb2u": "asf",
}
INSTALL = "Install it: pip install 'mmlab[video]'."


def container_of(content: bytes) -> str:
    """What FFmpeg calls the container of a video file; empty for anything else."""
    if content[4:8] in BOXES:
        return "mov"
    if content[:4] == b"RIFF" and content[8:12] == b"AVI ":
        return "avi"
    if content[:1] == content[188:189] == content[376:377] == b"G" and not content.startswith(b"GIF8"):
        return "mpegts"
    return BEGINNINGS.get(content[:4], "")


def check_installed(label: str, otherwise: str) -> None:
    """Raise DataError where PyAV is not here; otherwise: what needs none."""
    if find_spec("av") is None:
        hint = f"{INSTALL} {otherwise}"
        raise DataError(f"{label} is a video, and reading one needs the package av, which is not here.", hint)
