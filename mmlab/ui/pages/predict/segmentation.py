"""Segmentation of an image, or of a whole scan, of which three planes are shown: the prediction of each method, against
the ground truth or against complete input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.robustness import region_overlap
from mmlab.core.errors import MmlabError
from mmlab.core.modality import Combination
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.outputs import Prediction, Segmentation
from mmlab.core.outputs.label_masks import labelled_flags, region_flags
from mmlab.core.phrases import say
from mmlab.core.recordings import Picture, Raw
from mmlab.ui.session import cache
from mmlab.ui.text import refusals, wording
from mmlab.viz.inputs import recordings
from mmlab.viz.predict import combination_lattice, planes, prediction_cards, segmentation

RANK = 3  # of scans as a whole
SURE = 0.5  # probability from which on a place is found
Flags = NDArray[np.bool_]
Truth = region_overlap.Truth
Floats = NDArray[np.floating]
Answers = Mapping[str, Prediction]


def cards(
    output: Segmentation,
    kind: str,
    world: cache.ModelInputs,
    answers: Mapping[str, Answers | MmlabError],
    truth: Truth | None,
    on: Combination,
    whole: Combination,
    recorded: Raw | None = None,
    warnings: Mapping[str, str] | None = None,
) -> str:
    """What each method finds from `on`, as HTML, over the first of its inputs, which is of this `kind`; a method
    without answers says why. recorded: that input as it came, which may say how large its pixels are.
    warnings: by method why not to rely on its answer."""
    base = recordings.greys(kind, world.arrays[on.names[0]])
    at = _voxel(answers, whole, truth)
    shown, broken = [], []
    somewhere = np.zeros(len(output.regions), bool) if truth is None else anywhere(truth)
    unlabelled = truth is not None and not labelled_flags(truth).all()
    for method, found in answers.items():
        if isinstance(found, MmlabError):
            broken.append(prediction_cards.complaint(cache.title(method), *refusals.both(found)))
        else:
            size = _size(_regions(found[on.key])[0], base > 0, output.pixel, side_of(recorded, base.shape[-1]))
            for each in (found[on.key], found[whole.key]):
                somewhere = np.asarray(somewhere | anywhere(_regions(each)))
            view = View(base, at, kind)
            drawn = _found(cache.title(method), output, view, found[on.key], found[whole.key], truth, size)
            shown.append(replace(drawn, warning=(warnings or {}).get(method, "")))
    names = [say(name) for name in output.region_names]
    legend = segmentation.legend(names, truth is not None, somewhere, unlabelled)
    return segmentation.cards(shown) + legend + "".join(broken)


def states(
    output: Segmentation,
    answers: Answers,
    whole: Combination,
    names: Mapping[str, tuple[str, ...]],
    truth: Truth | None,
) -> list[combination_lattice.State]:
    """The lattice's nodes: the overlap with the truth, or with the answer from everything; good from some overlap on.

    The answer from everything has no overlap with itself that would say anything.
    """
    against = _regions(answers[whole.key]) if truth is None else truth
    found = []
    for key, prediction in answers.items():
        score = region_overlap.overlap(output, _regions(prediction), against)
        good = score >= output.least_overlap
        said = _told(output, math.nan if truth is None and key == whole.key else score)
        found.append(combination_lattice.State(names[key], said, None, None if truth is None else good, good))
    return found


def truth_of(target: object) -> Truth | None:
    """The regions that are really there, where they are known; below 0 where nobody labelled a pixel."""
    return target if isinstance(target, np.ndarray) and target.ndim > 2 else None


def anywhere(regions: Truth) -> Flags:
    """Whether each region is at any place, `[R]`."""
    return np.asarray(region_flags(regions).reshape(len(regions), -1).any(1))


@dataclass(frozen=True)
class View:
    """What lies under regions. base: greys `[H, W]`, or `[D, H, W]`; at: the voxel whose planes are shown; kind: of
    input."""

    base: NDArray[np.floating]
    at: tuple[int, ...]
    kind: str

    def flat(self, maps: NDArray[Any]) -> NDArray[Any]:
        """Maps `[..., H, W]` as they are, of a scan `[..., D, H, W]` its planes."""
        return planes.three(maps, self.at) if self.base.ndim == RANK else maps

    @property
    def of_scan(self) -> bool:
        """Whether what is shown are slices of scans, which are called that."""
        return self.base.ndim == RANK or modality_kind(self.kind).sliced


def _voxel(answers: Mapping[str, Answers | MmlabError], whole: Combination, truth: Truth | None) -> tuple[int, ...]:
    """Of whole scans, the voxel whose planes are shown: where most of the truth is, or else of an answer. It stays
    when an input is switched."""
    known = (
        [region_flags(truth)]
        if truth is not None
        else [_regions(each[whole.key]) for each in answers.values() if _works(each)]
    )
    of_scans = [regions for regions in known if planes.is_scan(regions)]
    return planes.middle_of(of_scans[0]) if of_scans else ()


def _works(found: Answers | MmlabError) -> TypeGuard[Answers]:
    return not isinstance(found, MmlabError)


def panels(
    base: NDArray[np.floating], chances: NDArray[Any], against: Truth, title: str, of_scan: bool
) -> list[tuple[str, str]]:
    """Prediction, difference and uncertainty: captions with drawings. of_scan: whether it is a slice of a scan."""
    found = np.asarray(chances > SURE)
    unknown, hatched = unlabelled(against)
    lines = unknown + segmentation.outlines(region_flags(against), dashed=True) + segmentation.numbers(found)
    change = segmentation.changes(region_overlap.difference(found, against))
    unsure_of = segmentation.uncertainties(region_overlap.uncertainty(chances))
    where = say("Prediction of {model} over the picture", model=title)
    if of_scan:
        where = say("Prediction of {model} over the slice", model=title)
    off = say("False positives and false negatives of {model}", model=title)
    where, off = where + hatched, off + hatched
    unsure = say("Uncertainty of {model}: brighter is more", model=title)
    return [
        (say("found"), segmentation.panel(base, segmentation.fills(found), lines, where)),
        (say("difference"), segmentation.panel(base, change, unknown, off)),
        (say("uncertainty"), segmentation.panel(base, unsure_of, "", unsure)),
    ]


def true_regions(base: NDArray[np.floating], truth: Truth) -> tuple[str, str]:
    """The truth over a slice `[H, W]`, as a caption with its drawing."""
    unknown, hatched = unlabelled(truth)
    said = say("Ground truth over the slice") + hatched
    return say("truth"), segmentation.panel(base, segmentation.fills(region_flags(truth)), unknown, said)


def unlabelled(truth: Truth) -> tuple[str, str]:
    """Stripes over what nobody labelled of a picture `[R, H, W]`, and what a drawing with them says for who cannot see
    it; both empty where everything is labelled."""
    drawn = segmentation.hatched(~labelled_flags(truth))
    return drawn, f". {say('Hatched: unlabelled, not counted.')}" if drawn else ""


def _found(
    title: str,
    output: Segmentation,
    view: View,
    now: Prediction,
    whole: Prediction,
    truth: Truth | None,
    size: str,
) -> segmentation.RegionPrediction:
    found, everything = _regions(now), _regions(whole)
    against = everything if truth is None else truth
    scores = region_overlap.by_region(output, found, against)
    names = output.region_names
    kept = region_overlap.overlap(output, found, everything)
    change = say("This is the prediction from all available inputs.")
    if now != whole and not np.array_equal(found, everything):
        change = say("Overlap with its prediction from all inputs: {dice}.", dice=output.goodness_text(kept))
    measure = output.of_one_region
    named = say("{measure} with the truth", measure=measure)
    if truth is None:
        named = say("{measure} with its prediction from all inputs", measure=measure)
    many = len(names) > segmentation.FEW  # of many regions, those that are neither there nor found are left out
    places = [place for place, there in enumerate(anywhere(found | region_flags(against))) if there or not many]
    said_of = segmentation.numbered([say(name) for name in names])
    rows = [
        segmentation.Score(said_of[place], float(scores[place]), output.goodness_text(scores[place]))
        for place in places
    ]
    if truth is None and now == whole:  # an answer beside itself: no score of anything
        rows, named = [], say("The ground truth is unknown, so this prediction has no {measure}.", measure=measure)
        places = []
    overlap = math.nan if truth is None and now == whole else region_overlap.overlap(output, found, against)
    count = int(anywhere(found).sum())
    said = say("{count} of {total} regions.", count=count, total=len(names)) if many else size
    drawn = panels(view.flat(view.base), view.flat(_chances(now)), view.flat(against), title, view.of_scan)
    return segmentation.RegionPrediction(
        title,
        wording.answer(now.answer),
        said,
        drawn,
        rows,
        named,
        change,
        places,
        len(names),
        measure=measure,
        overlap=_told(output, overlap),
        good=None if truth is None else overlap >= output.least_overlap,
    )


def _told(output: Segmentation, overlap: float) -> str:
    """The overlap of all regions in words; a dash for NaN."""
    return f"{output.overlap_name} {output.goodness_text(overlap)}"


def side_of(recorded: Raw | None, across: int) -> float:
    """The side in mm of a pixel of a picture that was fitted into `across` pixels; 0 where the recording says none."""
    if not isinstance(recorded, Picture):
        return 0.0
    return recorded.pixel * max(recorded.pixels.shape[:2]) / across


def _size(region: Flags, head: Flags, pixel: float | None, side: float = 0.0) -> str:
    """How large the outermost region is: of the head in a task of heads, whose pixels are all `pixel` mm; else of the
    picture, and in real units where its own pixels have a `side` in mm."""
    if region.ndim == RANK:
        share = wording.percent(region_overlap.share_of_head(region, head))
        return say("{count} voxels, {share} of the scan", count=f"{int(region.sum()):,}", share=share)
    if not region.any():
        return say("No pixel of the picture.") if pixel is None else say("No pixel of the slice.")
    if pixel is not None:
        head_share = wording.percent(region_overlap.share_of_head(region, head))
        area = wording.area(float(region.sum()) * pixel**2)
        return say("{area}, {share} of the head in this slice", area=area, share=head_share)
    share = say("{share} of the picture", share=wording.percent(float(region.mean())))
    return f"{wording.area(float(region.sum()) * side**2)}, {share}" if side else share


def _regions(prediction: Prediction) -> Flags:
    return np.asarray(_chances(prediction) > SURE)


def _chances(prediction: Prediction) -> NDArray[np.float16]:
    assert isinstance(prediction.value, np.ndarray)
    return prediction.value
