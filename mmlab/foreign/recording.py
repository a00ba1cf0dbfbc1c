"""Records of a custom training loop: embeddings and maps of a handful of epochs, in the files of a run.

>>> mine = mmlab.adapt(net, inputs=["rgb", "depth"], classes=C, data={"test": test, "valid": valid})
>>> recorder = Recorder(mine, epochs=20, folder="run")
>>> for epoch in range(20):
...     train_one_epoch(net)
...     recorder.epoch()
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from mmlab.core.errors import MissingExtra
from mmlab.core.task import Task
from mmlab.experiments.recorders.attribution_maps import AttributionRecorder
from mmlab.experiments.recorders.embedding_maps import EmbeddingRecorder
from mmlab.foreign.data import splits_of
from mmlab.foreign.notebook import Adapted
from mmlab.inference.sweep import metrics, sweep
from mmlab.training.dominance_log import DominanceLog


class Recorder:
    """Writes `epochs.npz` and `snapshots.npz` into `folder`, from the validation split if there is one.

    Training of the module continues: each of its submodules is returned to its mode (train or eval).
    """

    def __init__(self, adapted: Adapted, epochs: int, folder: str | Path) -> None:
        self.method, where = adapted.method, Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        split = "valid" if "valid" in splits_of(adapted.method.registration) else "test"
        task: Task = adapted.task  # type: ignore[assignment]
        samples = self._samples = adapted.task.samples(split)  # type: ignore[arg-type]
        self._recorders = (
            EmbeddingRecorder(self.method, samples, epochs, where),
            AttributionRecorder(task, self.method, epochs, where),
        )
        self._epoch = 0

    def epoch(self) -> None:
        """Call at the end of an epoch: records it, if it is one of the selected epochs."""
        with self._looking():
            for recorder in self._recorders:
                recorder.record(self._epoch)
        self._epoch += 1

    def scores(self, metric: str) -> dict[str, float]:
        """The score on the split by combination, for a line of a log; the main metric if there is none of this name."""
        output = self.method.output
        name = metric if metric in output.metric_names else output.headline
        with self._looking():
            found = sweep(self.method, self._samples, distances=False)
        return {key: row[name] for key, row in metrics(found, output, self.method.modalities).items()}

    @contextmanager
    def _looking(self) -> Iterator[None]:
        modes = {module: module.training for module in self.method.modules()}
        try:
            self.method.eval()
            yield
        finally:
            for module, mode in modes.items():
                module.training = mode


def lightning_callback(recorder: Recorder | None = None, log: DominanceLog | None = None) -> Any:
    """A callback for PyTorch Lightning that records each epoch and writes a dominance log. Raises MissingExtra."""
    base = _class(("lightning.pytorch", "pytorch_lightning"), "Callback", "lightning")

    def on_before_optimizer_step(self: Any, *_: Any, **__: Any) -> None:
        if log is not None:
            log.step()

    def on_train_epoch_end(self: Any, trainer: Any, module: Any) -> None:
        _epoch(recorder, log, {name: float(value) for name, value in trainer.callback_metrics.items()})

    def on_fit_end(self: Any, *_: Any) -> None:
        if log is not None:
            log.close()

    hooks = (on_before_optimizer_step, on_train_epoch_end, on_fit_end)
    return type("MmlabCallback", (base,), {each.__name__: each for each in hooks})()


def trainer_callback(recorder: Recorder | None = None, log: DominanceLog | None = None) -> Any:
    """A callback for Hugging Face's `Trainer` that records epochs and writes a dominance log. Raises MissingExtra."""
    base = _class(("transformers",), "TrainerCallback", "transformers")

    def on_pre_optimizer_step(self: Any, *_: Any, **__: Any) -> None:
        if log is not None:
            log.step()

    def on_epoch_end(self: Any, arguments: Any, state: Any, control: Any, **_: Any) -> None:
        logged = state.log_history[-1] if state.log_history else {}
        _epoch(recorder, log, {name: float(value) for name, value in logged.items() if isinstance(value, float | int)})

    def on_train_end(self: Any, *_: Any, **__: Any) -> None:
        if log is not None:
            log.close()

    hooks = (on_pre_optimizer_step, on_epoch_end, on_train_end)
    return type("MmlabCallback", (base,), {each.__name__: each for each in hooks})()


def _epoch(recorder: Recorder | None, log: DominanceLog | None, logged: Mapping[str, float]) -> None:
    """Explanations first: what they leave in the encoders, the line of the log wipes out."""
    if recorder is not None:
        recorder.epoch()
    if log is not None:
        losses = {name: value for name, value in logged.items() if "loss" in name}
        log.epoch(recorder.scores(log.metric) if recorder is not None else {}, losses)


def _class(modules: tuple[str, ...], name: str, package: str) -> type:
    for module in modules:
        try:
            found: type = getattr(import_module(module), name)
            return found
        except ImportError:
            continue
    raise MissingExtra(f"This callback needs {package}.", f"Install it: pip install {package}")
