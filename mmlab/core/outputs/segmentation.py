"""Segmentation of an image or of a whole scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.errors import Unsupported
from mmlab.core.outputs.base import Output, thirds
from mmlab.core.outputs.hausdorff import hausdorff95
from mmlab.core.outputs.label_masks import UNLABELLED, labelled_mask, region_mask, spatial_dims, zero_unlabelled
from mmlab.core.outputs.prediction import Prediction
from mmlab.core.outputs.region_losses import HEAVIEST, foreground_loss, picture_loss
from mmlab.core.outputs.reliability_counts import BINS, binary_entropy, reliability_counts

# What a sweep keeps of each region of a sample. Pixels: in both, found, there. Then: distance of the outlines, mean
# entropy per pixel (nats), and for `BINS` equal bins of probability the pixels in them, how many of those are there,
# and the sum of their probabilities
SHARED, FOUND, THERE, DISTANCE, ENTROPY = range(5)
KEPT = 5 + 3 * BINS
COUNTED = slice(5, 5 + BINS)  # of these columns, those that say how many pixels are labelled
GOOD_DICE = 0.7
FEW_REGIONS = 8
MEASURED_BY = "measured_by"  # in a card: the headline, where it is not that of nested regions
OLD_UNKNOWN = 1.0  # what earlier cards say of a pixel whose side is not known


@dataclass(frozen=True)
class Segmentation(Output):
    """Regions of an image, a binary mask each (they may be nested); for a whole scan, per voxel.

    Logits and targets are `[B, R, H, W]`, or `[B, R, D, H, W]`; statements about pixels also hold for voxels.

    names: of the regions, for display. pixel: the side of a pixel in mm, None if it is unknown or differs between
    samples; distances are then in pixels. ignore: the labels that mark unlabelled pixels in a label map; these are
    neither trained on nor counted (`label_masks`).

    >>> mmlab.Segmentation(("core", "edema")).channels
    2
    """

    regions: tuple[str, ...]
    names: tuple[str, ...] = ()
    pixel: float | None = None
    weighs_foreground: bool = field(default=False, compare=False)  # of a training, not of the task
    ignore: int | tuple[int, ...] = field(default=(), compare=False)  # of the truth: answers are of the same kind
    kind: ClassVar[str] = "segmentation"
    dense: ClassVar[bool] = True
    yes_or_no: ClassVar[bool] = True
    headline: ClassVar[str] = "case_dice"
    good: ClassVar[str] = f"Dice of at least {GOOD_DICE}"
    least_overlap: ClassVar[float] = GOOD_DICE
    overlap_name: ClassVar[str] = "Dice"  # of one sample; of_one_region: of one of its regions
    of_one_region: ClassVar[str] = "Dice"
    error_name: ClassVar[str] = "1 − Dice"
    goodness_name: ClassVar[str] = "Dice"
    is_one_target: ClassVar[bool] = False
    keeps_logits: ClassVar[bool] = False
    terms: ClassVar[tuple[str, ...]] = ("regions",)
    lacks_classes: ClassVar[str] = "The answer is a picture"

    def __post_init__(self) -> None:
        """One label to be ignored may stand by itself: `ignore=255`."""
        object.__setattr__(self, "ignore", (self.ignore,) if isinstance(self.ignore, int) else tuple(self.ignore))

    def card(self) -> dict[str, Any]:
        """What a checkpoint stores about its output."""
        found = super().card()
        side = found.pop("pixel")
        del found["weighs_foreground"]
        if not found["ignore"]:
            del found["ignore"]
        return found if side is None else {**found, "pixel_mm": side}

    @classmethod
    def from_card(cls, fields: Mapping[str, Any]) -> Self:
        """The output of a card. Earlier ones said `pixel`, which was `OLD_UNKNOWN` where it was not known."""
        found = {name: value for name, value in fields.items() if name not in ("pixel", "pixel_mm", MEASURED_BY)}
        old = fields.get("pixel", OLD_UNKNOWN)
        measured_so = (each for each in Segmentation.__subclasses__() if each.headline == fields.get(MEASURED_BY))
        kind = next(measured_so, Segmentation)
        return cast(Self, kind(**found, pixel=fields.get("pixel_mm", None if old == OLD_UNKNOWN else old)))

    def weighing(self, foreground: bool) -> Self:
        return self if foreground == self.weighs_foreground else replace(self, weighs_foreground=foreground)

    @property
    def ignored(self) -> tuple[int, ...]:
        """`ignore` as several labels."""
        return self.ignore if isinstance(self.ignore, tuple) else (self.ignore,)

    @property
    def channels(self) -> int:
        return len(self.regions)

    @property
    def stored_target_shape(self) -> tuple[int, ...]:
        return (len(self.regions),)

    @property
    def region_names(self) -> tuple[str, ...]:
        """The names of the regions."""
        return self.names or self.regions

    @property
    def told_apart(self) -> tuple[str, ...]:
        """The regions that metrics give a value of their own for; of many, only the IoU does."""
        return self.regions if len(self.regions) <= FEW_REGIONS else ()

    @property
    def targets(self) -> tuple[str, ...]:
        return self.region_names

    @property
    def guessing(self) -> tuple[str, float]:
        return self.headline, 0.0

    @property
    def changed(self) -> str:
        return f"stay below a Dice of {GOOD_DICE}"

    def verdicts(self, known: bool) -> tuple[str, str, str]:
        against = "" if known else " with that of all inputs"
        return f"Dice{against} from {GOOD_DICE}", "below it", super().verdicts(known)[2]

    @property
    def label_count(self) -> int:
        return self.channels + 1

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """Soft Dice (smooth 1) plus binary cross-entropy, averaged over regions, over labelled pixels: `[B]`."""
        truth, known = region_mask(target).to(logits.dtype), labelled_mask(target)
        if self.weighs_foreground:
            return foreground_loss(logits, truth, HEAVIEST, known)
        return picture_loss(logits, truth, known)

    def uncertainty(self, logits: Tensor) -> Tensor:
        return binary_entropy(logits).mean((1, *spatial_dims(logits)))

    def certainty(self, logits: Tensor) -> Tensor:
        probability = logits.sigmoid()
        return torch.maximum(probability, 1 - probability).mean(1, keepdim=True)

    def uncertainty_map(self, logits: Tensor) -> Tensor:
        return binary_entropy(logits).mean(1, keepdim=True)

    def histogram(self, logits: Tensor) -> Tensor:
        counts = self.labels(logits > 0).flatten()
        return torch.bincount(counts, minlength=self.label_count).float() / counts.numel()

    def labels(self, target: Tensor) -> Tensor:
        """How many of the (nested) regions a pixel belongs to; `UNLABELLED` where nobody knows."""
        found, known = region_mask(target).long().sum(1), labelled_mask(target)
        return found if known is None else torch.where(known[:, 0], found, UNLABELLED)

    def score(self, logits: Tensor, target: int) -> Tensor:
        """The region's logits, added up where it was found; everywhere, where it was found nowhere.

        Elsewhere they say what makes the background surer (Vinogradova et al., Towards Interpretable Semantic
        Segmentation via Gradient-weighted Class Activation Mapping, AAAI 2020).
        """
        chosen = logits[:, target]
        found = chosen.clamp(min=0).flatten(1).sum(1)
        return torch.where(found > 0, found, chosen.flatten(1).sum(1))

    def support(self, logits: Tensor, whole: Tensor, target: int) -> NDArray[np.float64]:
        """The mean probability of the region where it was found; of all places, where it was found nowhere."""
        there = whole[target] > 0
        chances = logits[:, target].double().sigmoid()
        return np.asarray((chances[:, there] if bool(there.any()) else chances.flatten(1)).mean(1).numpy())

    def in_words(self, target: Any) -> str:
        return self.words(np.asarray(target) > 0)

    def stacked(self, targets: Sequence[Any]) -> NDArray[Any]:
        return np.stack(targets)

    def value_of(self, target: Tensor) -> NDArray[Any]:
        return np.asarray(target.numpy())

    def categories(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        raise Unsupported(f"{self.lacks_classes}: neighbouring pixels are no independent samples.")

    def correct(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.bool_]:
        return np.asarray(self.overlap(answers) >= self.least_overlap)

    def error(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.float64]:
        """One minus the overlap."""
        return np.asarray(1 - self.overlap(answers))

    def overlap(self, kept: NDArray[Any]) -> NDArray[np.float64]:
        """How well found and true regions of each sample overlap, `[...]`, of what is kept, `[..., R, 3 or more]`.

        The mean of the Dice scores of the regions: 1 of one that is neither there nor found, as in BraTS.
        """
        return np.asarray(dice_of(kept.astype(np.float64)).mean(-1))

    def region_overlap(self, kept: NDArray[Any]) -> NDArray[np.float64]:
        """That of each region, `[..., R]`, to be shown: NaN where it is neither there nor found."""
        return np.where(is_somewhere(kept), dice_of(kept.astype(np.float64)), np.nan)

    def uncertainties(self, answers: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """The mean entropy per pixel, in nats."""
        return {"entropy": answers[..., ENTROPY].astype(np.float64).mean(-1)}

    def slices(self, truth: NDArray[Any]) -> dict[str, tuple[str, ...]]:
        """The size of the largest region."""
        return {"size": thirds(truth.max(-1), ("small", "medium", "large"))}

    def empty_answer(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[Any]:
        """That nothing is found; its distances and uncertainties are as bad as the worst."""
        kept = np.zeros(answers.shape[1:])
        kept[..., COUNTED] = answers[0][..., COUNTED]
        kept[..., THERE] = truth
        for column in (DISTANCE, ENTROPY):
            kept[..., column] = answers[..., column].max(initial=0.0)
        return kept

    def of_region(self, table: NDArray[Any], region: str) -> NDArray[Any]:
        """The row of a region, or those of all of them where none is named, of a table `[N, R]`: `[G, N]`."""
        return table.T if not region else table.T[self.regions.index(region)][None]

    def summarise(self, logits: Tensor, target: Tensor, distances: bool = True) -> Tensor:
        """`[B, R, KEPT]`: counts, distances and reliability per region. Distances not measured are not a number.

        Of labelled pixels: an answer on others is neither right nor wrong, and no part of an outline. How sure a model
        is, the mean entropy, is that of the whole picture, since nobody tells it which pixels those are.
        """
        known, places = labelled_mask(target), spatial_dims(logits)
        found, truth = zero_unlabelled(logits > 0, known), region_mask(target)
        counts = torch.stack([part.sum(places) for part in (found & truth, found, truth)], 2)
        entropy = binary_entropy(logits).mean(places)[..., None]
        far = torch.full_like(entropy, torch.nan)
        if distances:
            masks = [part.flatten(0, 1).cpu().numpy() for part in (found, truth)]
            far = torch.from_numpy(hausdorff95(masks[0], masks[1], self.pixel or 1.0)).view(far.shape).to(far)
        return torch.cat((counts.to(far), far, entropy, reliability_counts(logits, truth, known)), 2)

    def condense_target(self, target: Tensor) -> Tensor:
        """How many pixels of each sample belong to each region, `[B, R]`."""
        return region_mask(target).long().sum(spatial_dims(target))

    def read(self, logits: Tensor) -> Prediction:
        shares, uncertainties, there = [], [], []
        chances = np.empty(logits.shape, np.float16)
        for place, region in enumerate(logits):  # one by one: of a scan as a whole each takes much in full precision
            probability = region.double().sigmoid()
            shares.append(float(probability.mean()))
            uncertainties.append(float(binary_entropy(region.double()).mean()))
            there.append(bool((probability > 0.5).any()))
            chances[place] = probability.numpy()
        named = dict(zip(self.region_names, shares, strict=True))
        return Prediction(self.words(np.array(there)), named, float(np.mean(uncertainties)), chances)

    def words(self, regions: NDArray[np.bool_]) -> str:
        """Which of the regions, bool `[R, ...]`, there are."""
        found = [label for label, region in zip(self.region_names, regions, strict=True) if region.any()]
        return ", ".join(found) or "nothing found"


def dice_of(kept: NDArray[np.floating]) -> NDArray[np.float64]:
    """The Dice score of each sample and region, `[..., R]`, from what a sweep keeps, `[..., R, KEPT]`.

    1 where a region is neither there nor found, as in BraTS.
    """
    size = kept[..., FOUND] + kept[..., THERE]
    return np.where(size > 0, 2 * kept[..., SHARED] / np.maximum(size, 1), 1.0)


def is_labelled(kept: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether a sample has any pixel that somebody labelled, `[..., R]`; without one nothing can be said of it.

    All have where nothing was kept of how many pixels there are.
    """
    pixels = kept[..., COUNTED].sum(-1)
    return np.asarray((pixels > 0) | is_somewhere(kept) | (not pixels.any()))


def is_somewhere(kept: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether each region is there or found in each sample, `[..., R]`."""
    return np.asarray(kept[..., FOUND] + kept[..., THERE] > 0)
