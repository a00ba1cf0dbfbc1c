"""A library of models that never learned anything: quick to make, and enough to test what is around a model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch

from mmlab.analysis.embedding import maps
from mmlab.core.method import METHODS
from mmlab.core.options import as_dict
from mmlab.core.reference import Reference
from mmlab.core.results import Sweep
from mmlab.core.task import TASKS
from mmlab.experiments.train_job import summary
from mmlab.inference import imputation
from mmlab.inference.sweep import sweep
from mmlab.storage import checkpoints, sweep_file
from mmlab.storage.library import Library


def as_umap(found: Sweep) -> maps.Map:
    """The PCA, called a UMAP: quick to make."""
    flat, deep = (maps.of_pca(found, size) for size in (2, 3))
    flat, deep = (replace(each, projection=replace(each.projection, kind="umap")) for each in (flat, deep))
    return replace(flat, overlap=0.7, solid=deep)


def untrained(root: Path, task_name: str, *methods: str, seed: int = 0, **on_card: object) -> tuple[Reference, ...]:
    """One checkpoint per method under `root`, the same at every call; `on_card` changes their cards."""
    library, info = Library(root), TASKS[task_name]().info
    for name in methods:
        torch.manual_seed(7 + seed)
        kind = METHODS[name]
        config = kind.Config()
        method = kind(info, config)
        with torch.no_grad():  # larger weights: answers that differ from input to input, and visibly so
            for parameter in method.parameters():
                parameter.mul_(3 if parameter.ndim > 1 else 1)
        card = {"task": info.card(), "method": name, "config": as_dict(config), "seed": seed, "training_seconds": 0.0}
        checkpoints.save(library.folder(task_name, name, f"seed{seed}"), method, {**card, **on_card})
    return tuple(library.find(task_name, name, f"seed{seed}") for name in methods)


def measured(
    root: Path, task_name: str, *methods: str, samples: int = 40, seed: int = 0, is_scored: bool = False
) -> tuple[Reference, ...]:
    """The same, measured on the first shipped samples: each has a sweep, and a report with nothing but its digest, or
    with its scores."""
    shipped = imputation.shipped(task_name, samples)
    references = untrained(root, task_name, *methods, seed=seed)
    for reference in references:
        folder = Path(reference.path)
        loaded = checkpoints.load(folder)
        found = sweep(loaded.method, shipped, digest=loaded.digest)
        sweep_file.write(folder, found)
        sources = {"built-in": summary(found, loaded.method)} if is_scored else {}
        of_it = {"task": loaded.method.info.card(), "parameters": 1, "training_seconds": 1.0, "seed": seed}
        report = {"digest": loaded.digest, "headline": loaded.method.output.headline, "sources": sources}
        (folder / "report.json").write_text(json.dumps({**report, "card": of_it if is_scored else {"seed": 4}}))
    return references
