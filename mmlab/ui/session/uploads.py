"""Uploads: they stay in the memory of their session, under the digest of their content.

An address never holds it. A link to a view of it says so, and a bundle (a zip with the files as they were brought and
`view.json`) carries it to another session. A bundle is taken as hostile: nothing of it is ever written to disk, only
names that are expected are opened, and every read is bounded.

>>> sample = uploads.keep("digits", {"image": uploads.Part(content, "a.png")})     # 'own-3f2a...'
>>> own = uploads.find(sample, "digits")
>>> content = uploads.bundle(own, state.everything())
>>> own, view = uploads.open_bundle(content)
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from mmlab.core.errors import DataError, MmlabError
from mmlab.core.phrases import phrase, say
from mmlab.storage import bounded_zip, strict_json
from mmlab.storage.bounded_zip import Archive, Bounds, DamagedArchive
from mmlab.storage.file_schemas import ViewBundle

PREFIX = "own-"
STORE = "mmlab.own"
SAID = re.compile(r"([a-z]{1,20})_(-?\d{1,6}|[a-z]{1,8})")  # of a file, behind the digest: `azimuth_-30`
KEPT = 8
LARGEST_CONTENT = 48 * 2**20
LARGEST_BUNDLE = 24 * 2**20
LONGEST_TRUTH = 4_000  # of several labels
LARGEST_VIEW = 64 * 2**10
MOST_FILES = 16
FORMAT = 1
HINT = phrase("Take the bundle that the Bench offers under 'Download'.")
MOST_OPTIONS = 16
_NAME = re.compile(r"[a-z0-9_]{1,40}")
_HEIGHT = re.compile(r"(.*)#(\d{1,3})%")


class UploadNotFound(MmlabError):
    """A link points to an upload of another session."""


@dataclass(frozen=True)
class UploadedFile:
    """One uploaded input: the bytes of the file, its name (for messages only), and its reading options."""

    content: bytes
    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Upload:
    """An upload: one part per input, and the target that the user stated."""

    task: str
    parts: Mapping[str, UploadedFile] = field(default_factory=dict)
    truth: str = ""

    @property
    def id(self) -> str:
        """`own-`, the digest of the content and of the stated truth, and what was said of all files in short words.

        So an address says how a thing is turned: `own-3f2a5c7d9e1b4a60.azimuth_30.elevation_15`. What is said at
        length, or of one file only, is part of the digest.
        """
        digest, said = hashlib.sha256(f"{self.task}\0{self.truth}".encode()), self.said
        for name in sorted(self.parts):
            part = self.parts[name]
            more = {} if said and part.options else dict(part.options)
            digest.update(f"\0{name}\0{len(part.content)}\0".encode())
            digest.update(part.content)
            digest.update(json.dumps(more, sort_keys=True).encode())
        return ".".join([PREFIX + digest.hexdigest()[:16], *(f"{name}_{value}" for name, value in said.items())])

    @property
    def said(self) -> dict[str, Any]:
        """What was said, the same of every file of which anything was, in numbers and short words; else nothing."""
        options = [dict(part.options) for part in self.parts.values() if part.options]
        is_short = all(SAID.fullmatch(f"{name}_{value}") for each in options for name, value in each.items())
        return options[0] if options and is_short and all(each == options[0] for each in options) else {}

    def told(self, said: Mapping[str, Any]) -> Upload:
        """The same files with this said of those of which anything was."""
        parts = {name: replace(each, options=said) if each.options else each for name, each in self.parts.items()}
        return replace(self, parts=parts)


def is_own(sample: str) -> bool:
    """Whether an id names an upload."""
    return sample.startswith(PREFIX)


def keep(own: Upload) -> str:
    """Keep it in the session (the last few of them) and return its id."""
    store: dict[str, Upload] = st.session_state.setdefault(STORE, {})
    digest = own.id.partition(".")[0]
    store.pop(digest, None)
    store[digest] = own
    while len(store) > KEPT:
        store.pop(next(iter(store)))
    return own.id


def find(sample: str, task: str) -> Upload:
    """The upload of this id, with the options in the id. Raises UploadNotFound."""
    digest, *rest = sample.split(".")
    said = [SAID.fullmatch(each) for each in rest]
    own = st.session_state.get(STORE, {}).get(digest)
    if own is None or own.task != task or None in said:
        raise UploadNotFound(
            say("This link shows an upload, and uploads are not part of a link."),
            say(
                "They stay with whoever made them. Ask for the bundle and open it under 'Upload', or "
                "upload your own files."
            ),
        )
    return own.told({each[1]: _value(each[2]) for each in said if each}) if own.said else own


def _value(word: str) -> int | str:
    return word if word.isalpha() else int(word)


def in_words(own: Upload) -> dict[str, str]:
    """By input the name of its file and what was said of it: `chair.obj (azimuth 30, elevation 15)`."""
    return {name: _in_words(part) for name, part in own.parts.items()}


def _in_words(part: UploadedFile) -> str:
    said = ", ".join(f"{name} {value}" for name, value in part.options.items())
    return f"{part.name} ({said})".strip() if said else part.name


def bundle(own: Upload, view: Mapping[str, str]) -> bytes:
    """A zip of the original files and the view, to be opened elsewhere."""
    inputs = {
        name: {"file": f"inputs/{name}", "name": part.name, "options": dict(part.options)}
        for name, part in own.parts.items()
    }
    described = {"mmlab": FORMAT, "task": own.task, "truth": own.truth, "view": dict(view), "inputs": inputs}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("view.json", json.dumps(described, indent=1, ensure_ascii=False))
        for name, part in own.parts.items():
            archive.writestr(f"inputs/{name}", part.content)
    return buffer.getvalue()


def open_bundle(content: bytes) -> tuple[Upload, dict[str, str]]:
    """The upload in a bundle and the view it was taken from. Raises DataError."""
    if len(content) > LARGEST_BUNDLE:
        raise DataError(say("The bundle is larger than {size} MB.", size=LARGEST_BUNDLE >> 20), HINT)
    try:
        with bounded_zip.opened(content, Bounds(MOST_FILES, LARGEST_CONTENT + LARGEST_VIEW)) as archive:
            described = _described(archive.read("view.json", LARGEST_VIEW))
            parts = _parts(archive, _inputs(described))
            own = Upload(described["task"], parts, described.get("truth", "")[:LONGEST_TRUTH])
            view = {key: value[:400] for key, value in described.get("view", {}).items()}
    except DamagedArchive as error:
        raise DataError(say("This is not a bundle: it {error}.", error=error), HINT) from error
    if not parts:
        raise DataError(say("The bundle holds no inputs."), HINT)
    return own, view


def _described(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = strict_json.checked(content, ViewBundle, say("view.json in the bundle"), HINT, LARGEST_VIEW)
    if found["mmlab"] != FORMAT:
        raise DataError(say("The bundle was made by another version of this app."), HINT)
    return found


def _inputs(described: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    names = list(described["inputs"].items())
    if len(names) > MOST_FILES or not all(_NAME.fullmatch(name) for name, _ in names):
        raise DataError(say("The bundle names inputs that cannot exist."), HINT)
    return names


def _parts(archive: Archive, inputs: list[tuple[str, Mapping[str, Any]]]) -> dict[str, UploadedFile]:
    """The file name in the description is for sentences; the place in the archive is always ours."""
    contents = {name: archive.read(f"inputs/{name}", LARGEST_CONTENT) for name, _ in inputs}
    return {name: UploadedFile(contents[name], *_said(entry)) for name, entry in inputs}


def _said(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name of a file, and what was said of it; earlier bundles say the height of a slice behind the name."""
    name, options = str(entry.get("name", ""))[:200], entry.get("options")
    if options is None:
        asked = _HEIGHT.fullmatch(name)
        return (asked[1], {"height": min(int(asked[2]), 100)}) if asked else (name, {})
    kept = {str(key)[:40]: value for key, value in options.items() if isinstance(value, str | int | float)}
    if len(kept) != len(options) or len(kept) > MOST_OPTIONS or any(len(str(value)) > 200 for value in kept.values()):
        raise DataError(say("The bundle says things of its inputs that cannot be."), HINT)
    return name, kept
