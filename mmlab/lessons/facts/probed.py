"""Facts that need the model itself, and seconds: other imputations, contradicting inputs, sanity checks of maps.

Task and model are read, and what each fact names.
"""

from __future__ import annotations

from mmlab.analysis.attribution.faithfulness import faithfulness
from mmlab.analysis.attribution.registry import find as find_explainer
from mmlab.analysis.base.input_swapping import InputSwapper
from mmlab.analysis.base.sampling import complete_samples
from mmlab.analysis.dominance.cue_conflict import measure_conflict
from mmlab.core.errors import UnknownName
from mmlab.core.number_text import percent
from mmlab.core.results import Sweep
from mmlab.inference import imputation
from mmlab.inference.sweep import metrics
from mmlab.lessons.fact import FactSource, Finding, as_text, best_finding, combination, fact, metric_of, prediction
from mmlab.lessons.lesson import Ask

USUAL_EXPLAINER = "gradcam"
MOST_CLASHING, MOST_CLASHING_MAPS = 256, 40  # samples, as on the Dominance page


@fact(
    "imputed", "The score from these inputs when missing ones are replaced by `rule`: native, zeros, mean, donor, ..."
)
def imputed(ask: Ask, source: FactSource) -> Finding:
    """A number for a sentence, over the first test samples."""
    text = as_text(_imputed(ask, source, ask.rule), metric_of(ask, source))
    return Finding(text, text)


@fact("best_rule", "Under which of `rules` the score from these inputs is best.")
def best_rule(ask: Ask, source: FactSource) -> Finding:
    """The name of the rule is the option."""
    return _ranked_rule(ask, source, worst=False)


@fact("worst_rule", "The same, under which it is worst.")
def worst_rule(ask: Ask, source: FactSource) -> Finding:
    """The name of the rule is the option."""
    return _ranked_rule(ask, source, worst=True)


def _ranked_rule(ask: Ask, source: FactSource, worst: bool) -> Finding:
    if not ask.rules:
        raise UnknownName("No rules are named to choose from.", "Name some in `rules`.")
    metric = metric_of(ask, source)
    found = {rule: _imputed(ask, source, rule) for rule in ask.rules}
    return best_finding(found, metric, worst)


@fact(
    "followed",
    "Which of two inputs (`inputs`) of different samples is followed more often; `of`: how often that one is.",
)
def followed(ask: Ask, source: FactSource) -> Finding:
    """The input is the option; the text is how often `of`, or that input, is followed, in percent."""
    pair = combination(ask, source).names
    if len(pair) != 2:
        raise UnknownName("A cue conflict is between two inputs.", "Name two in `inputs`.")
    reference = source.reference(ask)
    with source.lend(reference) as model:
        count = model.method.output.affordable(MOST_CLASHING, MOST_CLASHING_MAPS)
        chosen = complete_samples(source.task(ask.task).samples("test"), count)
        swapper = InputSwapper(model.method, chosen.inputs)
        found = measure_conflict(swapper, chosen.target.numpy(), model.method.output, *pair)
    shares = dict(zip(pair, (found.share, found.other_share), strict=True))
    winner = max(shares, key=shares.__getitem__)
    return Finding(winner, percent(shares[ask.of or winner]))


@fact("map_light", "Whether an attribution map passes its tests: green, amber or red. `explainer` names the map.")
def map_light(ask: Ask, source: FactSource) -> Finding:
    """For the answer that is given from these inputs; the text is how many tests fail, in words."""
    on, said, task = combination(ask, source), prediction(ask, source), source.task(ask.task)
    explain = find_explainer(ask.explainer or USUAL_EXPLAINER)
    target = task.info.output.target_of(said.value)
    with source.lend(source.reference(ask)) as model:
        inputs = model.prepare(task.example(ask.sample).raw)
        found = explain.run(model.method, inputs, model.combinations(inputs), target)
        tested = faithfulness(model.method, inputs, on, found, explain)
    failed = sum(check.passed is False for check in tested.checks)
    could = sum(check.passed is not None for check in tested.checks)
    return Finding(tested.light, f"{failed} of {could}")


def _imputed(ask: Ask, source: FactSource, rule: str) -> float:
    if rule not in imputation.RULES:
        raise UnknownName(f"There is no rule '{rule}'.", f"There are: {', '.join(imputation.RULES)}.")
    info = source.task(ask.task).info
    table = metrics(_answers_under(ask, source, rule), info.output, info.modalities)
    return table[combination(ask, source).key][metric_of(ask, source)]


def _answers_under(ask: Ask, source: FactSource, rule: str) -> Sweep:
    """From the disk, where they were computed before."""
    reference = source.reference(ask)
    try:
        return imputation.stored(str(source.report(reference).get("digest", "")), rule, source.task(ask.task).info)
    except imputation.NotComputed:
        with source.lend(reference) as model:
            return imputation.compute(model, rule)
