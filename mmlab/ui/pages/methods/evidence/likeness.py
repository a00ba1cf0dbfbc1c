"""MMANet: relations of teacher and student, sorted by class, and their difference (docs/methods.md 5.7)."""

from __future__ import annotations

from mmlab.analysis.methods import method_evidence, training_log
from mmlab.core.errors import CheckpointError
from mmlab.core.modality import spoken
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view
from mmlab.ui.session import cache
from mmlab.ui.text.markdown import plain
from mmlab.viz.methods import evidence_figures


def student_inputs(source: Source) -> dict[str, str]:
    """The combinations, weak ones first: there the student has most to copy."""
    keys = [combination.key for combination in source.task.info.modalities.subsets()]
    try:
        mined = training_log.drift_log(source.rows).mined
    except CheckpointError:
        mined = ()
    ordered = [*(key for key in keys if key in mined), *(key for key in keys if key not in mined)]
    modalities = source.task.info.modalities
    return {key: _named(modalities.parse(key).label, key in mined) for key in ordered}


def _named(label: str, is_weak: bool) -> str:
    return say("{inputs} (weak)", inputs=label) if is_weak else label


@evidence_view("likeness", phrase("Similarity of teacher and student"), student_inputs, phrase("Inputs of the student"))
def likeness(source: Source, choice: str) -> Shown:
    """MMANet: relations of teacher and student, sorted by class, and their difference (docs/methods.md 5.7)."""
    teacher = cache.sweep(source.other("joint"))
    found = method_evidence.relations(source.sweep, teacher, choice)
    dropout = method_evidence.relations(cache.sweep(source.other("dropout")), teacher, choice)
    named = [say(str(name)) for name in getattr(source.task.info.output, "classes", ())]
    top, most = found.similarity_end, found.difference_end
    modalities = source.task.info.modalities
    given = plain(spoken(modalities.parse(choice).label))
    only = given if choice == modalities.full.key else say("{inputs} only", inputs=given)
    return Shown(
        say(
            "Bright squares along the diagonal are samples of one class that look alike to the model; **the student, "
            "given {inputs}, should repeat the teacher's picture**: the mean squared difference of a row is {here}, "
            "and {dropout} for modality dropout, which has no teacher.",
            inputs=only,
            here=f"{found.distance.mean():.3f}",
            dropout=f"{dropout.distance.mean():.3f}",
        ),
        {
            say("Teacher, with all inputs"): evidence_figures.alike(found.teacher, found.labels, (0, top), named),
            say("Student, with {inputs}", inputs=given): evidence_figures.alike(
                found.student, found.labels, (0, top), named
            ),
            say("Student less teacher"): evidence_figures.alike(
                found.student - found.teacher, found.labels, (-most, most), named
            ),
        },
        {
            "class": [named[int(label)] for label in found.labels],
            "row_distance": found.distance.tolist(),
            "row_distance_dropout": dropout.distance.tolist(),
            "teacher_weight": found.weights.tolist(),
            "teacher_margin": found.margin.tolist(),
        },
    )
