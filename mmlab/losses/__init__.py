"""Formulas as plain functions, one file per paper: `from mmlab.losses import gaussian_kl`."""

from mmlab.core.earlier_names import earlier_names
from mmlab.losses.common import Stack, mean_over_present, sample_present
from mmlab.losses.dimml import (
    certainty_fusion,
    dimension_scores,
    duc_loss,
    effective_dimensions,
    undivided_contrast,
    unidirectional_contrast,
    yes_no_fusion,
)
from mmlab.losses.dmrnet import (
    combination_statistics,
    gaussian_kl,
    gaussian_sample,
    hard_combination_loss,
    hardest_combinations,
)
from mmlab.losses.gmd import (
    decoupled_gradients,
    decoupled_pair,
    gradient_cosines,
    merge_gradients,
    project_conflicts,
    soft_dice_loss,
)
from mmlab.losses.m3ixup import (
    Exploration,
    adapt_and_explore,
    gmc_code,
    gmc_loss,
    mix,
    mix_nce,
    mix_words,
    mixed_view,
    mixed_view_loss,
    nt_xent,
)
from mmlab.losses.mmanet import (
    entropy_weights,
    margin_aware_distillation,
    margin_weights,
    prediction_divergence,
    similarity_preserving,
    squared_iou_gap,
    uncertainty_shares,
    weakest_combinations,
)
from mmlab.losses.mmpareto import pareto_weights, rescaled
from mmlab.losses.ogm_ge import discrepancy_ratios, enhanced, modulation

__all__ = [
    "Exploration",
    "Stack",
    "adapt_and_explore",
    "certainty_fusion",
    "combination_statistics",
    "decoupled_gradients",
    "decoupled_pair",
    "dimension_scores",
    "discrepancy_ratios",
    "duc_loss",
    "effective_dimensions",
    "enhanced",
    "entropy_weights",
    "gaussian_kl",
    "gaussian_sample",
    "gmc_code",
    "gmc_loss",
    "gradient_cosines",
    "hard_combination_loss",
    "hardest_combinations",
    "margin_aware_distillation",
    "margin_weights",
    "mean_over_present",
    "merge_gradients",
    "mix",
    "mix_nce",
    "mix_words",
    "mixed_view",
    "mixed_view_loss",
    "modulation",
    "nt_xent",
    "pareto_weights",
    "prediction_divergence",
    "project_conflicts",
    "rescaled",
    "sample_present",
    "similarity_preserving",
    "soft_dice_loss",
    "squared_iou_gap",
    "uncertainty_shares",
    "undivided_contrast",
    "unidirectional_contrast",
    "weakest_combinations",
    "yes_no_fusion",
]

__getattr__ = earlier_names(__name__, {"doubt_shares": "uncertainty_shares"})
