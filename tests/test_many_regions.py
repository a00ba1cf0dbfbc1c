"""More regions than colours: they have numbers, in the picture and in the legend, and a metric that takes them all."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from mmlab.core.outputs import Segmentation
from mmlab.viz.predict import segmentation as drawn

NAMES = tuple(f"thing{place}" for place in range(1, 41))
MANY, TWO = Segmentation(NAMES), Segmentation(("whole", "core"))


def kept(output: Segmentation) -> tuple[np.ndarray, np.ndarray, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand((3, len(output.regions), 12, 12), generator=generator) > 0.6
    logits = torch.randn(truth.shape, generator=generator) + truth
    truth[:, 0], logits[:, 0] = False, -1  # a region that is nowhere
    return output.summarise(logits, truth, False).numpy(), output.condense_target(truth).numpy(), logits > 0, truth


@pytest.mark.parametrize("output", [MANY, TWO])
def test_iou_is_counted_over_all_pixels_of_all_samples(output: Segmentation) -> None:
    answers, truth, found, there = kept(output)
    both, either = ((found & there).sum((0, 2, 3)), (found | there).sum((0, 2, 3)))
    expected = (both[1:] / either[1:]).mean()
    assert output.output_metrics["iou"].of(answers, truth) == pytest.approx(float(expected), rel=1e-6)
    if output is MANY:
        assert output.output_metrics["iou_thing7"].of(answers, truth) == pytest.approx(float(both[6] / either[6]))
        assert np.isnan(output.output_metrics["iou_thing1"].of(answers, truth))


def test_only_iou_is_given_for_each_of_many_regions() -> None:
    single = [name for name in MANY.metric_names if name.partition("_thing")[1]]
    assert single == [f"iou_{name}" for name in NAMES]
    assert {"dice_core", "hd95_core"} <= set(TWO.metric_names)


def test_reliability_of_many_regions_is_that_of_each() -> None:
    answers, _, _, _ = kept(MANY)
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand((3, 40, 12, 12), generator=generator) > 0.6
    logits = torch.randn(truth.shape, generator=generator) + truth
    truth[:, 0], logits[:, 0] = False, -1
    alone = Segmentation(NAMES[:8]).summarise(logits[:, 8:16], truth[:, 8:16], False).numpy()
    np.testing.assert_array_equal(answers[:, 8:16], alone)


def test_many_regions_have_numbers_on_themselves_and_in_the_legend() -> None:
    regions = np.zeros((40, 20, 20), bool)
    regions[2, 2:8, 3:9] = True
    regions[30, 12:18, 10:11] = True
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>(\d+)</text>', drawn.numbers(regions))
    assert [int(number) for _, _, number in found] == [3, 31]
    for x, y, number in found:
        assert regions[int(number) - 1, int(float(y)), int(float(x))]
    legend = drawn.legend(NAMES, True, regions.any((1, 2)))
    assert "3 thing3" in legend
    assert "31 thing31" in legend
    assert "thing4<" not in legend
    assert drawn.colour_of(2, 40) in legend
    assert len({drawn.colour_of(place, 10) for place in range(10)}) == 10
    assert drawn.numbers(regions[:4]) == ""
    assert drawn.numbered(("whole", "core")) == ["whole", "core"]
