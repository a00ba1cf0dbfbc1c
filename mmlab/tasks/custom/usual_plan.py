"""The training plan of a folder unless its task.json says otherwise: by how many samples there are, and how large.

Small data sets take small steps and many passes: about `STEPS` steps in all. A step holds what its activations leave
room for. They are estimated by the places of its inputs (pixels, moments), as measured over forward and backward with
the small networks that read inputs by default (float32; 27 to 42 MB for four slices of 160 pixels, 7.7 MB for two
pictures of 224). DMRNet, which answers several combinations in a step, takes about twice as much for regions.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor, log2, prod
from typing import Any

from mmlab.core.modality_kinds import modality_kind
from mmlab.tasks.custom.task_json import Description

STEPS, EPOCHS, BATCHES = 800, (16, 80), (8, 128)
MOST_SEARCHED, MOST_STEPS, MOST_EPOCHS = 20_000, 10_000, (20, 160)  # where the number of epochs is found on validation
ROOM = 2**29  # bytes of activations of a step
OF_PLACE, OF_DENSE_PLACE = 80, 384  # bytes of activations; the latter where regions are found
FEWEST = 2  # samples of a step, which batch normalisation compares


def usual_plan(description: Description, count: int) -> dict[str, Any]:
    """For so many training samples. Where all inputs are rows of numbers, quick to learn from, the number of passes
    is found on validation.
    """
    size = min(max(2 ** round(log2(max(count, 1) / 8)), BATCHES[0]), BATCHES[1], most_at_once(description))
    searched = count <= MOST_SEARCHED and "epochs" not in description.plan
    searched &= all(modality_kind(item.modality.kind).quick for item in description.inputs)
    steps, (fewest, most) = (MOST_STEPS, MOST_EPOCHS) if searched else (STEPS, EPOCHS)
    may_move = all(item.vary for item in description.inputs)
    moving: Mapping[str, Any] = {"move": True} if description.has_label_maps and may_move else {}
    epochs = min(max(ceil(steps * size / max(count, 1)), fewest), most)
    return {"batch_size": size, "epochs": epochs, "search": searched, **moving, **description.plan}


def most_at_once(description: Description) -> int:
    """How many samples a step has room for: a power of 2."""
    places = sum(prod(item.shape[1:]) for item in description.info.modalities)
    room = ROOM / (places * (OF_DENSE_PLACE if description.has_label_maps else OF_PLACE))
    return int(2 ** max(floor(log2(room)), floor(log2(FEWEST))))
