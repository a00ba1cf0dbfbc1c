"""A trained model as ONNX graphs, usable from any language: the combination of inputs is an input, `present`.

`model.onnx` takes the inputs and `present`, bool `[B, M]`, and gives `logits`, `mean` and, for a probabilistic method,
`variance`. `encoders.onnx` and `fusion.onnx` are its two halves: encode once, then fuse for as many combinations as
wanted. `model.json` says what goes in and what comes out. Whatever is written was compared with torch first, for every
combination; a method that takes another way for another combination, so that no graph holds all of them, is refused.
Of a model that answers scans in windows the graphs hold what it says of one window, and `model.json` how windows make
up the answer.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from mmlab.core.errors import MissingExtra, Unsupported
from mmlab.core.method import Features, Fused, Method
from mmlab.core.version import __version__
from mmlab.inference.predictor import Model
from mmlab.inference.windows import OVERLAP, part_of
from mmlab.storage.atomic_files import write_atomically

ROWS, OTHERS = 7, 5  # samples that a graph is traced with, and that it is compared on: batches of any size must do
CLOSE = 1e-5
MOST_ROWS = 2**16
SLIDING = (
    "The graphs answer one window. An answer about a scan is put together from windows of these sides, each side "
    "overlapping by this share, with Gaussian weights of a standard deviation of an eighth of a side: as by "
    "sliding_window_inference of MONAI with mode='gaussian'."
)
INSTALL = "Install it: pip install 'mmlab[onnx]'"
PARTS = ("alone", "beside", "shared")


def export(model: Model, folder: Path) -> dict[str, Any]:
    """Write the graphs of a model into a folder and return what `model.json` says.

    Raises Unsupported for a method that no graph holds, MissingExtra where the packages of `mmlab[onnx]` are missing.
    """
    _check_installed()
    method, place = model.method.eval().cpu(), model.method.device
    try:
        graphs = _graphs(model, method)
    finally:
        method.to(place)
    content = {f"{name}.onnx": graph.content for name, graph in graphs.items()}
    about = _about(model, graphs)
    content["model.json"] = json.dumps(about, indent=1, ensure_ascii=False).encode()
    for name, each in content.items():
        write_atomically(folder / name, each)
    return about


@dataclass(frozen=True)
class Graph:
    """One graph: its file, and the names of what goes in and comes out."""

    content: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def run(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What onnxruntime makes of it."""
        import onnxruntime

        session = onnxruntime.InferenceSession(self.content, providers=["CPUExecutionProvider"])
        wanted = {each.name for each in session.get_inputs()}  # an input that nothing depends on is no input
        found = session.run(list(self.outputs), {k: v.numpy() for k, v in values.items() if k in wanted})
        return {name: torch.from_numpy(np.asarray(each)) for name, each in zip(self.outputs, found, strict=True)}


class _Whole(nn.Module):
    def __init__(self, method: Method, names: Sequence[str]) -> None:
        super().__init__()
        self.method, self.names = method, tuple(names)

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        return _answer(self.method(dict(zip(self.names, values, strict=False)), values[-1]))


class _Encoders(nn.Module):
    def __init__(self, method: Method, names: Sequence[str]) -> None:
        super().__init__()
        self.method, self.names = method, tuple(names)

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        features = self.method.encode(dict(zip(self.names, values, strict=True)))
        return tuple(tensor for _, tensor in _leaves(features))


class _Fusion(nn.Module):
    """The other half: features, flat and in the order of `like`, and the mask."""

    def __init__(self, method: Method, like: Features[Any]) -> None:
        super().__init__()
        self.method, self.like = method, like

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        return _answer(self.method.fuse(_rebuilt(self.like, iter(values[:-1])), values[-1]))


@torch.inference_mode(False)
@torch.no_grad()
def _graphs(model: Model, method: Method) -> dict[str, Graph]:
    names = method.modalities.names
    shown, others = (_samples(model, start, count) for start, count in ((0, ROWS), (ROWS, OTHERS)))
    mask = torch.ones(ROWS, len(names), dtype=torch.bool)
    mask[::2, 0] = len(names) == 1
    features = method.encode(shown)
    pieces = dict(_leaves(features))
    answers = ("logits", "mean", "variance")[: len(_answer(method.fuse(features, mask)))]
    inputs = tuple(shown.values())
    graphs = {
        "model": _traced(_Whole(method, names), (*inputs, mask), (*names, "present"), answers),
        "encoders": _traced(_Encoders(method, names), inputs, names, tuple(pieces)),
        "fusion": _traced(_Fusion(method, features), (*pieces.values(), mask), (*pieces, "present"), answers),
    }
    _compare(method, graphs, others)
    return graphs


def _traced(module: nn.Module, values: tuple[Tensor, ...], names: Sequence[str], outputs: Sequence[str]) -> Graph:
    """The module as a graph whose first dimension is free where that of its example is `ROWS`."""
    rows = torch.export.Dim("rows", min=1, max=MOST_ROWS)
    free = tuple({0: rows} if len(value) == ROWS else {} for value in values)
    try:
        with _quietly():
            program = torch.onnx.export(
                module.eval(),
                values,
                input_names=list(names),
                output_names=list(outputs),
                dynamic_shapes={"values": free},
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # of many kinds, from many layers of the exporter
        raise _refused(module.method, "its way of answering depends on the combination") from error
    _rename_inside(cast(Any, program).model.graph, set(outputs))
    target = io.BytesIO()
    cast(Any, program).save(target)
    return Graph(target.getvalue(), tuple(names), tuple(outputs))


def _rename_inside(graph: Any, taken: set[str]) -> None:
    """Values inside are named after what made them, such as `mean`, which is the name of an answer, too."""
    answers = {id(value) for value in graph.outputs}
    for node in graph:
        for value in node.outputs:
            if value.name in taken and id(value) not in answers:
                value.name = f"{value.name}_inside"


def _compare(method: Method, graphs: Mapping[str, Graph], samples: Mapping[str, Tensor]) -> None:
    """Raise Unsupported unless both ways of asking the graphs answer as torch does, for every combination."""
    features = graphs["encoders"].run(samples)
    for combination in method.modalities.subsets():
        present = method.modalities.mask(combination, OTHERS, torch.device("cpu")).clone()
        wanted = _answer(method(samples, present))
        for name, given in (("model", samples), ("fusion", features)):
            found = graphs[name].run({**given, "present": present}).values()
            if not all(torch.allclose(one, two, CLOSE, CLOSE) for one, two in zip(found, wanted, strict=True)):
                raise _refused(method, f"the graph answers {combination.label} otherwise than torch")


def _samples(model: Model, start: int, count: int) -> dict[str, Tensor]:
    test = model.task.samples("test")
    batch = test.batch([row % len(test) for row in range(start, start + count)])
    return {name: _seen(model.method, batch.inputs[name]).float() for name in model.method.modalities.names}


def _seen(method: Method, values: Tensor) -> Tensor:
    """What the network sees of inputs at a time: the window in the middle, where it answers scans in windows."""
    info = method.info
    if not info.has_windows:
        return values
    sides = zip(info.places, info.window_sides, strict=True)
    middle = tuple(slice((whole - side) // 2, (whole + side) // 2) for whole, side in sides)
    return part_of(values, middle)


def _answer(fused: Fused) -> tuple[Tensor, ...]:
    return tuple(each for each in (fused.logits, fused.mean, fused.variance) if each is not None)


def _leaves(features: Features[Any]) -> Iterator[tuple[str, Tensor]]:
    """The tensors of features with names: `alone_image_0`."""
    for part in PARTS:
        for name, value in getattr(features, part).items():
            yield from _inside(f"{part}_{name}", value)


def _inside(name: str, value: Any) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield name, value
        return
    for place, each in enumerate(value):
        yield from _inside(f"{name}_{place}", each)


def _rebuilt(like: Features[Any], values: Iterator[Tensor]) -> Features[Any]:
    """Features as `like`, of other tensors."""

    def filled(value: Any) -> Any:
        return next(values) if isinstance(value, Tensor) else tuple(filled(each) for each in value)

    return Features(*({name: filled(each) for name, each in getattr(like, part).items()} for part in PARTS))


def _about(model: Model, graphs: Mapping[str, Graph]) -> dict[str, Any]:
    info = model.method.info
    windows = {"sides": list(info.window_sides), "overlap": OVERLAP, "about": SLIDING}
    of = "a window of each of " if info.has_windows else ""
    return {
        "mmlab": __version__,
        "digest": model.digest,
        "method": model.card["method"],
        "task": model.task.info.card(),
        **({"windows": windows} if info.has_windows else {}),
        "present": "bool [rows, inputs]: which inputs a row has, in the order of the task; one at least",
        "graphs": {
            f"{name}.onnx": {"inputs": list(graph.inputs), "outputs": list(graph.outputs)}
            for name, graph in graphs.items()
        },
        "compared": f"with torch on {of}{OTHERS} test samples for every combination, within {CLOSE:g}",
    }


def _refused(method: Any, why: str) -> Unsupported:
    return Unsupported(f"{method.title} cannot be written as ONNX: {why}.", "Answer with mmlab itself (predict).")


def _check_installed() -> None:
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingExtra(f"ONNX needs a package that is not here: {error.name}.", INSTALL) from error


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without what the exporter prints and logs of its own workings."""
    loggers = [logging.getLogger(name) for name in ("torch", "onnxscript", "onnx_ir")]
    levels = [each.level for each in loggers]
    silence: Callable[[Any], Any] = contextlib.redirect_stdout
    with warnings.catch_warnings(), silence(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        for each in loggers:
            each.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for each, level in zip(loggers, levels, strict=True):
                each.setLevel(level)
