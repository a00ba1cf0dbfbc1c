"""All measures of a trained model in the library: from its stored predictions, and from queries to the model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path

from mmlab.analysis.base.input_swapping import ProgressCallback, no_progress
from mmlab.analysis.dominance.perturbations import DONOR_RULE, OWN_RULE, ProbeBudget, keep, probe, stored
from mmlab.analysis.dominance.report import DominanceReport, dominance_report, lattice_of
from mmlab.core.errors import Unsupported
from mmlab.core.group_name import group_name
from mmlab.inference.predictor import Model
from mmlab.storage import sweep_file


def model_report(
    model: Model,
    folder: Path,
    donor: bool = False,
    begin: Callable[[], None] = lambda: None,
    tell: ProgressCallback = no_progress,
    ask: bool = True,
) -> DominanceReport:
    """Every measure of the model whose checkpoint is in `folder`.

    donor: another sample's input stands in for an absent one, not the method's own way. begin: called before the model
    is asked anything, which is kept for the next time; tell: hears how far that is. ask: where not, measures that need
    the model have their numbers only if it was asked before.

    Raises CheckpointError without stored answers, and with `donor` Unsupported for answers without a model.
    """
    modalities, output = model.task.info.modalities, model.task.info.output
    effort = ProbeBudget.usual(output)
    swept = sweep_file.read(folder, model.digest, model.task.info)
    probes = stored(model.digest, effort)
    if probes is None and ask:
        begin()
        with nullcontext() if donor else suppress(Unsupported):  # answers from a file have no model behind them
            probes = probe(model.method, model.task.samples("test"), effort, tell=tell)
            keep(probes, model.digest, effort)
    groups = dict(zip(swept.ids, swept.groups, strict=True))
    lattice = probes.lattice(modalities, groups) if donor and probes is not None else lattice_of(swept)
    return dominance_report(
        lattice, output, modalities, probes, DONOR_RULE if donor else OWN_RULE, group_name(model.task)
    )
