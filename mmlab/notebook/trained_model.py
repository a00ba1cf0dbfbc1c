"""A trained model in a notebook: predictions, and the views of the app's pages, with the same numbers.

>>> model = mmlab.load("digits", "dmrnet")
>>> model.lattice("test-0003")          # every combination of one sample, as on the Bench
>>> model.robustness().numbers["scores"]["image-sound"]
>>> model.embedding().figure            # Plotly
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from torch import Tensor

from mmlab.analysis import missing_rate_curve
from mmlab.analysis.attribution.registry import find
from mmlab.analysis.dominance import export as dominance_export
from mmlab.core.errors import UnknownName
from mmlab.core.reference import Reference
from mmlab.experiments.measured_model import MeasuredModel, dominance_rows, lattice_svg, scale_of, site_inputs
from mmlab.inference.predictor import Input, Model
from mmlab.notebook.shown import Shown
from mmlab.viz.base import theme
from mmlab.viz.explain import attribution_maps
from mmlab.viz.predict import combination_lattice
from mmlab.viz.site import notebook_drawings as drawings

if TYPE_CHECKING:
    from mmlab.core.outputs import Prediction

Sample = int | str | Mapping[str, Input]
RATES = tuple(rate / 20 for rate in range(20))


class TrainedModel(Model):
    """A model of the library. A sample is the id or index of a shipped one, or inputs by name as in `predict`.

    >>> model = mmlab.load("watch", "dropout")
    >>> sorted(model.explain(0).numbers)
    ['net', 'score', 'shares', 'target']
    """

    reference: Reference

    @classmethod
    def open(cls, reference: Reference) -> Self:
        """Load a checkpoint and check it against its task. Raises CheckpointError or TaskMismatch."""
        found = super().open(reference)
        object.__setattr__(found, "reference", reference)
        return found

    @property
    def measured(self) -> MeasuredModel:
        """Its evaluation results: scores, measures, map, report."""
        kept = self.__dict__.get("_measured")
        if kept is None:
            kept = MeasuredModel(self, self.reference)
            object.__setattr__(self, "_measured", kept)
        return kept

    def lattice(self, sample: Sample) -> Shown:
        """The prediction for every combination of a sample, as on the Bench. numbers: by combination key.

        With anywidget (`mmlab[notebook]`), a notebook shows it with switches for the inputs; `.widget.present` lists
        the active ones.

        Raises UnknownName for a sample that does not ship.
        """
        found = self.answer(self._inputs(sample))
        whole, output = list(found.values())[-1], self.method.output
        states = [
            combination_lattice.State(
                tuple(key.split("-")),
                each.answer,
                each.confidence or None,
                None,
                output.same(each, whole),
                output.several(each),
            )
            for key, each in found.items()
        ]
        names, letters, labels, colours = self._words()
        drawn = combination_lattice.lattice(states, letters, labels)
        title = f"{self.measured.title}: every combination of {_name(sample)}"
        picture = combination_lattice.svg(drawn, colours, letters)
        note = f"Answers of {self.reference.name} from {', '.join(labels[name] for name in names)}."
        inputs = [
            {"name": name, "label": labels[name], "letter": letters[name], "colour": colours[name]}
            for name in drawn.modalities
        ]
        return Shown(
            title,
            picture,
            {key: _plain(each) for key, each in found.items()},
            note,
            live=partial(_lattice_widget, title, note, picture, inputs, found),
        )

    def explain(self, sample: Sample, target: int | None = None, way: str = "gradcam") -> Shown:
        """Attribution maps of a sample's inputs and the contribution of each, as on Explain.

        target: the index of a class or region; by default that of the prediction. way: an explainer by name. numbers:
        `net` and `shares` by combination, and the index of the `target`. Raises UnknownName.
        """
        inputs = self._inputs(sample)
        combinations = self.combinations(inputs)
        if target is None:
            target = self.method.output.target_of(self.answer(inputs)[combinations[-1].key].value)
        found = find(way).run(self.method, inputs, tuple(combinations), target)
        _, letters, labels, colours = self._words()
        key = combinations[-1].key
        maps = "".join(
            f"<p>{escape(item.label)}</p>"
            + attribution_maps.overlay(item.kind, inputs[item.name].numpy(), found.maps[key][item.name], item.label)
            for item in self.method.modalities
            if item.name in inputs
        )
        counted = found.net or found.shares
        bars = attribution_maps.share_bars(counted, letters, labels, colours, key)
        return Shown(
            f"{self.measured.title}: where it looks in {_name(sample)}",
            maps + bars,
            {"net": found.net, "shares": found.shares, "score": found.score, "target": target},
            f"{find(way).title}, with {combinations[-1].label}. Bars: the "
            f"{'net effect of each input' if found.net else 'share of each input'}.",
        )

    def embedding(self) -> Shown:
        """The embedding map of the test set for complete input, as on Embed; the Plotly figure has every combination.

        numbers: `points [K, N, 2]` in the order of `combinations`, and `ids`.
        """
        found = self.measured.embedding
        keys = [each.key for each in self.method.modalities.subsets()]
        labels = [each.label for each in self.method.modalities.subsets()]
        return Shown(
            f"{self.measured.title}: the test set in its embedding",
            drawings.cloud(found),
            {"combinations": keys, "points": found.points, "ids": list(found.ids)},
            found.about,
            partial(drawings.cloud_figure, found, labels),
        )

    def robustness(self) -> Shown:
        """The score of every combination and what random failures cost, as on Robustness.

        numbers: `scores` and `intervals` by combination, `expected` by the missing rate that all inputs share.
        """
        found = self.measured
        scale = scale_of([found])
        keys = [each.key for each in self.method.modalities.subsets()]
        scores = dict(zip(keys, found.scores[:, 0].tolist(), strict=True))
        defined = bool(np.isfinite(found.measure.scores[1:]).all())
        expected = missing_rate_curve(found.measure.scores, RATES).tolist() if defined else []
        curve = drawings.curve(RATES, expected, scale, found.title) if defined else ""
        return Shown(
            f"{found.title}: {scale.title} when inputs are missing",
            lattice_svg(found, scale) + curve,
            {
                "metric": found.measure.name,
                "scores": scores,
                "intervals": dict(zip(keys, found.scores[:, 1:].tolist(), strict=True)),
                "expected": dict(zip(RATES, expected, strict=False)),
            },
            f"{scale.title} on {found.measure.samples:,} test samples with every input. {found.basis}",
            partial(drawings.curve_figure, RATES, expected, scale, found.title) if defined else None,
        )

    def dominance(self) -> Shown:
        """How much it relies on each input, by every measure, as on Dominance and in `mmlab dominance --json`.

        Takes some seconds the first time; the results are cached.
        """
        panel = self.measured.panel
        table = drawings.dominance_table(dominance_rows(panel), site_inputs(self.method.modalities))
        numbers = dominance_export.as_json(panel)
        note = f"What is absent is {panel.rule}. {panel.basis}"
        return Shown(f"{self.measured.title}: which input it leans on", table, numbers, note)

    def _inputs(self, sample: Sample) -> dict[str, Tensor]:
        if isinstance(sample, Mapping):
            return self.prepare(sample)
        there = self.task.gallery()
        known = sample in there if isinstance(sample, str) else -len(there) <= sample < len(there)
        if not known:
            raise UnknownName(f"There is no sample {sample!r}.", f"There are {len(there)}, such as {there[0]}.")
        return self.prepare(self.task.example(sample if isinstance(sample, str) else there[sample]).raw)

    def _words(self) -> tuple[tuple[str, ...], dict[str, str], dict[str, str], dict[str, str]]:
        items = self.method.modalities
        return (
            items.names,
            {item.name: item.letter for item in items},
            {item.name: item.label for item in items},
            {item.name: theme.modality_colour(place) for place, item in enumerate(items)},
        )


def _lattice_widget(*parts: Any) -> Any:
    from mmlab.notebook.lattice_widget import lattice_widget  # imports anywidget, an extra

    return lattice_widget(*parts)


def _name(sample: Sample) -> str:
    return "the given inputs" if isinstance(sample, Mapping) else f"sample {sample}"


def _plain(found: Prediction) -> dict[str, Any]:
    return {"answer": found.answer, "probabilities": dict(found.probabilities), "uncertainty": found.uncertainty}
