"""First less second probability, with and without the method (docs/methods.md 5.7). Raises Unsupported."""

from __future__ import annotations

from mmlab.analysis.methods import method_evidence
from mmlab.core.errors import Unsupported
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view
from mmlab.ui.session import cache
from mmlab.ui.text.markdown import plain
from mmlab.viz.methods import evidence_figures


@evidence_view("margin", phrase("Margins"))
def margin(source: Source, choice: str) -> Shown:
    """First less second probability, with and without the method (docs/methods.md 5.7). Raises Unsupported."""
    if not source.task.info.output.class_names:
        raise Unsupported(
            say("This task has no classes, so no answer comes first or second."), say("See it on another task.")
        )
    own, other = source.sweep, cache.sweep(source.other("dropout"))
    groups = {
        cache.title(source.reference.method): method_evidence.margins(own.logits),
        cache.title("dropout"): method_evidence.margins(other.logits),
    }
    near = {name: method_evidence.near_boundary(each.logits) for name, each in zip(groups, (own, other), strict=True)}
    said = "; ".join(f"{plain(name)} {100 * share:.0f} %" for name, share in near.items())
    return Shown(
        say(
            "The lead of the first answer over the second, for all samples and combinations: **a small lead is an "
            "answer near the boundary**. With a lead below 0.2: {shares}.",
            shares=said,
        ),
        {"": evidence_figures.densities(groups, say("lead of the first answer"), (0, 1), bins=25)},
        {
            "combination": own.combinations,
            **{
                f"mean_lead_{m}": method_evidence.margins(s.logits).mean(1).tolist()
                for m, s in ((source.reference.method, own), ("dropout", other))
            },
        },
    )
