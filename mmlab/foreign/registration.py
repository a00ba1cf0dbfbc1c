"""The user's registrations, and the files that contain them: the only place from which user code is run.

A file runs only because a person named it on the command line or in `MMLAB_MODELS`. No card, zip, address or upload
names code.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

from mmlab.core.errors import DataError, MmlabError, PluginError
from mmlab.core.file_stamp import ABSENT, Stamp, stamp_of
from mmlab.core.modality import NAME
from mmlab.core.outputs import Classification, Output
from mmlab.foreign import own_modules
from mmlab.foreign.inputs import Input, check_default_absent, read_inputs
from mmlab.foreign.outputs_file import read_outputs
from mmlab.storage.measured import VARIABLE, named_files

CALLS = ("", "kwargs", "args", "dict")
SAMPLES = 2000  # of a split, spread evenly, that are looked at unless somebody asks for more
TARGETS = ("label", "labels", "target", "y")


@dataclass(frozen=True)
class Registration:
    """One `register(...)`, checked. file: where it was made; empty in a notebook. kept: what was derived from it (its
    samples, its classes)."""

    name: str
    model: Any
    inputs: Mapping[str, Input]
    data: Any
    output: Output
    target: str = ""
    logits: str | Callable[[Any], Any] | None = None
    probabilities: bool = False
    absent: Any = "zeros"
    present: str = ""
    embedding: str = ""
    variance: str = ""
    call: str = ""
    task: str = ""
    title: str = ""
    about: str = ""
    seed: int = 0
    samples: int = SAMPLES
    file: str = field(default="", compare=False)
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def tag(self) -> str:
        """The folder of this run: models that differ in their seed only share a name."""
        return f"seed{self.seed}"

    @property
    def command(self) -> str:
        """What measures it."""
        return f"Measure it: python -m mmlab measure {quote(str(self.file or 'FILE'))}"


_waiting = threading.local()  # registrations of the file that is being read in this thread
_read: dict[str, tuple[Stamp, list[Registration] | MmlabError]] = {}
_reading = 0  # how often a file was read
_lock = threading.RLock()


def register(
    name: str,
    model: Any,
    *,
    inputs: Sequence[str] | Mapping[str, Any],
    data: Any,
    classes: Sequence[str] | None = None,
    output: Output | None = None,
    target: str = "",
    logits: str | Callable[[Any], Any] | None = None,
    probabilities: bool = False,
    absent: Any = "zeros",
    present: str = "",
    embedding: str = "",
    variance: str = "",
    call: str = "",
    task: str = "",
    title: str = "",
    about: str = "",
    seed: int = 0,
    samples: int = SAMPLES,
) -> Registration:
    """Register a model with mmlab: its inputs, its output, and the samples to evaluate (docs/own-model.md).

    model is a module, or a function that builds one with its weights. Models of one `task` (by default those with the
    same data, inputs and output) are compared with each other; those that differ only in `seed` are runs of one model.
    From a longer split, `samples` are used, evenly spaced. Raises DataError for implausible arguments.

    >>> rows = [{"input1": torch.randn(3), "input2": torch.randn(2), "label": row % 2} for row in range(8)]
    >>> model, names = torch.nn.Bilinear(3, 2, 2), ["input1", "input2"]
    >>> mine = mmlab.register("mine", model, inputs=names, classes=["cup", "hat"], data=rows)
    >>> mine.output.classes
    ('cup', 'hat')
    """
    _check(name, task, model, call)
    check_default_absent(absent)
    found = Registration(
        name=name,
        model=model,
        inputs=read_inputs(inputs),
        data=data,
        output=_output(classes, output),
        target=target,
        logits=logits,
        probabilities=probabilities,
        absent=absent,
        present=present,
        embedding=embedding,
        variance=variance,
        call=call,
        task=task,
        title=title,
        about=about,
        seed=seed,
        samples=samples,
        file=getattr(_waiting, "file", ""),
    )
    if hasattr(_waiting, "found"):
        _waiting.found.append(found)
    return found


def _check(name: str, task: str, model: Any, call: str) -> None:
    for given, what in ((name, "a model"), (task or name, "a task")):
        if not NAME.fullmatch(given):
            raise DataError(f"'{given}' cannot name {what}.", "Use a-z, 0-9 and _ only; title= is for people.")
    if not callable(model):
        raise DataError(f"model= is {type(model).__name__}.", "Give a module, or a function that builds one.")
    if call not in CALLS:
        raise DataError(f"call={call!r} is unknown.", "It is kwargs, args or dict.")


def _output(classes: Sequence[str] | None, output: Output | None) -> Output:
    if (classes is None) == (output is None):
        raise DataError(
            "Neither or both of classes= and output= are given.",
            "Give class names, or an output such as mmlab.Regression(-3, 3) or mmlab.Segmentation(regions).",
        )
    if output is not None:
        return output
    names = tuple(map(str, classes or ()))
    if isinstance(classes, str) or len(names) < 2 or len(set(names)) < len(names):
        raise DataError("classes= needs at least two names, each once.", 'Such as classes=["cup", "hat"].')
    return Classification(names)


def read_file(path: str | Path) -> list[Registration]:
    """Run a person's file and return what it registers; kept until it changes, or a module of theirs that it imports.

    Raises DataError where there is no such file or it registers nothing, PluginError where it fails, with the line.
    """
    global _reading
    file = Path(path).expanduser().resolve()
    with _lock:
        stamp = stamp_of(file)
        if stamp == ABSENT:
            raise DataError(f"There is no file '{path}'.", f"Correct the path, or {VARIABLE}.")
        if own_modules.forget_changed():
            _read.clear()
        kept = _read.get(str(file))
        if kept is None or kept[0] != stamp:
            kept = _read[str(file)] = (stamp, _run(file))
            _reading += 1
    if isinstance(kept[1], MmlabError):
        raise kept[1]
    return kept[1]


def reading() -> int:
    """Which reading of files it is: another number whenever one was read again, for whoever keeps what came of it."""
    return _reading


def _run(file: Path) -> list[Registration] | MmlabError:
    if file.suffix == ".npz":
        try:
            return [_of_outputs(file)]
        except MmlabError as error:
            return error
    from mmlab.foreign.error_location import own_line

    try:
        with _collecting(str(file)) as found:
            _execute(file)
    except MmlabError as error:
        return error
    except Exception as error:  # whatever a person's file does wrong is told with its line
        what = f"{type(error).__name__}: {error}"
        return PluginError(f"{file.name} cannot be read: {what} {own_line(error)}".strip(), "Mend the file.")
    if not found:
        return DataError(f"{file.name} registers nothing.", "Call mmlab.register(...) in it.")
    twice = [
        each.name for i, each in enumerate(found) if (each.name, each.seed) in {(o.name, o.seed) for o in found[:i]}
    ]
    if twice:
        return DataError(f"{file.name} registers '{twice[0]}' twice.", "Give each a name, or a seed=, of its own.")
    return found


def _of_outputs(file: Path) -> Registration:
    """The registration of a file of answers: it has no model. Raises DataError."""
    outputs = read_outputs(file)
    name = "".join(sign if NAME.fullmatch(sign) else "_" for sign in file.stem.lower()) or "outputs"
    return Registration(
        name=name,
        model=outputs,
        inputs={},
        data=file,
        output=outputs.output,
        title=file.stem,
        about="Answers that were brought as a file: there is no model behind them.",
        file=str(file),
    )


@contextlib.contextmanager
def _collecting(file: str) -> Iterator[list[Registration]]:
    before = dict(vars(_waiting))
    _waiting.found, _waiting.file = [], file
    try:
        yield _waiting.found
    finally:
        vars(_waiting).clear()
        vars(_waiting).update(before)


def _execute(file: Path) -> None:
    name = f"mmlab_model_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise DataError(f"{file.name} is not a Python file.", "Give a .py file that calls mmlab.register(...).")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    beside = str(file.parent)
    is_new = beside not in sys.path
    if is_new:  # the person's other files, as when they run it themselves
        sys.path.insert(0, beside)
    with own_modules.imported_for(str(file)):
        spec.loader.exec_module(module)


def name_file(path: str | Path) -> None:
    """Add a file that the user named on the command line to `MMLAB_MODELS`, for this process and those it starts."""
    file = str(Path(path).expanduser().resolve())
    if file not in named_files():
        os.environ[VARIABLE] = os.pathsep.join((*named_files(), file))


def registrations() -> tuple[list[Registration], dict[str, MmlabError]]:
    """All that the named files register, and what is wrong with which file."""
    found: list[Registration] = []
    problems: dict[str, MmlabError] = {}
    for path in named_files():
        try:
            found += read_file(path)
        except MmlabError as error:
            problems[Path(path).stem] = error
    return found, problems
