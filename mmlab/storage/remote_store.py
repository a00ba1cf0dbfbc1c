"""Runs in an object store, or wherever else fsspec can put files: `s3://bucket/models`, `sftp://host/models`.

    URL/<task>/<method>/<tag>/...       the files of a run as in a library; its report comes last, so that a run that
                                        has one is whole

A store is no library: it is not looked into while a model is used. Runs are taken from it and put into it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import urlsplit

from mmlab.core.errors import DataError, MissingExtra, MmlabError, StorageError, first_line
from mmlab.storage.atomic_files import hidden, put_folder
from mmlab.storage.checkpoints import REPORT
from mmlab.storage.library import Library

Run = tuple[str, str, str]  # task, method, tag


class Store:
    """The store at an address. Raises DataError or MissingExtra for one that fsspec does not know how to reach."""

    def __init__(self, url: str) -> None:
        self.name = _without_password(url)
        try:
            from fsspec.core import url_to_fs

            self._files, self._root = url_to_fs(url)
        except ImportError as error:
            raise MissingExtra(
                f"'{self.name}' needs a package: {first_line(error)}.", "Install it with pip."
            ) from error
        except ValueError as error:
            raise DataError(
                f"'{self.name}' is no address of a store: {first_line(error)}.", "Give one such as s3://bucket/models."
            ) from error
        self._root = self._root.rstrip("/")

    def whole(self) -> set[Run]:
        """The runs that are finished."""
        with self._told():
            found = self._files.glob(f"{self._root}/*/*/*/{REPORT}")
        parts = (PurePosixPath(file).parts[-4:-1] for file in found)
        return {(task, method, tag) for task, method, tag in parts}

    def take(self, library: Library, run: Run) -> bool:
        """Put all that is here of a run into a library, in the place of what is there; False where there is nothing."""
        with self._told():
            names = self._names(run)
        if not names:
            return False
        target = library.folder(*run)
        coming = hidden(target)
        try:
            for name in names:
                file = coming / name
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("wb") as opened, self._told():
                    self._read(f"{self._place(run)}/{name}", opened)
            put_folder(coming, target)
        finally:
            shutil.rmtree(coming, ignore_errors=True)
        return True

    def put(self, library: Library, run: Run) -> None:
        """Put all that a library holds of a run here, its report last, and remove what it no longer holds."""
        folder = library.folder(*run)
        names = [name for name in _names_in(folder) if name != REPORT]
        with self._told():
            for name in names:
                self._write(folder / name, f"{self._place(run)}/{name}")
            for name in self._names(run) - {*names, REPORT}:
                self._files.rm_file(f"{self._place(run)}/{name}")
            if (folder / REPORT).is_file():
                self._write(folder / REPORT, f"{self._place(run)}/{REPORT}")

    def _read(self, source: str, into: BinaryIO) -> None:
        with self._files.open(source, "rb") as opened:
            shutil.copyfileobj(opened, into)

    def _write(self, file: Path, target: str) -> None:
        self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
        with self._files.transaction, file.open("rb") as source, self._files.open(target, "wb") as opened:
            shutil.copyfileobj(source, opened)

    def _names(self, run: Run) -> set[str]:
        place = self._place(run)
        found = self._files.find(place) if self._files.exists(place) else []
        names = {str(PurePosixPath(file).relative_to(place)) for file in found}
        return {name for name in names if all(part[0] != "." for part in PurePosixPath(name).parts)}

    def _place(self, run: Run) -> str:
        return "/".join((self._root, *run))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except MmlabError:
            raise
        except Exception as error:  # each store has errors of its own
            message = f"'{self.name}' does not give or take files: {first_line(error)}."
            raise StorageError(message, "Check the address and the rights to it; the same command goes on.") from error


def _names_in(folder: Path) -> list[str]:
    """The files of a run, but for what is being written."""
    files = (file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.is_file())
    return [file.as_posix() for file in files if all(part[0] != "." for part in file.parts)]


def _without_password(url: str) -> str:
    place = urlsplit(url)
    return url.replace(f"{place.netloc.rpartition('@')[0]}@", "", 1) if "@" in place.netloc else url
