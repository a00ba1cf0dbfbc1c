"""MMANet: how much each sample counts in the distillation, by the teacher's margin (docs/methods.md 5.7)."""

from __future__ import annotations

from mmlab.analysis.methods import method_evidence
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view
from mmlab.ui.session import cache
from mmlab.viz.methods import evidence_figures


@evidence_view("doubts", phrase("Sample weights"))
def sample_weights(source: Source, choice: str) -> Shown:
    """MMANet: how much each sample counts in the distillation, by the teacher's margin (docs/methods.md 5.7)."""
    teacher = cache.sweep(source.other("joint"))
    found = method_evidence.relations(source.sweep, teacher, source.task.info.modalities.full.key, 300)
    return Shown(
        say(
            "**Samples on the left are near the boundary between two classes for the teacher, and count most**: the "
            "tenth of the samples with the largest weights holds {share} % of all the weight; colour says whether the "
            "teacher is right.",
            share=f"{100 * found.weight_of_heaviest():.0f}",
        ),
        {
            "": evidence_figures.cloud(
                found.margin,
                found.weights,
                found.right,
                (say("teacher's lead of first over second"), say("weight (1 is the mean)")),
            )
        },
        {"margin": found.margin.tolist(), "weight": found.weights.tolist(), "right": found.right.tolist()},
    )
