"""What holds for every loader of an official data set, shown on its own miniature. Raises AssertionError."""

from __future__ import annotations

from pathlib import Path

from mmlab.core.errors import DataError
from mmlab.tasks.custom.manifest import SPLITS
from mmlab.tasks.custom.validate import check
from mmlab.tasks.official.benchmark import BENCHMARKS
from mmlab.tasks.official.fingerprint import IS_POINTER
from mmlab.tasks.official.miniature import make_pointer, write_miniature
from mmlab.tasks.official.opening import looked_at, open_folder


def check_benchmark(name: str, folder: Path) -> None:
    """Texts, a miniature that every protocol can open and a training can read, and faults that are named.

    folder: new or empty; the miniature is written into it.
    """
    _says_what_it_is(name)
    write_miniature(name, folder)
    for protocol in (each for each in BENCHMARKS[name].protocols if each.inputs and each.is_installed):
        _, _, found = looked_at(name, folder, protocol.name)
        assert not found.lacking, f"{protocol.name}: {found.sentence}"
        ids = [sample.id for sample in found.samples]
        assert len(set(ids)) == len(ids), f"{protocol.name}: two samples have one id"
        assert all(found.sizes[split] for split in SPLITS), f"{protocol.name}: a split is empty: {found.sizes}"
        again = looked_at(name, folder, protocol.name)[2]
        assert again.digest == found.digest, f"{protocol.name}: samples differ when they are found again"
        open_folder(name, folder, protocol.name)
        checked = check(folder)
        wrong = [str(problem) for problem in checked.problems.found if problem.is_error]
        assert not wrong, f"{protocol.name}: {wrong[:3]}"
    _names_what_is_lacking(name, folder)


def _says_what_it_is(name: str) -> None:
    kind = BENCHMARKS[name]
    for text in ("title", "about", "licence", "origin"):
        assert getattr(kind, text, ""), f"{name} has no {text}"
    named = [protocol.name for protocol in kind.protocols]
    assert len(set(named)) == len(named), f"{name}: protocols have names of their own"
    assert any(protocol.inputs for protocol in kind.protocols), f"{name} has no protocol that can be run"


def _names_what_is_lacking(name: str, folder: Path) -> None:
    """A pointer of Git LFS and a lost file are told by their names, and no training begins."""
    path = _needed(name, folder)
    whole = (folder / path).read_bytes()
    make_pointer(folder / path)
    assert path in _refusal(name, folder)
    assert IS_POINTER in _refusal(name, folder)
    (folder / path).unlink()
    assert path in _refusal(name, folder)
    (folder / path).write_bytes(whole)
    open_folder(name, folder)


def _needed(name: str, folder: Path) -> str:
    """A file of the first sample that no other stands in for where it is lost, as a frame of a clip does."""
    _, protocol, found = looked_at(name, folder)
    for path in protocol.paths(found.samples[0]):
        whole = (folder / path).read_bytes()
        (folder / path).unlink()
        is_missed = path in _named(name, folder)
        (folder / path).write_bytes(whole)
        if is_missed:
            return path
    raise AssertionError(f"no file of the first sample of {name} is needed")


def _named(name: str, folder: Path) -> str:
    """The files that the first sample names, or the sentence of why nothing can be found."""
    try:
        _, protocol, found = looked_at(name, folder)
    except DataError as error:
        return error.message
    return "\n".join(protocol.paths(found.samples[0]))


def _refusal(name: str, folder: Path) -> str:
    """What is said where a file is lacking; empty where nothing is."""
    try:
        open_folder(name, folder)
    except DataError as error:
        return error.message
    return ""
