"""The evidence views of GMD, MMANet, DI-MML and M3ixup, and the names by which methods ask for views."""

from __future__ import annotations

from itertools import combinations as choose

import numpy as np

from mmlab.analysis.base.ranking import tied_order
from mmlab.analysis.methods import method_evidence, training_log
from mmlab.core.errors import CheckpointError
from mmlab.core.modality import spoken
from mmlab.ui.components import pickers
from mmlab.ui.pages.methods.evidence_views import (
    EVIDENCE,
    Shown,
    Source,
    View,
    clouds,
    margin,
    model,
    norms,
    palette,
    to_class,
    turning,
    width_and_score,
)
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures

ALL = "all"


def epochs(source: Source) -> dict[str, str]:
    """The epochs of a training, and all of them."""
    return {ALL: "all", **{str(row["epoch"]): str(row["epoch"] + 1) for row in source.rows}}


def angles(source: Source, choice: str) -> Shown:
    """GMD: angles between gradients of combinations, before and after, and cosines (docs/methods.md 4.7a, 4.7d)."""
    log = training_log.conflict_log(source.rows, source.task.info.modalities)
    rows = np.ones(len(log.epochs), bool) if choice == ALL else log.epochs == int(choice)
    before, after = log.before[rows].sum(0), log.after[rows].sum(0)
    half = len(before) // 2
    shares = [100 * counts[half:].sum() / max(float(counts.sum()), 1.0) for counts in (before, after)]
    names = [source.letters(key) for key in log.combinations]
    when = "over the whole training" if choice == ALL else f"in epoch {int(choice) + 1}"
    edges = np.linspace(0, 180, len(before) + 1)
    return Shown(
        "Right of the line the gradients of two combinations conflict; **the projection should empty that side**: "
        f"{when} it held {shares[0]:.1f} % of the pairs before and {shares[1]:.1f} % after.",
        {
            "Angles between gradients": evidence_figures.angles(before, after),
            "Mean cosine of each pair, before the cut": evidence_figures.table(
                log.cosines[rows].mean(0), names, "cosine"
            ),
        },
        {"from_degrees": edges[:-1].tolist(), "before": before.tolist(), "after": after.tolist()},
    )


def conflicts(source: Source, choice: str) -> Shown:
    """GMD: the share of conflicting pairs per epoch."""
    log = training_log.conflict_log(source.rows, source.task.info.modalities)
    lines = {"before": 100 * log.share, "after": 100 * log.share_after}
    first, last = lines["before"][0], lines["before"][-1]
    return Shown(
        "Share of conflicting pairs of combinations: **a line that rises before projection means that the losses "
        f"conflict more and more**; it goes from {first:.1f} % to {last:.1f} % here.",
        {
            "": evidence_figures.curves(
                log.epochs, lines, {"before": theme.WRONG, "after": theme.ACCENT}, "% of the pairs"
            )
        },
        {"epoch": (log.epochs + 1).tolist(), "before": log.share.tolist(), "after": log.share_after.tolist()},
    )


def pairs(source: Source) -> dict[str, str]:
    """Each two modalities."""
    found = choose(source.task.info.modalities.names, 2)
    return {f"{a}-{b}": f"{source.label(a)} and {spoken(source.label(b))}" for a, b in found}


def skills(source: Source, choice: str) -> Shown:
    """DI-MML: scores of dimensions for two modalities, effective sets, who teaches whom (docs/methods.md 3.7)."""
    found = method_evidence.dimensions(model(source.reference))
    a, b = (found.names.index(name) for name in choice.split("-"))
    first, second = (source.label(found.names[i]) for i in (a, b))
    good = found.effective
    shades = pickers.colours(source.task.info.modalities)
    groups = {
        "both are good": (good[a] & good[b], theme.MUTED, "circle"),
        f"{first} teaches": (good[a] & ~good[b], shades[found.names[a]], "diamond"),
        f"{second} teaches": (~good[a] & good[b], shades[found.names[b]], "square"),
        "neither": (~good[a] & ~good[b], theme.MUTED, "circle-open"),
    }
    titles = (f"{first}: right by it alone", f"{second}: right by it alone")
    names = [source.label(name) for name in found.names]
    taught = np.where(np.eye(len(names), dtype=bool), np.nan, found.taught)
    return Shown(
        "Each dot is one of the features; **right of and above the lines a feature is good, and only what one input is "
        f"good at and the other is not is taught**: {plain(spoken(first))} teaches {plain(spoken(second))} "
        f"{found.taught[a, b]} features and learns {found.taught[b, a]}.",
        {
            "Features of the two inputs": evidence_figures.quadrants(found.scores[a], found.scores[b], groups, titles),
            "Features that the row teaches the column": evidence_figures.table(
                taught, names, "features", (0, max(int(found.taught.max()), 2))
            ),
        },
        {
            "feature": list(range(found.scores.shape[1])),
            **{f"score_{n}": found.scores[i].tolist() for i, n in enumerate(found.names)},
            **{f"effective_{n}": good[i].tolist() for i, n in enumerate(found.names)},
        },
    )


def votes(source: Source, choice: str) -> Shown:
    """DI-MML: weights of the heads on complete input, by whether the head was right (docs/methods.md 3.3, 3.7)."""
    found = method_evidence.votes(model(source.reference), source.sweep)
    names = [source.label(name) if name != "together" else "All together" for name in found.heads]
    groups = {
        "right": {name: found.weights[found.right[:, h], h] for h, name in enumerate(names)},
        "wrong": {name: found.weights[~found.right[:, h], h] for h, name in enumerate(names)},
    }
    means = {group: np.concatenate(list(places.values())).mean() for group, places in groups.items()}
    colours = {"right": theme.RIGHT, "wrong": theme.WRONG}
    count = len(found.heads)
    return Shown(
        "The weight of each head in the vote, sample by sample; **it works if the green boxes lie above the orange "
        f"ones**: a head that is right gets {means['right']:.2f} on average, one that is wrong {means['wrong']:.2f} "
        f"(alike would be {1 / count:.2f}).",
        {"": evidence_figures.boxes(groups, colours, "weight in the vote")},
        {
            **{f"weight_{head}": found.weights[:, h].tolist() for h, head in enumerate(found.heads)},
            **{f"right_{head}": found.right[:, h].tolist() for h, head in enumerate(found.heads)},
            "right": found.together.tolist(),
        },
    )


def student_inputs(source: Source) -> dict[str, str]:
    """The combinations, weak ones first: there the student has most to copy."""
    keys = [combination.key for combination in source.task.info.modalities.subsets()]
    try:
        mined = training_log.drift_log(source.rows).mined
    except CheckpointError:
        mined = ()
    ordered = [*(key for key in keys if key in mined), *(key for key in keys if key not in mined)]
    modalities = source.task.info.modalities
    return {key: modalities.parse(key).label + (" (weak)" if key in mined else "") for key in ordered}


def likeness(source: Source, choice: str) -> Shown:
    """MMANet: relations of teacher and student, sorted by class, and their difference (docs/methods.md 5.7)."""
    teacher = cache.sweep(source.other("joint"))
    found = method_evidence.relations(source.sweep, teacher, choice)
    dropout = method_evidence.relations(cache.sweep(source.other("dropout")), teacher, choice)
    named = [str(name) for name in getattr(source.task.info.output, "classes", ())]
    top = float(np.quantile(np.concatenate((found.teacher, found.student)), 0.99))
    most = float(np.quantile(np.abs(found.student - found.teacher), 0.99))
    modalities = source.task.info.modalities
    given = plain(spoken(modalities.parse(choice).label))
    only = given if choice == modalities.full.key else f"{given} only"
    return Shown(
        "Bright squares along the diagonal are samples of one class that look alike to the model; **the student, given "
        f"{only}, should repeat the teacher's picture**: the mean squared difference of a row is "
        f"{found.distance.mean():.3f}, and {dropout.distance.mean():.3f} for modality dropout, which has no teacher.",
        {
            "Teacher, with all inputs": evidence_figures.alike(found.teacher, found.labels, (0, top), named),
            f"Student, with {given}": evidence_figures.alike(found.student, found.labels, (0, top), named),
            "Student less teacher": evidence_figures.alike(
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


def doubts(source: Source, choice: str) -> Shown:
    """MMANet: how much each sample counts in the distillation, by the teacher's margin (docs/methods.md 5.7)."""
    teacher = cache.sweep(source.other("joint"))
    found = method_evidence.relations(source.sweep, teacher, source.task.info.modalities.full.key, 300)
    tenth = max(1, len(found.weights) // 10)
    top = np.sort(found.weights)[::-1][:tenth].sum() / found.weights.sum()
    return Shown(
        "**Samples on the left are near the boundary between two classes for the teacher, and count most**: the tenth "
        f"of the samples with the largest weights holds {100 * top:.0f} % of all the weight; colour says whether the "
        "teacher is right.",
        {
            "": evidence_figures.cloud(
                found.margin,
                found.weights,
                found.right,
                ("teacher's lead of first over second", "weight (1 is the mean)"),
            )
        },
        {"margin": found.margin.tolist(), "weight": found.weights.tolist(), "right": found.right.tolist()},
    )


def drift(source: Source, choice: str) -> Shown:
    """MMANet: accumulated divergence of the candidates, and the mined set (docs/methods.md 5.3)."""
    log = training_log.drift_log(source.rows)
    lines = {source.letters(key): log.drift[:, k] for k, key in enumerate(log.combinations)}
    strong = [source.letters(key) for key in log.mined]
    return Shown(
        "How far the mix of predictions has moved from the one with all inputs, summed over the warm-up: **the highest "
        f"line and its single inputs become the weak ones** ({plain(', '.join(strong)) or 'none'}).",
        {"": evidence_figures.curves(log.epochs, lines, palette(lines), "drift, added up", strong, log.since)},
        {"epoch": (log.epochs + 1).tolist(), **{k: log.drift[:, i].tolist() for i, k in enumerate(log.combinations)}},
    )


def mixtures(source: Source, choice: str) -> Shown:
    """M3ixup: mixing coefficients at the start, after adapting and after exploring (docs/methods.md 2.5)."""
    found = method_evidence.mixing(model(source.reference), source.sweep)
    groups = {"start": found.start, "adapted": found.adapted, "explored": found.explored}
    colours = {"start": theme.MUTED, "adapted": theme.ACCENT, "explored": theme.WRONG}
    names = [source.label(name) for name in found.names]
    order = tied_order(found.adapted.mean(0))
    most = wording.together([source.named(found.names[i]) for i in order[0]]) if len(order) > 1 else "none"
    losses = ", ".join(f"{loss:.3f}" for loss in found.losses)
    columns = {f"{g}_{n}": v[:, i].tolist() for g, v in groups.items() for i, n in enumerate(found.names)}
    return Shown(
        "Each sample's mixture, a corner being one input alone: **adapting moves it to where it is easiest to align, "
        f"exploring away from there**; adapted mixtures favour {most}, and the losses at start, adapted and explored "
        f"are {losses} (they should fall, then rise).",
        {"": evidence_figures.simplex(groups, names, colours)},
        columns,
    )


def gap(source: Source, choice: str) -> Shown:
    """M3ixup: how close single codes are to the joint code (docs/methods.md 2.5)."""
    found = method_evidence.modality_gap(source.sweep, source.task.info.modalities)
    shades = pickers.colours(source.task.info.modalities)
    groups = {source.label(name): found.own[i] for i, name in enumerate(found.names)}
    colours = {source.label(name): shades[name] for name in found.names}
    others = {"other samples": found.other}
    means = ", ".join(f"{source.named(name)} {found.own[i].mean():.2f}" for i, name in enumerate(found.names))
    return Shown(
        "How close the code of one input is to the code of all inputs: **the further the coloured outlines lie to the "
        f"right of the grey one (codes of other samples), the better it stands in for them** (means: {means}; other "
        f"samples {found.other.mean():.2f}).",
        {
            "": evidence_figures.densities(
                groups | others,
                "cosine with the code of all inputs",
                (-1, 1),
                {**colours, "other samples": theme.MUTED},
            )
        },
        {
            "input": found.names,
            "cosine_same_sample": found.own.mean(1).tolist(),
            "cosine_other_samples": found.other.mean(1).tolist(),
            "distance_of_centres": found.distance.tolist(),
        },
    )


for _name, _view in {
    "norms": View("Gradient norm per input", norms),
    "turning": View("Direction across combinations", turning),
    "margin": View("Margins", margin),
    "to_class": View("Alignment with the class direction", to_class),
    "clouds": View("Variance during training", clouds),
    "width_and_score": View("Variance and score by combination", width_and_score),
    "angles": View("Gradient conflict before and after projection", angles, epochs, "Epoch"),
    "conflicts": View("Gradient conflict during training", conflicts),
    "likeness": View("Similarity of teacher and student", likeness, student_inputs, "Inputs of the student"),
    "doubts": View("Sample weights", doubts),
    "drift": View("Mining of weak combinations", drift),
    "skills": View("Effective dimensions", skills, pairs, "Inputs"),
    "votes": View("Weights of the votes", votes),
    "gap": View("Unimodal and joint codes", gap),
    "mixtures": View("Mixing coefficients", mixtures),
}.items():
    EVIDENCE.register(_name)(_view)
