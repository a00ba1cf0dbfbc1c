"""The evidence views of each method: what is computed, the sentence that says what to see, the figures, the numbers.

A view is made from a `Source`; it raises an MmlabError with the reason where a checkpoint or a log is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mmlab.analysis.base.ranking import tied_order
from mmlab.analysis.methods import method_evidence, training_log
from mmlab.core.errors import CheckpointError, Unsupported
from mmlab.core.method import Method
from mmlab.core.modality import spoken
from mmlab.core.outputs import Classification
from mmlab.core.reference import Reference
from mmlab.core.registry import Registry
from mmlab.core.results import Floats, Sweep
from mmlab.core.task import Task, advice
from mmlab.storage import progress_file
from mmlab.ui.components import pickers
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures

Columns = Mapping[str, Sequence[object]]
PLAIN = "same layers, no clouds"  # the rung of DMRNet's ladder that is plain dropout with its layers


@dataclass(frozen=True)
class Shown:
    """A view that was made: one sentence, figures by caption, and its numbers as columns of one length."""

    sentence: str
    figures: Mapping[str, go.Figure]
    numbers: Columns


@dataclass(frozen=True)
class Source:
    """A trained model and the others of its task and run, by method; `PLAIN` where DMRNet's ladder was trained."""

    task: Task
    reference: Reference
    others: Mapping[str, Reference]

    @property
    def sweep(self) -> Sweep:
        """Its answers and embeddings on the test samples."""
        return cache.sweep(self.reference)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The lines of its training log."""
        try:
            return progress_file.read(Path(self.reference.path), self.task.info.modalities.names)
        except CheckpointError as error:
            raise CheckpointError(
                f"The training log of {self.reference.name} is missing or damaged: {error.message}", error.hint
            ) from error

    def other(self, method: str) -> Reference:
        """The model to compare with. Raises CheckpointError."""
        if method not in self.others:
            raise CheckpointError(
                f"This view needs a trained model of “{cache.title(method)}”, too.",
                advice(self.task, f"python -m mmlab train --task {self.task.name} --method {method}", "Train it"),
            )
        return self.others[method]

    def letters(self, key: str) -> str:
        """A combination in letters: `ISP`."""
        found = pickers.letters(self.task.info.modalities)
        return "".join(found[name] for name in key.split("-"))

    def label(self, name: str) -> str:
        """A modality for people."""
        return pickers.labels(self.task.info.modalities).get(name, name)

    def named(self, name: str) -> str:
        """A modality in a sentence that is read as Markdown."""
        return plain(spoken(self.label(name)))


Maker = Callable[[Source, str], Shown]


@dataclass(frozen=True)
class View:
    """A view to be made. choices: what can be switched in it (values and labels), the first is the default."""

    title: str
    make: Maker
    choices: Callable[[Source], Mapping[str, str]] | None = None
    asks: str = ""


EVIDENCE: Registry[View] = Registry("evidence view", "mmlab.ui.pages.methods")


def model(reference: Reference) -> Method:
    """The method of a checkpoint. Only read from: its buffers, or a pass without hooks in eval mode."""
    with cache.pool().lend(reference) as lent:
        return lent.method


def _directions(reference: Reference) -> method_evidence.Directions:
    return method_evidence.directions(cache.sweep(reference), method_evidence.class_weights(model(reference)))


def turning(source: Source, choice: str) -> Shown:
    """DMRNet, and the baselines it argues against: cosines between combinations (docs/methods.md 1.7a)."""
    own = _directions(source.reference)
    rival = "dropout" if source.reference.method != "dropout" else "dmrnet"
    title, other_title = cache.title(source.reference.method), cache.title(rival)
    other = _directions(source.other(rival))
    middle, other_middle = float(np.median(own.pairs)), float(np.median(other.pairs))
    values = {source.reference.method: middle, rival: other_middle}
    bare = {PLAIN: _directions(source.others[PLAIN]).pairs} if PLAIN in source.others else {}
    names = [source.letters(key) for key in own.combinations]
    return Shown(
        "**1: the sample keeps its direction when inputs leave; 0: it turns sideways.** DMRNet's paper expects more "
        f"turning, so smaller values, than with modality dropout; the middle value is {middle:.2f} for {title} and "
        f"{other_middle:.2f} for {other_title}{_verdict(values)}{_beside(bare)}.",
        {
            "All pairs of combinations": evidence_figures.densities(
                {title: own.pairs, other_title: other.pairs, **bare}, "cosine of two combinations", (-1, 1)
            ),
            f"Mean per pair, {title}": evidence_figures.table(own.matrix, names, "cosine"),
        },
        {
            "first": [a for a, _ in own.names],
            "second": [b for _, b in own.names],
            f"cosine_{source.reference.method}": own.pairs.mean(1).tolist(),
            f"cosine_{rival}": other.pairs.mean(1).tolist(),
        },
    )


def _verdict(middle: Mapping[str, float]) -> str:
    """Whether DMRNet turns more than dropout, in words; nothing where the two are not compared."""
    if not {"dmrnet", "dropout"} <= set(middle):
        return ""
    gap = middle["dropout"] - middle["dmrnet"]
    return ", as expected" if gap > 0.02 else ": DMRNet turns less here" if gap < -0.02 else ": no difference here"


def _beside(bare: Mapping[str, Floats]) -> str:
    return "".join(f" ({name}: {np.median(values):.2f})" for name, values in bare.items())


def to_class(source: Source, choice: str) -> Shown:
    """DMRNet: cosine of the middle and of a random point with the class's direction (docs/methods.md 1.7a)."""
    own, other = (_directions(r) for r in (source.reference, source.other("dropout")))
    if own.to_class is None or own.sampled is None or other.to_class is None:
        raise CheckpointError(
            "This model has no variance, or no direction per class.", "Only a probabilistic model has."
        )
    groups = {"mean of the embedding": own.to_class, "random draw": own.sampled, "modality dropout": other.to_class}
    middle = {name: float(np.median(values)) for name, values in groups.items()}
    spans = np.stack([own.to_class.mean(1), own.sampled.mean(1), other.to_class.mean(1)])
    return Shown(
        "The paper argues that the mean of the embedding **need not point straight at its class (1), because only "
        f"random draws are judged in training**; half of the samples are above {middle['mean of the embedding']:.2f} "
        f"for the mean, {middle['random draw']:.2f} for a random draw, {middle['modality dropout']:.2f} with modality "
        "dropout.",
        {
            "How closely it points at the right class": evidence_figures.densities(
                groups, "cosine with its class", (-1, 1)
            )
        },
        {"combination": own.combinations, **dict(zip(("middle", "random", "dropout"), spans.tolist(), strict=True))},
    )


def clouds(source: Source, choice: str) -> Shown:
    """DMRNet: variance by combination over the epochs, with the mined set (docs/methods.md 1.7b)."""
    log = training_log.spread_log(source.rows)
    lines = {source.letters(key): log.variance[:, k] for k, key in enumerate(log.combinations)}
    strong = [source.letters(key) for key in log.mined]
    named = plain(", ".join(strong)) or "none"
    return Shown(
        f"The clouds of all combinations over the training: **the thick lines ({named}) were the widest in the "
        "batches of the first epochs, and get an additional loss from the dashed line on**.",
        {
            "": evidence_figures.curves(
                log.epochs, lines, palette(lines), "mean variance", strong, log.since, zero=False
            )
        },
        {
            "epoch": (log.epochs + 1).tolist(),
            **{k: log.variance[:, i].tolist() for i, k in enumerate(log.combinations)},
        },
    )


def width_and_score(source: Source, choice: str) -> Shown:
    """DMRNet: does a wider cloud mean a worse combination (docs/methods.md 1.7c)?"""
    info = source.task.info
    found = method_evidence.spread_against_score(source.sweep, info.output, info.modalities)
    mined = training_log.spread_log(source.rows).mined if _has_log(source) else ()
    names = [source.letters(key) for key in found.combinations]
    falls, rises = "fall from the top left to the bottom right (order −1)", "rise to the top right (order +1)"
    return Shown(
        "If wide clouds were the weak combinations, as the paper's choice of hard ones assumes, **the dots would "
        f"{falls if info.output.higher_is_better else rises}**; {_order_here(found.correlation)}, and "
        "diamonds were chosen as hard.",
        {
            "": evidence_figures.dots(
                found.variance,
                found.score,
                names,
                ("mean variance on test samples", found.metric),
                [source.letters(key) for key in mined],
            )
        },
        {
            "combination": found.combinations,
            "variance": found.variance.tolist(),
            found.metric: found.score.tolist(),
        },
    )


def _order_here(correlation: float) -> str:
    if np.isnan(correlation):
        return "there is no order here (–), since all combinations have the same score or the same variance"
    return f"the order here is {wording.correlation(correlation)}"


def norms(source: Source, choice: str) -> Shown:
    """Any method: the gradient in each modality's own parameters over the epochs (docs/methods.md 4.7b)."""
    log = training_log.norm_log(source.rows)
    kept = log.norms.sum(1) > 0
    if not kept.any():
        raise CheckpointError("All gradients in the log are zero.", "Train the model again.")
    shades = pickers.colours(source.task.info.modalities)
    lines = {source.label(name): log.norms[kept, i] for i, name in enumerate(log.names)}
    mean = log.norms[kept].mean(0)
    order = tied_order(mean)
    most, least = (wording.together([source.named(log.names[i]) for i in group]) for group in (order[0], order[-1]))
    times = mean.max() / max(float(mean.min()), 1e-9)
    here = f"the gradient norm of {most} is {times:.1f} times that of {least}" if len(order) > 1 else "all are equal"
    return Shown(
        "Gradient norm of each input's own encoder: **a line far above the others is an input that dominates the "
        f"training**; here {here} on average.",
        {
            "": evidence_figures.curves(
                log.epochs[kept], lines, {source.label(n): shades[n] for n in log.names}, "length of the gradient"
            )
        },
        {"epoch": (log.epochs + 1).tolist(), **{n: log.norms[:, i].tolist() for i, n in enumerate(log.names)}},
    )


def margin(source: Source, choice: str) -> Shown:
    """First less second probability, with and without the method (docs/methods.md 5.7). Raises Unsupported."""
    if not isinstance(source.task.info.output, Classification):
        raise Unsupported("This task has no classes, so no answer comes first or second.", "See it on another task.")
    own, other = source.sweep, cache.sweep(source.other("dropout"))
    groups = {
        cache.title(source.reference.method): method_evidence.margins(own.logits),
        cache.title("dropout"): method_evidence.margins(other.logits),
    }
    near = {name: 100 * float((values < 0.2).mean()) for name, values in groups.items()}
    said = " and ".join(f"{share:.0f} % for {plain(name)}" for name, share in near.items())
    return Shown(
        "The lead of the first answer over the second, for all samples and combinations: **a small lead is an answer "
        f"near the boundary**; a lead below 0.2 have {said}.",
        {"": evidence_figures.densities(groups, "lead of the first answer", (0, 1), bins=25)},
        {
            "combination": own.combinations,
            **{
                f"mean_lead_{m}": method_evidence.margins(s.logits).mean(1).tolist()
                for m, s in ((source.reference.method, own), ("dropout", other))
            },
        },
    )


def _has_log(source: Source) -> bool:
    try:
        return bool(source.rows[-1]["variance"])
    except (CheckpointError, LookupError):
        return False


def palette(names: Mapping[str, object]) -> dict[str, str]:
    """A colour for each name, in order."""
    return {name: theme.METHODS[i % len(theme.METHODS)] for i, name in enumerate(names)}
