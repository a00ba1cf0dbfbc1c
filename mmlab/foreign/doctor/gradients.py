"""Gradients: whether they exist at all, and reach every input."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from mmlab.core.errors import MmlabError
from mmlab.foreign.doctor.examined_model import ExaminedModel
from mmlab.foreign.doctor.findings import Finding
from mmlab.foreign.error_location import in_one_line, own_line

WHY = "Grad-CAM, gradient × input and the measures that use gradients would be empty or wrong."


def check(patient: ExaminedModel) -> Iterator[Finding]:
    """One backward pass from the answers to the inputs."""
    assert patient.module is not None
    runner, inputs = patient.ready(), {n: v.clone().requires_grad_() for n, v in patient.inputs.items()}
    mask = patient.modalities.mask(patient.modalities.full, patient.count)
    packings = {each.name: each for each in runner.caller.packings}
    wordy = {name for name, packing in packings.items() if all(part.whole for part in packing.parts)}
    try:
        with torch.enable_grad():
            logits = runner.direct(inputs, mask).logits
            total = patient.registration.output.score_of_answer(logits).sum()
        if not total.requires_grad:
            if wordy == set(packings) and not any(p.requires_grad for p in patient.module.parameters()):
                return
            yield Finding(
                "gradient",
                "error",
                "No gradient reaches the answer.",
                "Look for torch.no_grad, inference_mode, detach, argmax or numpy in forward.",
                why=WHY,
            )
            return
        wanted = [inputs[name] for name in packings if name not in wordy]
        found = torch.autograd.grad(total, wanted, allow_unused=True) if wanted else ()
    except MmlabError as error:
        yield Finding("gradient", "error", error.message, error.hint)
        return
    except Exception as error:
        yield Finding(
            "gradient",
            "error",
            f"The backward pass crashes: {in_one_line(error)}",
            "Look for what works in place on a result that is needed again.",
            own_line(error),
            WHY,
        )
        return
    for name, gradient in zip((name for name in packings if name not in wordy), found, strict=True):
        if gradient is None or not bool((gradient != 0).any()):
            yield Finding(
                "gradient",
                "error",
                f"No gradient reaches '{name}'.",
                "Look for torch.no_grad, detach, round or argmax on its way.",
                why=WHY,
            )
        elif not bool(torch.isfinite(gradient).all()):
            yield Finding(
                "gradient",
                "error",
                f"The gradient at '{name}' is not finite.",
                "Look for square roots and norms at 0: add a small number.",
                why=WHY,
            )
