"""The default recorders of every training."""

from __future__ import annotations

from pathlib import Path

from mmlab.core.batch import Samples
from mmlab.core.method import Method
from mmlab.core.task import Task
from mmlab.experiments.recorders.attribution_maps import AttributionRecorder, ShareRecorder
from mmlab.experiments.recorders.embedding_maps import EmbeddingRecorder
from mmlab.training.recorder import Recorder


def usual(task: Task, method: Method, epochs: int, validation: Samples, folder: Path) -> tuple[Recorder, ...]:
    """Shares, attribution maps and embeddings, beside the run."""
    return (
        ShareRecorder(method, validation),
        AttributionRecorder(task, method, epochs, folder),
        EmbeddingRecorder(method, validation, epochs, folder),
    )
