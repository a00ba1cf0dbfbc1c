"""Every formula against the released code's numbers (`parity/`, see its README) or a case solved by hand."""

import inspect
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mmlab import losses

torch.set_num_threads(1)

PARITY = Path(__file__).parent / "parity"
NAN = math.nan
LN2 = math.log(2)
SOFTPLUS = math.log(1 + math.exp(-1))  # cross-entropy of logits (1, 0) where the first is right

# Arrays of `parity/` that are no input or output of a formula.
INFORMATION = {
    "dropout_m3": {"numpy_seed"},
    "dmrnet_av_head": {
        "w.auxi_fc.weight",  # a layer that the released code owns but never uses
        "w.auxi_fc.bias",
        "w.mu_dul_backbone.1.num_batches_tracked",
        "w.logvar_dul_backbone.1.num_batches_tracked",
    },
    "gmd_project_mean_official": {"logged_coefs"},  # misindexed by the released code
    "dimml_duc_loss_tau10": {"labels"},  # the loss uses no labels
    "dimml_duc_loss_overflow": {"labels"},
}


def load(name: str) -> dict[str, Tensor]:
    with np.load(PARITY / f"{name}.npz") as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays.files}


def close(actual: Tensor | float, expected: Tensor | float | list) -> None:
    if not isinstance(actual, Tensor):
        actual = torch.tensor(actual)
    expected = torch.as_tensor(expected)
    torch.testing.assert_close(
        actual.detach().double(), expected.detach().double(), rtol=1e-5, atol=1e-5, equal_nan=True
    )


def leaf(values: Tensor) -> Tensor:
    return values.detach().clone().requires_grad_()


def codes_of(mask: Tensor) -> Tensor:
    return (mask.long() << torch.arange(mask.shape[1])).sum(1)


def rows_in(mask: Tensor, combinations: Tensor) -> Tensor:
    return (mask[:, None] == combinations).all(2).any(1)


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


# The fixtures themselves


ELSEWHERE = {"ogm_ge_modulation", "mmpareto_gradients"}  # tests/test_balancing.py


def test_every_array_of_the_folder_is_used():
    sources = [
        inspect.getsource(function)
        for name, function in vars(sys.modules[__name__]).items()
        if name.startswith("test_") and callable(function)
    ]
    files = sorted(path for path in PARITY.glob("*.npz") if path.stem not in ELSEWHERE)
    assert len(files) == 18
    for path in files:
        with np.load(path) as arrays:
            unused = set(arrays.files) - INFORMATION.get(path.stem, set())
        users = [source for source in sources if f'"{path.stem}"' in source]
        unused = {array for array in unused if not any(f'["{array}"]' in source for source in users)}
        assert users, f"{path.name} is used by no test"
        assert not unused, f"{path.name}: no test uses {unused}"


# Modality dropout


def chi_square(counts: Tensor) -> float:
    expected = counts.sum() / len(counts)
    return float(((counts - expected) ** 2 / expected).sum())


def test_sampler_is_uniform_over_the_non_empty_subsets():
    data = load("dropout_m3")
    generator = torch.Generator().manual_seed(1)
    present = losses.sample_present(21000, 3, generator)
    assert present.dtype == torch.bool
    assert present.shape == (21000, 3)
    counts = torch.bincount(codes_of(present), minlength=8)[codes_of(data["combos"])]
    assert counts.sum() == 21000  # none is empty
    official = data["counts_21000_seed1"]
    assert official.sum() == 21000
    limit = 22.46  # chi-square with 6 degrees of freedom, 99.9 %
    assert chi_square(counts) < limit
    both = (counts + official) / 2
    assert float(((counts - both) ** 2 / both + (official - both) ** 2 / both).sum()) < limit
    assert chi_square(counts + torch.tensor([300, 0, 0, -300, 0, 0, 0])) > limit  # so it could have failed


def test_sampler_draws_again_the_same_from_the_same_generator():
    first, second = (losses.sample_present(50, 4, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, losses.sample_present(50, 4, torch.Generator().manual_seed(4)))


def test_sampler_stays_within_what_is_observed():
    data = load("dropout_m3")
    generator = torch.Generator().manual_seed(2)
    observed = data["fixed_101"].repeat(750, 1)
    present = losses.sample_present(3000, 3, generator, observed)
    counts = torch.bincount(codes_of(present), minlength=8)
    assert counts[[1, 4, 5]].sum() == 3000
    assert chi_square(counts[[1, 4, 5]]) < 13.82  # 2 degrees of freedom, 99.9 %
    mixed = data["mask_first_64"].bool()
    drawn = losses.sample_present(64, 3, generator, mixed)
    assert drawn.any(1).all()
    assert not (drawn & ~mixed).any()


def test_sampler_refuses_what_it_cannot_draw():
    with pytest.raises(ValueError, match="no observed modality"):
        losses.sample_present(2, 2, observed=torch.tensor([[True, False], [False, False]]))
    with pytest.raises(ValueError, match="expected"):
        losses.sample_present(3, 2, observed=torch.ones(2, 2, dtype=torch.bool))


@pytest.mark.parametrize("modality", range(3))
def test_dropout_zeroes_what_the_released_code_zeroes(modality: int):
    data = load("dropout_m3")
    masked = [data["masked_x_rgb"], data["masked_x_depth"], data["masked_x_ir"]][modality]
    mask = data["mask_first_64"]
    values = torch.zeros(3, 64)
    values[modality] = 1
    close(losses.mean_over_present(values, mask.bool()) * mask.sum(1), masked)


def test_mean_over_present_by_hand():
    values = [
        torch.tensor([[1.0, 2.0], [3.0, 4.0], [7.0, 7.0]]),
        torch.tensor([[5.0, 8.0], [NAN, NAN], [1.0, 1.0]]),
    ]
    present = torch.tensor([[True, True], [True, False], [False, False]])
    close(losses.mean_over_present(values, present), [[3.0, 5.0], [3.0, 4.0], [0.0, 0.0]])
    close(losses.mean_over_present(torch.stack(values)[..., 0], present), [3.0, 3.0, 0.0])
    with pytest.raises(ValueError, match="does not fit"):
        losses.mean_over_present(values, present.mT)


# DMRNet


@pytest.mark.parametrize("training", [True, False])
def test_probabilistic_head(training: bool):
    data = load("dmrnet_av_head")
    close(data["x"] * data["mask"][:, :1], data["x"])
    close(data["y"] * data["mask"][:, 1:], data["y"])
    fused = torch.cat([data["x"], data["y"]], 1)

    def branch(linear: tuple[Tensor, Tensor], scale: Tensor, shift: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        return F.batch_norm(F.linear(fused, *linear), mean.clone(), var.clone(), scale, shift, training)

    mean = branch(
        (data["w.mu_dul_backbone.0.weight"], data["w.mu_dul_backbone.0.bias"]),
        data["w.mu_dul_backbone.1.weight"],
        data["w.mu_dul_backbone.1.bias"],
        data["w.mu_dul_backbone.1.running_mean"],
        data["w.mu_dul_backbone.1.running_var"],
    )
    log_variance = branch(
        (data["w.logvar_dul_backbone.0.weight"], data["w.logvar_dul_backbone.0.bias"]),
        data["w.logvar_dul_backbone.1.weight"],
        data["w.logvar_dul_backbone.1.bias"],
        data["w.logvar_dul_backbone.1.running_mean"],
        data["w.logvar_dul_backbone.1.running_var"],
    )
    noise = data["eps"] if training else torch.zeros_like(data["eps"])
    out = F.linear(losses.gaussian_sample(mean, log_variance, noise), data["w.fc_out.weight"], data["w.fc_out.bias"])
    close(mean, data["mu_train"] if training else data["mu_eval"])
    close((log_variance / 2).exp(), data["std_train"] if training else data["std_eval"])
    close(out, data["out_train"] if training else data["out_eval"])
    close(out, data["auxi_out_train"] if training else data["auxi_out_eval"])


def test_gaussian_kl():
    data = load("dmrnet_kl")
    close(losses.gaussian_kl(data["mu_vec"], 2 * data["std_vec"].log()), data["kl_vec"])
    mean, log_variance = data["mu_map"], 2 * data["std_map"].log()
    close(losses.gaussian_kl(mean, log_variance), data["kl_map_per_sample"])
    close(losses.gaussian_kl(mean, log_variance, per="pixel"), data["kl_map_per_pixel"])
    with pytest.raises(ValueError, match="'voxel'"):
        losses.gaussian_kl(mean, log_variance, per="voxel")


def test_gaussian_kl_by_hand():
    mean, log_variance = (
        leaf(torch.tensor([[1.0, 2.0], [0.0, 0.0]])),
        torch.tensor([[0.0, 0.0], [0.0, math.log(4)]]),
    )
    divergence = losses.gaussian_kl(mean, log_variance)
    close(divergence, ((1 + 4) / 2 + (4 - math.log(4) - 1) / 2) / 2)
    divergence.backward()
    close(mean.grad, [[0.5, 1.0], [0.0, 0.0]])


def test_variance_of_each_combination():
    data = load("dmrnet_surf_hcr")
    variance = (data["std_map"] ** 2).flatten(1).mean(1)
    total, number = losses.combination_statistics(variance, codes_of(data["mask"]), 8)
    assert total.dtype == number.dtype == torch.float64
    assert number.sum() == 21
    close((total / number)[codes_of(data["combos"])], data["variance_per_combination"])
    ranked = losses.hardest_combinations(total, number, keep=7)
    expected = data["variance_per_combination"][:-1].nan_to_num(-1).argsort(descending=True)[:5]
    assert ranked.tolist() == codes_of(data["combos"])[expected].tolist()  # the unseen and the full one are out


def test_combination_statistics_by_hand():
    values, codes = leaf(torch.tensor([1.0, 2.0, 4.0, 8.0])), torch.tensor([1, 3, 1, 2])
    total, number = losses.combination_statistics(values, codes, 4)
    assert total.tolist() == [0.0, 5.0, 8.0, 2.0]
    assert number.tolist() == [0.0, 2.0, 1.0, 1.0]
    assert not total.requires_grad
    assert losses.hardest_combinations(total, number, keep=1).tolist() == [2]
    assert losses.hardest_combinations(total, number, keep=9).tolist() == [2, 1]
    assert losses.hardest_combinations(total, number, keep=9, exclude_last=False).tolist() == [2, 1, 3]
    assert losses.hardest_combinations(total * 0, number * 0, keep=2).tolist() == []
    many, _ = losses.combination_statistics(torch.tensor([2.0**24, 1.0, 1.0]), torch.zeros(3, dtype=torch.int32), 1)
    assert many.item() == 2**24 + 2  # single precision would stay at 2**24
    with pytest.raises(ValueError, match="not both"):
        losses.combination_statistics(torch.ones(4, 1), codes, 4)


@pytest.mark.parametrize("paper", ["dmrnet", "mmanet"])
def test_hard_combination_loss_in_both_readings(paper: str):
    if paper == "dmrnet":
        data = load("dmrnet_surf_hcr")
        logits, target, hard = data["logits"], data["labels"], data["hard_combinations"]
        masked, broadcast, number = data["hcr_masked"], data["hcr_official_broadcast"], data["n_hard"]
    else:
        data = load("mmanet_mar_loss")
        logits, target, hard = data["aux_logits"], data["target"], data["weak_combinations"]
        masked, broadcast, number = (
            data["loss_intended_masked"],
            data["loss_official_broadcast"],
            data["n_weak"],
        )
        close(F.cross_entropy(logits, target), data["mean_ce"])
    per_sample = F.cross_entropy(logits, target, reduction="none")
    is_hard = rows_in(data["mask"], hard)
    assert is_hard.sum() == number
    close(losses.hard_combination_loss(per_sample, is_hard), masked)
    close(losses.hard_combination_loss(per_sample, is_hard.float()), masked)
    close(losses.hard_combination_loss(per_sample, is_hard, broadcast=True), broadcast)
    bound = per_sample.max() * number / len(per_sample)
    assert losses.hard_combination_loss(per_sample, is_hard) <= bound < broadcast


def test_hard_combination_loss_by_hand():
    per_sample = leaf(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    is_hard = torch.tensor([True, False, False, True])
    loss = losses.hard_combination_loss(per_sample, is_hard)
    close(loss, (1 + 4) / 4)
    loss.backward()
    close(per_sample.grad, [0.25, 0.0, 0.0, 0.25])
    close(losses.hard_combination_loss(per_sample, is_hard, broadcast=True), 2 * 2.5)
    close(losses.hard_combination_loss(per_sample, torch.zeros(4)), 0.0)


@pytest.mark.parametrize("shape", [(4, 1), (4, 1, 1, 1), (1,), (), (3,)])
def test_hard_combination_loss_never_broadcasts(shape: tuple[int, ...]):
    for broadcast in (False, True):
        with pytest.raises(ValueError, match="not both"):
            losses.hard_combination_loss(torch.ones(4), torch.ones(shape), broadcast)
        with pytest.raises(ValueError, match="not both"):
            losses.hard_combination_loss(torch.ones(shape), torch.ones(4), broadcast)
    with pytest.raises(ValueError, match="not both"):
        losses.hard_combination_loss(torch.ones(4, 1), torch.ones(4, 1))


# MMANet


def test_distillation_of_vectors():
    data = load("mmanet_mad_cls")
    student, teacher, logits = leaf(data["fs"]), leaf(data["ft"]), leaf(data["logits_t"])
    close(losses.entropy_weights(logits), data["entropy"] / data["entropy"].sum())
    assert not losses.entropy_weights(logits).requires_grad
    official = losses.margin_aware_distillation(student, teacher, logits, weight="column")
    close(official, data["loss_official_column_weighted"])
    official.backward()
    close(student.grad, data["grad_fs_official"])
    assert teacher.grad is None
    assert logits.grad is None
    close(losses.margin_aware_distillation(student, teacher, logits), data["loss_row_weighted"])
    weights = data["entropy"] / data["entropy"].sum()
    close(losses.margin_aware_distillation(student, teacher, None, weights=weights), data["loss_row_weighted"])


def test_distillation_of_pixels():
    data = load("mmanet_mad_seg")
    student = leaf(data["fs"])
    official = losses.margin_aware_distillation(student, data["ft"], data["logits_t"], blocks=2)
    close(official, data["loss_official_two_blocks"])
    official.backward()
    close(student.grad, data["grad_fs_official"])
    close(losses.margin_aware_distillation(student, data["ft"], data["logits_t"]), data["loss_full_row"])


def test_distillation_cuts_an_odd_number_of_columns_like_the_release():
    student, teacher = torch.ones(3, 1), torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    # student rows 1 | r r, teacher rows 1 | 1 0 (twice) and 0 | 0 1, with r = 1 / sqrt(2)
    r = 1 / math.sqrt(2)
    rows = [(1 - r) ** 2 + r**2, (1 - r) ** 2 + r**2, 1 + r**2 + (1 - r) ** 2]
    close(losses.margin_aware_distillation(student, teacher, torch.zeros(3, 2), blocks=2), sum(rows) / 3)


def test_mixed_codes_are_contrasted_with_both_samples_by_hand():
    """Mixtures of rows 0 and 1 at a weight of 3/4, with three candidates on the axes and a temperature of 1."""
    codes, order = torch.eye(3), torch.tensor([1, 0, 2])
    mixed = losses.mix(codes, order, 0.75)
    first = math.log(math.exp(0.75) + math.exp(0.25) + 1)  # the same for rows 0 and 1; row 2 stays as it is
    third = math.log(math.e + 2)
    own = (2 * (first - 0.75) + third - 1) / 3
    other = (2 * (first - 0.25) + third - 1) / 3
    close(losses.mix_nce(mixed, codes, order, 0.75, 1.0), 0.75 * own + 0.25 * other)
    valid = torch.tensor([True, True, False])
    narrow = math.log(math.exp(0.75) + math.exp(0.25))
    expected = 0.75 * (narrow - 0.75) + 0.25 * (narrow - 0.25)
    close(losses.mix_nce(mixed, codes, order, 0.75, 1.0, valid), expected)
    strange = torch.where(valid[:, None], codes, 1e6)
    close(losses.mix_nce(mixed, strange, order, 0.75, 1.0, valid), expected)  # no candidate, no influence
    close(losses.mix_nce(mixed, codes, order, 0.75, 1.0, torch.tensor([True, False, False])), 0.0)


def test_the_contrast_over_all_dimensions_is_that_of_each_pair():
    features = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    present = torch.tensor([[1, 1, 1], [1, 1, 0], [1, 1, 0], [0, 1, 1], [1, 0, 0]]).bool()
    every, total = torch.ones(4, dtype=torch.bool), torch.zeros(())
    for student, teacher in ((0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)):
        both = present[:, student] & present[:, teacher]
        total = total + losses.unidirectional_contrast(features[student][both], features[teacher][both], every, 2.0)
    close(losses.undivided_contrast(features, 2.0, present), float(total / 2))


def test_margin_weights_by_hand():
    e = math.exp(-1)
    close(losses.margin_weights(torch.tensor([2.0, 2.0])), [0.5, 0.5])
    raw = [1.0, e**2, e**0.5 * e**0.5]  # distances 0, 2 and 1, of which the mean is 1
    close(losses.margin_weights(torch.tensor([0.0, 2.0, 1.0])), [each / sum(raw) for each in raw])
    close(losses.margin_weights(torch.zeros(4)), [0.25] * 4)


def test_the_gap_in_overlap_by_hand():
    truth = torch.tensor([[[[1, 1, 0, 0]], [[0, 1, 0, 0]], [[0, 0, 0, 0]]]]).bool()
    full = torch.tensor([[[[1, 1, 0, 0]], [[0, 1, 1, 0]], [[0, 0, 0, 0]]]]).bool()  # IoU 1 and 1/2, the third nowhere
    found = torch.tensor([[[[1, 0, 0, 0]], [[0, 0, 0, 1]], [[0, 0, 0, 0]]]]).bool()  # IoU 1/2 and 0
    close(losses.squared_iou_gap(found, full, truth), (0.75 - 0.25) ** 2)
    close(losses.squared_iou_gap(full, full, truth), 0.0)


def test_distillation_with_a_saturated_teacher():
    close(losses.entropy_weights(torch.tensor([[1e4, 0.0], [0.0, 0.0]])), [0.0, 1.0])
    close(losses.entropy_weights(torch.tensor([[1e4, 0.0], [0.0, 1e4], [0.0, -math.inf]])), [1 / 3] * 3)
    student = leaf(torch.randn(4, 5, generator=torch.Generator().manual_seed(0)))
    teacher = torch.zeros(4, 5)
    loss = losses.margin_aware_distillation(student, teacher, 1e4 * torch.eye(4))
    loss.backward()
    close(loss, 1.0)  # unit rows against zero rows, weights that sum to 1
    assert student.grad is not None
    assert student.grad.isfinite().all()


def test_distillation_refuses_unknown_settings():
    features = torch.ones(2, 3)
    with pytest.raises(ValueError, match="'diagonal'"):
        losses.margin_aware_distillation(features, features, features, weight="diagonal")
    with pytest.raises(ValueError, match="logits"):
        losses.margin_aware_distillation(features, features, None)


def test_similarity_preserving_by_hand():
    student, teacher = leaf(torch.eye(2)), leaf(torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    # student relations: the identity; the teacher's: 1 / sqrt(2) everywhere
    loss = losses.similarity_preserving(student, teacher)
    close(loss, (2 * (1 - 1 / math.sqrt(2)) ** 2 + 2 * 0.5) / 4)
    loss.backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert student.grad.any()


def test_weak_combinations_are_mined_like_the_release():
    data = load("mmanet_weak_miner_cls")
    classes = int(data["n_classes"])
    divergence = torch.zeros(len(data["pair_order"]), dtype=torch.float64)
    for epoch, predictions in zip(range(2, int(data["begin_epoch"])), data["predictions"], strict=True):
        shares = torch.stack([torch.bincount(row, minlength=classes) for row in predictions]).double() / 200
        divergence += torch.stack([losses.prediction_divergence(row, shares[-1]) for row in shares[:-1]])
        close(divergence, data["cumulative_distance"][epoch])
    weakest = losses.weakest_combinations(divergence, data["pair_order"])
    assert torch.equal(weakest, data["weak_combinations"])


def test_prediction_divergence_by_hand():
    even, skewed = torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75])
    close(losses.prediction_divergence(even, skewed, softened=False), 0.5 * LN2 + 0.5 * math.log(2 / 3))
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    close(losses.prediction_divergence(one, even, softened=False), LN2)
    assert losses.prediction_divergence(one, other, softened=False) == math.inf
    close(losses.prediction_divergence(one, other), math.tanh(0.5))  # (p - q) ln(p / q), ln(p / q) = 1
    close(losses.prediction_divergence(one, one), 0.0)


def test_weakest_combinations_by_hand():
    two = torch.tensor([[1, 0], [0, 1]])
    assert losses.weakest_combinations(torch.tensor([0.1, 0.3]), two).tolist() == [[0, 1]]
    triples = torch.tensor([[1, 1, 1, 0], [1, 0, 1, 1]])
    expected = [[1, 0, 1, 1], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert losses.weakest_combinations(torch.tensor([0.1, 0.3]), triples).tolist() == expected


# DI-MML


def test_effective_dimensions():
    data = load("dimml_get_indices_d64")
    classes = int(data["n_classes"])
    audio, image = (losses.effective_dimensions(data[key], data["labels"], classes) for key in ("a", "v"))
    assert torch.equal((audio & ~image).nonzero()[:, 0], data["audio_only"])
    assert torch.equal((image & ~audio).nonzero()[:, 0], data["image_only"])
    assert data["a"].shape == data["v"].shape
    scores = losses.dimension_scores(data["a"], data["labels"], classes)
    assert torch.equal(scores > scores.mean(), audio)


@pytest.mark.parametrize("classes", [2, 4])
def test_dimension_scores_by_hand(classes: int):
    labels = torch.tensor([0, 0, 1, 1, 1])
    # Perfect; dead, so that the tie goes to class 0; centroids 1.5 and 3, to which 0, 4 and 4 are nearest.
    features = torch.tensor([[0.0, 0.0, 1.0, 1.0, 1.0], [5.0] * 5, [0.0, 3.0, 1.0, 4.0, 4.0]]).mT
    close(losses.dimension_scores(features, labels, classes), [1.0, 0.4, 0.6])
    assert losses.effective_dimensions(features, labels, classes).tolist() == [True, False, False]


def test_equal_scores_leave_no_dimension_effective():
    features, labels = torch.tensor([[0.0], [3.0], [1.0]]).expand(3, 10), torch.tensor([0, 0, 1])
    close(losses.dimension_scores(features, labels, 2), [2 / 3] * 10)
    assert not losses.effective_dimensions(features, labels, 2).any()


def test_duc_loss():
    data = load("dimml_duc_loss_tau10")
    audio, image, tau = leaf(data["a"]), leaf(data["v"]), float(data["tau"])
    close(losses.unidirectional_contrast(image, audio, data["audio_only"], tau), data["loss_v_from_a"])
    close(losses.unidirectional_contrast(audio, image, data["image_only"], tau), data["loss_a_from_v"])
    effective = torch.zeros(2, 64, dtype=torch.bool)
    effective[0, data["audio_only"]] = True
    effective[1, data["image_only"]] = True
    loss = losses.duc_loss([audio, image], effective, tau)
    close(loss, data["loss"])
    loss.backward()
    close(audio.grad, data["grad_a"])
    close(image.grad, data["grad_v"])


def test_duc_loss_is_finite_where_the_release_overflows():
    data = load("dimml_duc_loss_overflow")
    assert data["official_loss"].isnan()
    audio, image, tau = leaf(data["a"]), leaf(data["v"]), float(data["tau"])
    loss = losses.unidirectional_contrast(image, audio, data["audio_only"], tau)
    loss = loss + losses.unidirectional_contrast(audio, image, data["image_only"], tau)
    loss.backward()
    assert loss.isfinite()
    for features in (audio, image):
        assert features.grad is not None
        assert features.grad.isfinite().all()


def test_unidirectional_contrast_by_hand():
    student, teacher = leaf(torch.eye(2)), leaf(torch.eye(2))
    everything, first = torch.tensor([True, True]), torch.tensor([True, False])
    loss = losses.unidirectional_contrast(student, teacher, everything, 1.0)
    close(loss, SOFTPLUS)
    loss.backward()
    assert student.grad is not None
    assert teacher.grad is None
    close(losses.unidirectional_contrast(student, teacher, first, 1.0), (SOFTPLUS + LN2) / 2)
    close(losses.unidirectional_contrast(student, teacher, torch.tensor([0]), 1.0), (SOFTPLUS + LN2) / 2)
    close(losses.unidirectional_contrast(2 * student, teacher, everything, 2.0), SOFTPLUS)
    close(losses.unidirectional_contrast(student, teacher, ~everything, 1.0), LN2)


def test_duc_loss_by_hand():
    features = torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]).expand(3, 2, 3)
    pair = (SOFTPLUS + LN2) / 2  # logits (1, 0) and (0, 0), in the one dimension that the teacher has to teach
    close(losses.duc_loss(features, torch.eye(3).bool(), 1.0), 6 * pair / 2)
    only_first = torch.tensor([[True, False, False], [False] * 3, [False] * 3])
    close(losses.duc_loss(features, only_first, 1.0), 2 * pair / 2)
    # The third modality has no sample in common with the others, the first two have both samples.
    present = torch.tensor([[True, True, False], [True, True, False]])
    close(losses.duc_loss(features, torch.eye(3).bool(), 1.0, present), 2 * pair / 2)
    # One common sample has nothing to be told from.
    present = torch.tensor([[True, True, False], [True, False, True]])
    close(losses.duc_loss(features, torch.eye(3).bool(), 1.0, present), 0.0)
    with pytest.raises(ValueError, match="expected"):
        losses.duc_loss(features, torch.eye(3).bool(), 1.0, present.mT)


def test_duc_loss_without_anything_to_teach_is_a_differentiable_zero():
    features = leaf(torch.full((2, 4, 3), NAN))
    for arguments in ({"present": torch.zeros(4, 2).bool()}, {}):
        effective = torch.ones(2, 3, dtype=torch.bool)
        loss = losses.duc_loss(features, effective, 1.0, **arguments)
        assert loss.item() == 0
        loss.backward()
        close(features.grad, torch.zeros(2, 4, 3))


def test_certainty_fusion():
    data = load("dimml_certainty_weighting_T1")
    heads = [data["logits_a"], data["logits_v"], data["logits_mm"]]
    weights, fused = losses.certainty_fusion(heads, float(data["temperature"]))
    close(weights, data["weights"])
    close(fused, data["fused_logits"])
    close((fused.argmax(1) == data["labels"]).double().mean(), data["accuracy"])


def test_certainty_fusion_by_hand():
    logits = torch.tensor([[[0.0, 0.0]], [[math.log(3), 0.0]]])  # certain to 1/2 and to 3/4
    weights, fused = losses.certainty_fusion(logits, 0.25)
    share = 1 / (1 + math.exp(-1))
    close(weights, [[1 - share, share]])
    close(fused, [[share * math.log(3), 0.0]])
    weights, fused = losses.certainty_fusion(logits, 0.25, torch.tensor([[True, False]]))
    close(weights, [[1.0, 0.0]])
    close(fused, [[0.0, 0.0]])
    weights, fused = losses.certainty_fusion(logits, 0.25, torch.tensor([[False, False]]))
    close(weights, [[0.0, 0.0]])
    close(fused, [[0.0, 0.0]])


def test_certainty_fusion_weighs_each_pixel():
    logits = torch.randn(3, 2, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    weights, fused = losses.certainty_fusion(logits)
    assert weights.shape == (2, 3, 4, 4)
    one_weight, one_fused = losses.certainty_fusion(logits[..., 1, 2])
    close(weights[..., 1, 2], one_weight)
    close(fused[..., 1, 2], one_fused)


# GMD


@pytest.mark.parametrize("name", ["gmd_project_mean_official", "gmd_pc_backward_conflict"])
def test_projection_of_seven_gradients(name: str):
    if name == "gmd_project_mean_official":
        data = load("gmd_project_mean_official")
        gradients, merged = data["grads"], data["merged"]
    else:
        data = load("gmd_pc_backward_conflict")
        gradients, merged = data["per_objective_grads"], data["final_grad"]
        targets = data["targets"]
        assert len(targets) == len(gradients)
        cosines = losses.gradient_cosines(gradients)
        assert (cosines.triu(1) < 0).sum() == 12
    shared = data["has_grads"].bool().all(0)
    assert shared.any()
    assert not shared.all()
    close(losses.project_conflicts(gradients, data["perms"], shared), merged)
    summed = losses.project_conflicts(gradients, data["perms"], reduction="sum")
    close(summed, torch.where(shared, 7 * merged, merged))
    close(losses.project_conflicts(gradients, data["perms"]), summed / 7)


def test_projection_of_two_gradients_is_equation_9():
    data = load("gmd_project_pair")
    first, second = data["g"]
    # 4 0 1 and -1 1/2 0: the product is -4, the squares are 17 and 5/4.
    expected = (1 + 4 / 17) * torch.tensor([4.0, 0.0, 1.0]) + (1 + 4 / 1.25) * torch.tensor([-1.0, 0.5, 0.0])
    close(losses.decoupled_pair(first, second), expected)
    close(losses.project_conflicts(data["g"], reduction="sum"), expected)
    close(losses.project_conflicts(data["g"], data["perms"]), expected / 2)
    close(expected / 2, data["merged_conflict"])
    peaceful = torch.stack([first, -second])
    close(losses.project_conflicts(peaceful), data["merged_no_conflict"])
    close(losses.decoupled_pair(first, -second), 2 * data["merged_no_conflict"])
    shared = torch.tensor([True, False, False])
    close(losses.project_conflicts(data["g"], shared=shared), expected * torch.tensor([0.5, 1.0, 1.0]))


def test_projection_visits_in_the_order_given():
    gradients = torch.tensor([[1.0, 0.0], [-1.0, 1.0], [-1.0, -3.0]])
    # 0 off 1: (1 0) + 0.5 (-1 1) = (0.5 0.5); off 2, product -2, square 10: + 0.2 (-1 -3) = (0.3 -0.1).
    # 0 off 2: (1 0) + 0.1 (-1 -3) = (0.9 -0.3); off 1, product -1.2, square 2: + 0.6 (-1 1) = (0.3 0.3).
    # 1 off 0: (0 1); off 2, product -3, square 10: + 0.3 (-1 -3) = (-0.3 0.1).
    # 2 off 0: (0 -3); off 1, product -3, square 2: + 1.5 (-1 1) = (-1.5 -1.5).
    rest = [[-0.3, 0.1], [-1.5, -1.5]]
    for order, first in (([0, 1, 2], [0.3, -0.1]), ([2, 1, 0], [0.3, 0.3])):
        orders = torch.tensor([order, [0, 1, 2], [0, 1, 2]])
        expected = torch.tensor([first, *rest])
        close(losses.decoupled_gradients(gradients, orders), expected)
        close(losses.project_conflicts(gradients, orders, reduction="sum"), expected.sum(0))
        close(losses.project_conflicts(gradients, orders), expected.mean(0))


def test_projection_draws_its_orders():
    gradients = torch.tensor([[1.0, 0.0], [-1.0, 1.0], [-1.0, -3.0]])
    draws = [losses.project_conflicts(gradients, generator=torch.Generator().manual_seed(0)) for _ in range(2)]
    assert torch.equal(*draws)
    ends = {tuple(losses.project_conflicts(gradients, reduction="sum").tolist()) for _ in range(50)}
    assert len(ends) > 1


def test_merge_gradients_by_hand():
    gradients, shared = torch.tensor([[1.0, 2.0], [3.0, 6.0]]), torch.tensor([True, False])
    close(losses.merge_gradients(gradients), [2.0, 4.0])
    close(losses.merge_gradients(gradients, shared), [2.0, 8.0])
    close(losses.merge_gradients(gradients, shared, reduction="sum"), [4.0, 8.0])


def test_zero_gradients_project_nothing():
    gradients = torch.tensor([[1.0, 0.0], [0.0, 0.0], [1.0, 2.0]])
    close(losses.project_conflicts(gradients, reduction="sum"), [2.0, 2.0])
    close(losses.project_conflicts(torch.zeros(2, 3)), [0.0, 0.0, 0.0])
    close(losses.decoupled_pair(gradients[0], gradients[1]), [1.0, 0.0])
    with pytest.raises(ValueError, match="'median'"):
        losses.project_conflicts(gradients, reduction="median")


def test_gradient_rules_accumulate_beyond_half_precision():
    first = torch.full((4000,), 60.0, dtype=torch.float16)  # its square, 1.44e7, is infinite in half precision
    second = torch.cat([-first[:3000], torch.zeros_like(first[3000:])])
    gradients = torch.stack([first, second])
    close(losses.gradient_cosines(gradients), [[1.0, -math.sqrt(0.75)], [-math.sqrt(0.75), 1.0]])
    # The conflict is 3/4 of the first's square and all of the second's: 1.75 of the one, 2 of the other.
    expected = torch.cat([torch.full((3000,), 1.75 * 60 - 2 * 60), torch.full((1000,), 1.75 * 60)])
    assert losses.decoupled_pair(first, second).dtype == torch.float16
    close(losses.decoupled_pair(first, second), expected)
    close(losses.project_conflicts(gradients, reduction="sum"), expected)


def test_gradient_cosines_by_hand():
    gradients = torch.tensor([[3.0, 4.0], [4.0, -3.0], [-6.0, -8.0], [0.0, 0.0], [1e-25, 0.0]])
    expected = [
        [1.0, 0.0, -1.0, 0.0, 0.6],
        [0.0, 1.0, 0.0, 0.0, 0.8],
        [-1.0, 0.0, 1.0, 0.0, -0.6],
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [0.6, 0.8, -0.6, 0.0, 1.0],
    ]
    close(losses.gradient_cosines(gradients), expected)


def test_soft_dice_of_all_combinations():
    data = load("gmd_full_enumeration_dice")
    results = []
    for subset in data["subsets"]:
        present = subset.bool().expand(2, 4)
        results.append(losses.soft_dice_loss(losses.mean_over_present(data["logits"], present), data["target"]))
    close(torch.stack(results), data["losses"])
    close(torch.stack(results).mean(), data["mean_loss"])


def test_soft_dice_by_hand():
    logits, target = torch.tensor([[[100.0, -100.0], [100.0, 100.0]]]), torch.tensor([[[1, 1], [0, 0]]])
    # First class: overlap 1, sizes 1 and 2. Second: overlap 0, sizes 2 and 0.
    close(losses.soft_dice_loss(logits, target), 1 - (3 / 4 + 1 / 3) / 2)
    close(losses.soft_dice_loss(logits, target, smooth=0.5), 1 - (2.5 / 3.5 + 0.5 / 2.5) / 2)
    volume = torch.full((1, 1, 80_000), 10.0, dtype=torch.float16)
    close(losses.soft_dice_loss(volume, torch.ones_like(volume)), 0.5 * (1 - volume[0, 0, 0].float().sigmoid()))
    with pytest.raises(ValueError, match="differ in shape"):
        losses.soft_dice_loss(logits, target[:, :1])


# GMC and M3ixup


def test_gmc_loss():
    data = load("gmc_losses_tau0p1")
    codes, tau = leaf(data["reps"]), float(data["tau"])
    assert data["joint_index"] == 3
    loss = losses.gmc_loss(codes[3], codes[:3], tau)
    close(loss, data["infonce"])
    loss.backward()
    close(codes.grad, data["grad_infonce"])
    close(losses.gmc_loss(codes[3], codes[:3], tau, joints_as_negatives=True), data["joints_as_negatives"])
    close(loss + F.l1_loss(data["prediction"], data["target"]), data["supervised_total"])
    everything = torch.ones(10, 3, dtype=torch.bool)
    for variant in (False, True):
        plain = losses.gmc_loss(codes[3], codes[:3], tau, joints_as_negatives=variant)
        close(losses.gmc_loss(codes[3], list(codes[:3]), tau, everything, variant), plain)


def test_nt_xent_by_hand():
    basis = torch.eye(3)
    pair = math.log(math.e + 2) - 1  # own partner at 1, the two vectors of the other pair at 0
    close(losses.nt_xent(basis[:2], basis[:2], 1.0), [pair] * 4)
    close(losses.nt_xent(2 * basis[:2], 2 * basis[:2], 4.0), [pair] * 4)
    close(losses.nt_xent(2 * basis[:2], 2 * basis[:2], 1.0), [math.log(math.exp(4) + 2) - 4] * 4)
    valid = torch.tensor([True, True, False])
    close(losses.nt_xent(basis, basis, 1.0, valid), [pair, pair, 0.0] * 2)
    close(losses.nt_xent(basis, basis, 1.0, torch.tensor([False, True, False])), [0.0] * 6)
    close(losses.nt_xent(basis, basis, 1.0, torch.tensor([False] * 3)), [0.0] * 6)
    close(losses.nt_xent(basis[:1], basis[:1], 1.0), [0.0, 0.0])
    with pytest.raises(ValueError, match="does not fit"):
        losses.nt_xent(basis, basis, 1.0, valid[:2])


def test_nt_xent_with_valid_is_nt_xent_of_the_valid():
    first, second = leaf(unit(6, 4)), leaf(unit(6, 4, seed=1))
    valid = torch.tensor([True, False, True, True, False, True])
    some = losses.nt_xent(first, second, 0.3, valid)
    alone = losses.nt_xent(first[valid], second[valid], 0.3)
    close(some[valid.repeat(2)], alone)
    close(some[~valid.repeat(2)], torch.zeros(4))
    for input in (first, second):
        (mine,) = torch.autograd.grad(some.sum(), input, retain_graph=True)
        (expected,) = torch.autograd.grad(alone.sum(), input, retain_graph=True)
        close(mine, expected)


def test_gmc_loss_with_absent_modalities_by_hand():
    joint, codes = torch.eye(2), torch.eye(2).expand(2, 2, 2)
    pair = math.log(math.e + 2) - 1
    present = torch.tensor([[True, False], [True, True]])
    close(losses.gmc_loss(joint, codes, 1.0), 2 * pair)
    close(losses.gmc_loss(joint, codes, 1.0, present), pair)  # one second code has no negatives: 0
    # With joints as negatives each of the 6 pairs of 3 samples adds log(1 + 1) - 1; one is missing.
    joint, codes = torch.eye(3), torch.eye(3).expand(2, 3, 3)
    present = torch.tensor([[True, False], [True, True], [True, True]])
    close(losses.gmc_loss(joint, codes, 1.0, joints_as_negatives=True), 6 * (LN2 - 1) / 3)
    close(losses.gmc_loss(joint, codes, 1.0, present, joints_as_negatives=True), 5 * (LN2 - 1) / 3)
    alone = leaf(joint[:1])
    for variant in (False, True):
        loss = losses.gmc_loss(alone, codes[:, :1], 1.0, joints_as_negatives=variant)
        loss.backward()
        assert loss.item() == 0


def test_gmc_code_by_hand():
    joint = torch.tensor([[7.0, 7.0], [NAN, NAN], [NAN, NAN]])
    codes = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])[:, None].expand(3, 3, 2)
    present = torch.tensor([[True, True, True], [True, True, False], [False, True, False]])
    close(losses.gmc_code(joint, codes, present), [[7.0, 7.0], [0.5, 0.5], [0.0, 1.0]])


def test_mix_by_hand():
    values, permutation = torch.tensor([[1.0], [3.0], [5.0]]), torch.tensor([1, 2, 0])
    close(losses.mix(values, permutation, 0.75), [[1.5], [3.5], [4.0]])
    close(losses.mix(values, permutation, torch.tensor(1.0)), values)


def test_mixed_view_by_hand():
    codes, omega = torch.eye(3)[None], torch.tensor([[math.log(3), math.log(4), 0.0]])
    view, coefficients = losses.mixed_view(codes, omega)
    close(coefficients, [[3 / 8, 4 / 8, 1 / 8]])
    close(view, torch.tensor([[3.0, 4.0, 1.0]]) / math.sqrt(26))
    view, coefficients = losses.mixed_view(codes, omega, torch.tensor([[True, True, False]]))
    close(coefficients, [[3 / 7, 4 / 7, 0.0]])
    close(view, [[0.6, 0.8, 0.0]])


def test_mixed_view_loss_by_hand():
    basis = torch.eye(2)
    codes = torch.stack([basis, basis], 1)
    coefficients = torch.tensor([[0.25, 0.75], [0.5, 0.5]])
    pair = math.log(math.e + 2) - 1
    close(losses.mixed_view_loss(basis, coefficients, basis, codes, 1.0), 2 * pair)
    # Without the second modality only the joint code's part and the first's are left.
    present = torch.tensor([[True, False], [True, False]])
    close(losses.mixed_view_loss(basis, torch.tensor([[1.0, 0.0]] * 2), basis, codes, 1.0, present), 2 * pair)
    close(
        losses.mixed_view_loss(basis, coefficients, basis, codes, 1.0, present),
        pair + (0.25 + 0.5) / 2 * pair,
    )


def test_adapt_and_explore():
    data = load("m3ixup_proposed_adapt_explore")
    codes, joint, start, tau = (
        leaf(data["mods"]),
        leaf(data["joint"]),
        leaf(data["omega0"]),
        float(data["tau"]),
    )
    view, coefficients = losses.mixed_view(codes, start)
    initial = losses.mixed_view_loss(view, coefficients, joint, codes, tau)
    close(coefficients, data["lam_initial"])
    close(initial, data["loss_initial"])
    settings = {"steps": int(data["steps"]), "rho": float(data["rho"]), "eta": float(data["eta"])}
    found = losses.adapt_and_explore(joint, codes, tau, start, **settings)
    close(found.adapted, data["lam_adapt"])
    close(found.explored, data["lam_explore"])
    close(found.adapt_loss, data["loss_adapt"])
    close(found.explore_loss, data["loss_explore"])
    assert found.adapt_loss < initial < found.explore_loss
    assert not found.adapted.requires_grad
    assert not found.explored.requires_grad
    (found.adapt_loss + found.explore_loss).backward()
    close(codes.grad, data["grad_mods"])
    close(joint.grad, data["grad_joint"])
    assert start.grad is None
    with torch.no_grad():
        close(losses.adapt_and_explore(joint, codes, tau, start, **settings).explore_loss, data["loss_explore"])


# What is absent

PRESENT = torch.tensor([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1], [1, 1, 1]]).bool()
JOINT = unit(6, 8, seed=5)
WEIGHTS = torch.randn(6, 8, generator=torch.Generator().manual_seed(6))
OMEGA = torch.randn(6, 3, generator=torch.Generator().manual_seed(7))
EFFECTIVE = torch.tensor([[1, 1, 0, 0, 0, 0, 1, 0], [0, 0, 1, 1, 0, 0, 1, 0], [0, 0, 0, 0, 1, 1, 0, 1]]).bool()


Formula = Callable[[Tensor, Tensor, Tensor], Tensor]


def view_loss(codes: Tensor, joint: Tensor, omega: Tensor) -> Tensor:
    view, coefficients = losses.mixed_view(codes.transpose(0, 1), omega, PRESENT)
    return losses.mixed_view_loss(view, coefficients, joint, codes.transpose(0, 1), 0.3, PRESENT)


def exploration_loss(codes: Tensor, joint: Tensor, omega: Tensor) -> Tensor:
    found = losses.adapt_and_explore(joint, codes.transpose(0, 1), 0.3, omega, present=PRESENT)
    return found.adapt_loss + found.explore_loss


WITH_ABSENT: dict[str, Formula] = {
    "mean_over_present": lambda codes, _, __: (losses.mean_over_present(codes, PRESENT) * WEIGHTS).sum(),
    "duc_loss": lambda codes, _, __: losses.duc_loss(codes, EFFECTIVE, 0.5, PRESENT),
    "certainty_fusion": lambda codes, _, __: (losses.certainty_fusion(codes, 0.2, PRESENT)[1] * WEIGHTS).sum(),
    "nt_xent": lambda codes, joint, _: losses.nt_xent(joint, codes[1], 0.3, PRESENT[:, 1])[:9].sum(),
    "gmc_loss": lambda codes, joint, _: losses.gmc_loss(joint, codes, 0.3, PRESENT),
    "gmc_loss, joints": lambda codes, joint, _: losses.gmc_loss(joint, codes, 0.3, PRESENT, True),
    "gmc_code": lambda codes, joint, _: (losses.gmc_code(joint, codes, PRESENT) * WEIGHTS).sum(),
    "mixed_view_loss": view_loss,
    "adapt_and_explore": exploration_loss,
}


@pytest.mark.parametrize("name", WITH_ABSENT)
@pytest.mark.parametrize("content", [NAN, math.inf, 3.0])
def test_what_is_absent_has_no_influence(name: str, content: float):
    absent = ~PRESENT.mT
    clean = [leaf(unit(3, 6, 8)), leaf(JOINT), leaf(OMEGA)]
    filled = [
        leaf(clean[0].detach().masked_fill(absent[..., None], content)),
        leaf(JOINT),
        leaf(OMEGA.masked_fill(~PRESENT, content)),
    ]
    expected, found = WITH_ABSENT[name](*clean), WITH_ABSENT[name](*filled)
    assert expected.isfinite()
    assert torch.equal(found, expected)
    expected.backward()
    found.backward()
    assert clean[0].grad is not None
    assert clean[0].grad.any()
    assert not clean[0].grad[absent].any()
    assert clean[2].grad is None or not clean[2].grad[~PRESENT].any()
    for mine, other in zip(filled, clean, strict=True):
        assert (mine.grad is None) == (other.grad is None)
        assert mine.grad is None or torch.equal(mine.grad, other.grad)


def test_coefficients_of_absent_modalities_stay_zero():
    found = losses.adapt_and_explore(JOINT, unit(6, 3, 8), 0.3, OMEGA, present=PRESENT)
    for coefficients in (found.adapted, found.explored):
        assert not coefficients[~PRESENT].any()
        close(coefficients.sum(1), torch.ones(6))


# Devices


GENERATOR = torch.Generator()


def test_yes_no_fusion_is_certainty_fusion_of_yes_against_no():
    logits = 3 * torch.randn(3, 6, generator=GENERATOR.manual_seed(0))
    weights, fused = losses.yes_no_fusion(logits, 0.7, PRESENT)
    two = torch.stack([logits, torch.zeros_like(logits)], 2)
    expected_weights, expected = losses.certainty_fusion(two, 0.7, PRESENT)
    torch.testing.assert_close(weights, expected_weights)
    torch.testing.assert_close(fused, expected[:, 0] - expected[:, 1])


def test_words_are_mixed_place_by_place_and_never_into_new_words():
    words = torch.arange(1, 5)[:, None, None].expand(4, 2, 1000).float()
    other = torch.tensor([1, 0, 3, 2])
    found = losses.mix_words(words, other, 0.7, GENERATOR.manual_seed(0))
    own = found == words
    assert torch.equal(own | (found == words[other]), torch.ones_like(own))
    assert torch.equal(own[:, 0], own[:, 1])
    assert (own.float().mean((1, 2)) - 0.7).abs().max() < 0.06
    assert torch.equal(losses.mix_words(words, other, 1.0, GENERATOR.manual_seed(0)), words)


class Inputs(NamedTuple):
    joint: Tensor
    codes: Tensor
    present: Tensor
    omega: Tensor
    effective: Tensor
    labels: Tensor
    orders: Tensor

    def to(self, device: str) -> "Inputs":
        return Inputs(*(tensor.to(device) for tensor in self))


INPUTS = Inputs(
    joint=JOINT,
    codes=unit(3, 6, 8),
    present=PRESENT,
    omega=OMEGA,
    effective=EFFECTIVE,
    labels=torch.tensor([0, 1, 2, 0, 1, 2]),
    orders=torch.tensor([[1, 2, 0], [0, 2, 1], [2, 0, 1]]),
)


def everything(inputs: Inputs) -> dict[str, Tensor]:
    """One call of each public function."""
    joint, codes, present, omega, effective, labels, orders = inputs
    row, vector, gradients, batch_first = codes[0], joint[:, 0], codes.flatten(1), codes.transpose(0, 1)
    total, number = losses.combination_statistics(vector, labels, 4)
    view, coefficients = losses.mixed_view(batch_first, omega, present)
    found = losses.adapt_and_explore(joint, batch_first, 0.3, omega, present=present)
    return {
        "sample_present": losses.sample_present(6, 3, GENERATOR.manual_seed(0), present.cpu()).to(present.device),
        "gaussian_sample": losses.gaussian_sample(row, joint, row),
        "gaussian_kl": losses.gaussian_kl(row, joint),
        "combination_statistics": total + number,
        "hardest_combinations": losses.hardest_combinations(total, number, 2),
        "hard_combination_loss": losses.hard_combination_loss(vector, vector > 0),
        "entropy_weights": losses.entropy_weights(row),
        "margin_aware_distillation": losses.margin_aware_distillation(row, joint, row, blocks=2),
        "discrepancy_ratios": losses.discrepancy_ratios(vector.abs()),
        "modulation": losses.modulation(vector.abs() * 2, 0.3),
        "enhanced": losses.enhanced(row, vector[0], joint),
        "pareto_weights": losses.pareto_weights(row[0], -joint[0]),
        "rescaled": losses.rescaled(row, joint, vector[:2].softmax(0), 1.5),
        "uncertainty_shares": losses.uncertainty_shares(vector.abs()),
        "margin_weights": losses.margin_weights(vector.abs()),
        "similarity_preserving": losses.similarity_preserving(row, joint),
        "squared_iou_gap": losses.squared_iou_gap(*(maps[..., None, None] > 0 for maps in (row, joint, codes[1]))),
        "prediction_divergence": losses.prediction_divergence(vector.softmax(0), row[:, 0].softmax(0)),
        "weakest_combinations": losses.weakest_combinations(vector, present.long()),
        "dimension_scores": losses.dimension_scores(row, labels, 4),
        "effective_dimensions": losses.effective_dimensions(row, labels, 4),
        "unidirectional_contrast": losses.unidirectional_contrast(row, joint, effective[0], 0.5),
        "duc_loss": losses.duc_loss(codes, effective, 0.5) + losses.duc_loss(codes, effective, 0.5, present),
        "undivided_contrast": losses.undivided_contrast(codes, 0.5, present),
        "certainty_fusion": losses.certainty_fusion(codes, available=present)[1],
        "yes_no_fusion": losses.yes_no_fusion(codes, available=present)[1],
        "project_conflicts": losses.project_conflicts(gradients, orders)
        + losses.project_conflicts(gradients, generator=GENERATOR.manual_seed(0)),
        "decoupled_gradients": losses.decoupled_gradients(gradients, orders),
        "merge_gradients": losses.merge_gradients(gradients),
        "decoupled_pair": losses.decoupled_pair(vector, row[:, 0]),
        "gradient_cosines": losses.gradient_cosines(gradients),
        "soft_dice_loss": losses.soft_dice_loss(row, joint > 0),
        "mean_over_present": losses.mean_over_present(codes, present),
        "nt_xent": losses.nt_xent(joint, row, 0.3, present[:, 0]),
        "gmc_loss": losses.gmc_loss(joint, codes, 0.3, present)
        + losses.gmc_loss(joint, codes, 0.3, present, joints_as_negatives=True),
        "gmc_code": losses.gmc_code(joint, codes, present),
        "mix": losses.mix(row, labels, 0.3),
        "mix_nce": losses.mix_nce(row, joint, labels, 0.3, 0.3, present[:, 0]),
        "mix_words": losses.mix_words(batch_first, labels, 0.3, GENERATOR.manual_seed(0)),
        "mixed_view": view,
        "mixed_view_loss": losses.mixed_view_loss(view, coefficients, joint, batch_first, 0.3, present),
        "adapt_and_explore": found.adapt_loss + found.explore_loss,
    }


def test_helper_tensors_are_made_where_the_inputs_are():
    expected = everything(INPUTS)
    public = {
        name
        for name, value in vars(losses).items()
        if inspect.isfunction(value) and value.__module__.startswith(losses.__name__) and not name.startswith("_")
    }
    assert set(expected) == public
    with torch.device("meta"):  # where a tensor goes if nobody says where; it would be of no use to the inputs
        found = everything(INPUTS)
    for name, value in found.items():
        assert value.device.type == "cpu", name
        assert torch.equal(value, expected[name]), name


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_the_processor():
    expected = everything(INPUTS)
    for name, value in everything(INPUTS.to("cuda")).items():
        assert value.device.type == "cuda", name
        torch.testing.assert_close(value.cpu(), expected[name], rtol=1e-4, atol=1e-4)
