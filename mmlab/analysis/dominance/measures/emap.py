"""EMAP: the score that a model loses when it may only add up the evidence of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmlab.analysis.base.array_checks import Numbers, finite, labels_of
from mmlab.analysis.dominance.derivation import Arithmetic
from mmlab.analysis.dominance.measure import MEASURES, MODEL, SWAPPED, Evidence, Measure, Truth
from mmlab.core.phrases import say

if TYPE_CHECKING:
    from mmlab.analysis.dominance.probing import Probing


def emap(logits: ArrayLike) -> Numbers:
    """The best additive stand-in for a model of two inputs: answers of all pairs `[n, n, C]` to `[n, C]`.

    logits[i, j] is the answer to the first input of sample i with the second of sample j. A model that adds up what
    it reads from each input comes back unchanged; the accuracy lost is what its interactions are worth.
    Source: Hessel & Lee, Does my multimodal model learn cross-modal interactions?, EMNLP 2020.
    """
    table = finite(logits, "logits", 3)
    if table.shape[0] != table.shape[1]:
        raise ValueError(f"logits must hold all pairs, [n, n, C], not the shape {table.shape}.")
    return table.mean(1) + table.mean(0) - table.mean((0, 1))


def emap_gap(logits: ArrayLike, labels: ArrayLike) -> float:
    """The accuracy that a model of two inputs loses when only its additive part answers; `logits` as for `emap`."""
    additive = emap(logits)
    chosen = labels_of(labels, *additive.shape)
    own = np.einsum("iic->ic", np.asarray(logits))
    return float((own.argmax(1) == chosen).mean() - (additive.argmax(1) == chosen).mean())


@MEASURES.register("emap")
class EmapGap(Measure):
    """The model's own score less that of its additive part; it says whether inputs interact, not which is stronger."""

    order = 120
    title = "EMAP gap"
    symbol = "v − v(EMAP)"
    question = "What is lost when the model may only add this input's evidence to the rest?"
    about = (
        "The score less that of the best additive stand-in, in which this input and the rest speak one after the "
        "other. It says whether inputs interact, not which one is stronger."
    )
    source = "Hessel & Lee, Does my multimodal model learn cross-modal interactions? (EMAP), EMNLP 2020"
    family = SWAPPED
    needs = MODEL
    ranks = False
    truths = (
        Truth("redundant", (0, 0), 0.05, "An additive model is enough: nothing is lost."),
        Truth("unique", (0, 0), 0.05, "One witness alone needs no interaction."),
        Truth("synergy", (0.5, 0.5), 0.12, "No sum of the two can do it: the additive stand-in is a coin."),
    )

    def values(self, evidence: Evidence) -> Numbers:
        """What the additive part loses."""
        paired = evidence.probed(self.name)["paired"]
        return paired[:, 0] - paired[:, 1]

    def samples(self, evidence: Evidence) -> int:
        """Those that were paired with each other."""
        return 0 if evidence.probes is None else int(evidence.probed(self.name)["pairs"])

    def derivation(self, evidence: Evidence, modality: int) -> Arithmetic:
        """The model's own score less the additive one's."""
        own, additive = (float(each) for each in evidence.probed(self.name)["paired"][modality])
        added = say("{input} and the rest, only added up", input=evidence.labels[modality])
        rule = say("The score − the score of the best additive stand-in")
        lines = ((say("the model"), own), (added, -additive))
        return Arithmetic(rule, (say("who answers"), say("score")), lines, "sum")

    def probe(self, probing: Probing) -> Mapping[str, NDArray[Any]]:
        """paired: `[M, 2]`, the mean worth of the answers, and of the additive stand-in of modality m and the rest."""
        size = len(probing.straight)
        few = np.unique(np.linspace(0, size - 1, min(probing.budget.pairs, size)).astype(int))
        count, names = len(few), probing.method.modalities.names
        first, rest = np.repeat(few, count), np.tile(few, count)
        paired = np.empty((len(names), 2))
        for modality in range(len(names)):
            rows = np.tile(rest[:, None], (1, len(names)))
            rows[:, modality] = first
            logits = probing.swapper.answers(rows)
            shape = logits.shape[1:]
            table = logits.reshape(count, count, -1)
            own = np.einsum("iic->ic", table).reshape(count, *shape)
            additive = emap(table).reshape(count, *shape)
            paired[modality] = [probing.worth(each, probing.target[few]).mean() for each in (own, additive)]
            probing.tell((modality + 1) / len(names))
        return {"paired": paired, "pairs": np.asarray(count)}
