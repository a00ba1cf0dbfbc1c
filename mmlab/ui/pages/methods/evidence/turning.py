"""DMRNet, and the baselines it argues against: cosines between combinations (docs/methods.md 1.7a)."""

from __future__ import annotations

from collections.abc import Mapping

from mmlab.analysis.methods.method_evidence import Directions
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import PLAIN, Shown, Source, directions, evidence_view
from mmlab.ui.session import cache
from mmlab.viz.methods import evidence_figures


@evidence_view("turning", phrase("Direction across combinations"))
def turning(source: Source, choice: str) -> Shown:
    """DMRNet, and the baselines it argues against: cosines between combinations (docs/methods.md 1.7a)."""
    own = directions(source.reference)
    rival = "dropout" if source.reference.method != "dropout" else "dmrnet"
    title, other_title = cache.title(source.reference.method), cache.title(rival)
    other = directions(source.other(rival))
    middle, other_middle = own.median_cosine, other.median_cosine
    values = {source.reference.method: middle, rival: other_middle}
    bare = {PLAIN: directions(source.others[PLAIN])} if PLAIN in source.others else {}
    names = [source.letters(key) for key in own.combinations]
    return Shown(
        say(
            "**1: the sample keeps its direction when inputs leave; 0: it turns sideways.** DMRNet's paper expects "
            "more turning, so smaller values, than with modality dropout; middle values: {values}.{verdict}",
            values="; ".join([f"{title} {middle:.2f}", f"{other_title} {other_middle:.2f}", *_beside(bare)]),
            verdict=f" {said}" if (said := _verdict(values)) else "",
        ),
        {
            say("All pairs of combinations"): evidence_figures.densities(
                {
                    title: own.pairs,
                    other_title: other.pairs,
                    **{say(name): found.pairs for name, found in bare.items()},
                },
                say("cosine of two combinations"),
                (-1, 1),
            ),
            say("Mean per pair, {model}", model=title): evidence_figures.table(own.matrix, names, say("cosine")),
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
    if abs(gap) <= 0.02:
        return say("There is no difference here.")
    return say("That is as expected.") if gap > 0 else say("DMRNet turns less here.")


def _beside(bare: Mapping[str, Directions]) -> list[str]:
    return [f"{say(name)} {found.median_cosine:.2f}" for name, found in bare.items()]
