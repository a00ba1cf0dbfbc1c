"""Measures on plain arrays, importable from here: `from mmlab.analysis import shapley, expected_score`.

They need only NumPy and SciPy. Functions that need a model or torch are imported by module
(`mmlab.analysis.attribution.registry`).
"""

from mmlab.analysis.base.coalitions import (
    Lattice,
    answers_of,
    log_probability_of_right,
    masks_by_size,
    membership,
    right,
    sweep_to_coalitions,
)
from mmlab.analysis.base.statistics import (
    discordant,
    halves,
    holm,
    kendall_w,
    kendall_w_by_chance,
    mcnemar,
    paired_bootstrap,
)
from mmlab.analysis.dominance.contributions import SAMPLE_KINDS, jain_index, sample_kinds
from mmlab.analysis.dominance.measures.alone import stand_alone
from mmlab.analysis.dominance.measures.discrepancy import discrepancy_ratio
from mmlab.analysis.dominance.measures.emap import emap, emap_gap
from mmlab.analysis.dominance.measures.interaction import interactions
from mmlab.analysis.dominance.measures.leave_one_out import leave_one_out
from mmlab.analysis.dominance.measures.perceptual import perceptual_score
from mmlab.analysis.dominance.measures.pid import Decomposition, Estimate, pid, pid_of_answers
from mmlab.analysis.dominance.measures.shapley import shapley
from mmlab.analysis.dominance.measures.utilisation import conditional_utilisation
from mmlab.analysis.dominance.measures.utilisation_gap import utilisation_gap
from mmlab.analysis.robustness.calibration import (
    Reliability,
    brier_score,
    calibration_error,
    calibration_error_by_chance,
    debiased_calibration_error,
    fit_temperature,
    interval_coverage,
    interval_width,
    number_scores,
    reliability,
)
from mmlab.analysis.robustness.missing_rate import crossings, curve_area, expected_score, missing_rate_curve
from mmlab.analysis.robustness.neighbour_distance import NeighbourDistance, NeighbourTest
from mmlab.analysis.robustness.prediction_flips import (
    flip_matrix,
    negative_flips,
    same_as_complete,
    sizes_needed,
    smallest_sufficient,
    sufficient,
)
from mmlab.analysis.robustness.selective_prediction import (
    RiskCoverage,
    entropies,
    generalised_risk_area,
    margins,
    risk_coverage,
    risk_coverage_area,
)
from mmlab.analysis.robustness.slices import Slices, WorstSlice, slice_scores, worst_slice

lift = sweep_to_coalitions  # its name in version 0.1

__all__ = [
    "SAMPLE_KINDS",
    "Decomposition",
    "Estimate",
    "Lattice",
    "NeighbourDistance",
    "NeighbourTest",
    "Reliability",
    "RiskCoverage",
    "Slices",
    "WorstSlice",
    "answers_of",
    "brier_score",
    "calibration_error",
    "calibration_error_by_chance",
    "conditional_utilisation",
    "crossings",
    "curve_area",
    "debiased_calibration_error",
    "discordant",
    "discrepancy_ratio",
    "emap",
    "emap_gap",
    "entropies",
    "expected_score",
    "fit_temperature",
    "flip_matrix",
    "generalised_risk_area",
    "halves",
    "holm",
    "interactions",
    "interval_coverage",
    "interval_width",
    "jain_index",
    "kendall_w",
    "kendall_w_by_chance",
    "leave_one_out",
    "lift",
    "log_probability_of_right",
    "margins",
    "masks_by_size",
    "mcnemar",
    "membership",
    "missing_rate_curve",
    "negative_flips",
    "number_scores",
    "paired_bootstrap",
    "perceptual_score",
    "pid",
    "pid_of_answers",
    "reliability",
    "right",
    "risk_coverage",
    "risk_coverage_area",
    "same_as_complete",
    "sample_kinds",
    "shapley",
    "sizes_needed",
    "slice_scores",
    "smallest_sufficient",
    "stand_alone",
    "sufficient",
    "sweep_to_coalitions",
    "utilisation_gap",
    "worst_slice",
]
