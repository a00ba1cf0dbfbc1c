"""The summary of a report for one test set: metrics by combination, and the context needed to read them."""

from __future__ import annotations

from typing import Any

from mmlab.analysis.robustness.class_scores import worst_classes
from mmlab.analysis.robustness.score_intervals import score_intervals
from mmlab.core.method import Method
from mmlab.core.metric import is_share
from mmlab.core.outputs import Output
from mmlab.core.results import Sweep
from mmlab.inference.sweep import mean_metrics, metrics
from mmlab.training.missing_data import complete_counts


def summary(found: Sweep, method: Method) -> dict[str, Any]:
    """Metrics by combination, their mean, the number of samples and of their groups, and the headline's intervals.

    Of data with gaps, the number of samples of each combination, too; of answers that can be empty also what answering
    nothing would score (`nothing`), and of classes the one that is right least often (`worst_class`).
    """
    output, modalities = method.output, method.modalities
    table = metrics(found, output, modalities)
    counts = {} if found.present.all() else {"counts": complete_counts(found.present, modalities)}
    worst = worst_classes(found, output)
    sure = score_intervals(found, output.output_metrics[output.headline])
    return {
        "metrics": table,
        "mean": mean_metrics(table),
        "samples": len(found.ids),
        "groups": sure.clusters.count,
        "intervals": {key: list(bounds) for key, bounds in sure.bounds.items()},
        **({"worst_class": {key: vars(each) for key, each in worst.items()}} if worst else {}),
        **_of_nothing(found, output),
        **counts,
    }


def _of_nothing(found: Sweep, output: Output) -> dict[str, dict[str, float]]:
    """What answering nothing at all would score, for answers that can be empty: below that a model is of no use."""
    empty = output.empty_answer(found.logits, found.target)
    if not empty.size:
        return {}
    scores = output.metrics_of(empty, found.target, found.groups)
    return {"nothing": {name: value for name, value in scores.items() if is_share(name)}}
