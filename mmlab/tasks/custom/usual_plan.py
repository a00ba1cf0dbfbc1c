"""The default training plan of a folder, depending on the number of samples and their size.

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
from mmlab.core.training_plan import Plan
from mmlab.tasks.custom.task_json import Description

STEPS, EPOCHS, BATCHES = 800, (16, 80), (8, 128)
MOST_SEARCHED, MOST_STEPS, MOST_EPOCHS = 20_000, 10_000, (20, 160)  # where the number of epochs is found on validation
ROOM = 2**29  # bytes of activations of a step
OF_PLACE, OF_DENSE_PLACE = 80, 384  # bytes of activations; the latter where regions are found
FEWEST = 2  # samples of a step, which batch normalisation compares
RANK, LEAST_WINDOW, STEP_OF_WINDOW = 3, 16, 8  # of scans as a whole; voxels a side of their windows


def usual_plan(description: Description, count: int) -> dict[str, Any]:
    """For so many training samples. Where all inputs are vectors, quick to learn from, the number of passes
    is found on validation.
    """
    window = int(description.plan.get("window", usual_window(description)))
    windows: Mapping[str, Any] = {"window": window} if window else {}
    cut = int(description.plan.get("windows", Plan().windows)) if window else 1
    size = min(max(2 ** round(log2(max(count, 1) / 8)), BATCHES[0]), BATCHES[1], most_at_once(description, window))
    searched = count <= MOST_SEARCHED and "epochs" not in description.plan
    searched &= all(modality_kind(item.modality.kind).quick for item in description.inputs)
    steps, (fewest, most) = (MOST_STEPS, MOST_EPOCHS) if searched else (STEPS, EPOCHS)
    may_move = all(item.vary for item in description.inputs)
    moving: Mapping[str, Any] = {"move": True} if description.has_label_maps and may_move else {}
    # A rare region is otherwise given up in some trainings: an empty answer is a way out (docs/results.md).
    rare = description.has_label_maps and not description.info.output.shares_picture
    weighing: Mapping[str, Any] = {"foreground": True} if rare else {}
    epochs = min(max(ceil(steps * size / max(count * cut, 1)), fewest), most)
    return {
        "batch_size": size,
        "epochs": epochs,
        "search": searched,
        **moving,
        **weighing,
        **windows,
        **description.plan,
    }


def usual_window(description: Description) -> int:
    """The side of the windows that a step has room for, where whole scans would be too large; 0 otherwise."""
    places = description.info.places
    if not description.has_label_maps or len(places) < RANK:
        return 0
    room = ROOM / (FEWEST * len(description.info.modalities) * OF_DENSE_PLACE)
    side = max(LEAST_WINDOW, floor(room ** (1 / RANK)) // STEP_OF_WINDOW * STEP_OF_WINDOW)
    return 0 if prod(places) <= side**RANK else side


def most_at_once(description: Description, window: int = 0) -> int:
    """How many samples, or windows of so many voxels a side, a step has room for: a power of 2."""
    shapes = [item.shape[1:] for item in description.info.modalities]
    places = sum(prod(min(side, window or side) for side in shape) for shape in shapes)
    room = ROOM / (places * (OF_DENSE_PLACE if description.has_label_maps else OF_PLACE))
    return int(2 ** max(floor(log2(room)), floor(log2(FEWEST))))
