"""A registered model in a notebook: the same predictions, maps, measures and figures as in the app.

>>> mine = mmlab.adapt(net, inputs=["rgb", "depth"], classes=["cup", "hat"], data=test_set)
>>> mine.predict(0)["rgb-depth"].answer
>>> mine.figure(0)                       # the lattice of combinations; shown by Jupyter
>>> mine.explain(0).shares["rgb-depth"]
>>> mine.dominance().row("alone").values
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from mmlab.analysis.attribution.registry import find
from mmlab.analysis.dominance.perturbations import OWN_RULE, ProbeBudget, probe
from mmlab.analysis.dominance.report import DominanceReport, dominance_report, lattice_of
from mmlab.core.errors import DataError
from mmlab.core.outputs import Prediction
from mmlab.core.results import Attribution, Sweep
from mmlab.core.task import Split, Task
from mmlab.foreign.adapter import RegisteredModel
from mmlab.foreign.doctor import Report, examine
from mmlab.foreign.opening import adapted
from mmlab.foreign.registration import register
from mmlab.foreign.task import RegisteredTask, task_class
from mmlab.inference.device import device
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import sweep
from mmlab.viz.base import theme
from mmlab.viz.dominance import measure_table
from mmlab.viz.explain import attribution_maps
from mmlab.viz.predict import combination_lattice

Sample = int | str | Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """A drawing for Jupyter; `html` is its content."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


class Adapted:
    """A module with its data. `notes` describe its traced structure; `method` is the object for mmlab's analyses.

    >>> rows = [{"input1": torch.randn(3), "input2": torch.randn(2), "label": row % 2} for row in range(8)]
    >>> inputs = {"colour": "input1", "depth": "input2"}
    >>> mine = mmlab.adapt(torch.nn.Bilinear(3, 2, 2), inputs=inputs, classes=["cup", "hat"], data=rows)
    >>> mine.sweep().logits.shape
    (3, 8, 2)
    """

    def __init__(self, task: RegisteredTask, method: RegisteredModel) -> None:
        self.task, self.method = task, method
        self._model = Model(cast(Task, task), method, {}, "")

    @property
    def notes(self) -> list[str]:
        """What the user should know about how it was adapted."""
        return self.method.notes

    def doctor(self) -> Report:
        """Every problem found with it."""
        return examine(self.method.registration)

    def predict(self, sample: Sample) -> dict[str, Prediction]:
        """The prediction for every combination, by key. sample: its index, its id, or a mapping as in the data set."""
        return self._model.answer(self._inputs(sample))

    def sweep(self, split: Split = "test") -> Sweep:
        """Every combination of every sample of a split."""
        return sweep(self.method, self.task.samples(split))

    def explain(self, sample: Sample, target: int | str | None = None, way: str = "gradcam") -> Attribution:
        """Attribution maps for every combination. target: a class by index or name; the prediction by default."""
        inputs = self._inputs(sample)
        output = self.method.output
        if isinstance(target, str):
            target = getattr(output, "classes", getattr(output, "regions", ())).index(target)
        if target is None:
            whole = self.method.modalities.combination(inputs).key
            target = output.target_of(self._model.answer(inputs)[whole].value)
        return find(way).run(self.method, inputs, self._model.combinations(inputs), target)

    def dominance(self) -> DominanceReport:
        """How much it relies on each modality, on its test samples. Raises DataError for fewer than 8."""
        effort = ProbeBudget.usual(self.method.output)
        probes = probe(self.method, self.task.samples("test"), effort)
        return dominance_report(lattice_of(self.sweep()), self.method.output, self.method.modalities, probes, OWN_RULE)

    # figures

    def figure(self, sample: Sample) -> Figure:
        """All combinations of a sample with their predictions, as on the Bench."""
        found = self.predict(sample)
        whole = list(found.values())[-1]
        output = self.method.output
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
        drawn = combination_lattice.lattice(states, self._letters, self._labels)
        return Figure(combination_lattice.svg(drawn, self._colours, self._letters))

    def shares(self, sample: Sample, **more: Any) -> Figure:
        """The contribution of each input in every combination, as on Explain."""
        found = self.explain(sample, **more)
        whole = max(found.shares, key=lambda key: key.count("-"))
        return Figure(attribution_maps.share_bars(found.shares, self._letters, self._labels, self._colours, whole))

    def maps(self, sample: Sample, combination: str = "", **more: Any) -> Figure:
        """Attribution maps of each input of a combination (by default of all available inputs), as on Explain."""
        inputs, found = self._inputs(sample), self.explain(sample, **more)
        key = combination or self.method.modalities.combination(inputs).key
        drawn = [
            f"<p>{item.label}</p>"
            + attribution_maps.overlay(item.kind, inputs[item.name].numpy(), found.maps[key][item.name], item.label)
            for item in self.method.modalities
            if item.name in key.split("-")
        ]
        return Figure("".join(drawn))

    def measures(self) -> Figure:
        """The measures of dominance side by side."""
        found = self.dominance()
        rows = [
            (row.measure.title, [measure_table.figure(each.value, row.measure.unit) for each in row.numbers])
            for row in found.rows
            if row.numbers
        ]
        head = "".join(f"<th>{label}</th>" for label in self._labels.values())
        body = "".join(f"<tr><td>{title}</td>{''.join(f'<td>{v}</td>' for v in each)}</tr>" for title, each in rows)
        return Figure(f"<table><tr><th></th>{head}</tr>{body}</table>")

    @property
    def _letters(self) -> dict[str, str]:
        return {item.name: item.letter for item in self.method.modalities}

    @property
    def _labels(self) -> dict[str, str]:
        return {item.name: item.label for item in self.method.modalities}

    @property
    def _colours(self) -> dict[str, str]:
        return {item.name: theme.modality_colour(i) for i, item in enumerate(self.method.modalities)}

    def _inputs(self, sample: Sample) -> dict[str, Tensor]:
        if isinstance(sample, Mapping):
            packed = {each.name: each.pack(sample) for each in self.task.layout.packings}
            return {name: value for name, value in packed.items() if value is not None}
        samples = self.task.samples("test")
        row = samples.ids.index(sample) if isinstance(sample, str) and sample in samples.ids else sample
        if not isinstance(row, int) or not -len(samples) <= row < len(samples):
            raise DataError(f"There is no sample {sample!r}.", f"There are {len(samples)}, such as {samples.ids[0]}.")
        on = samples.present[row].tolist()
        return {
            name: value[row].float() for (name, value), is_on in zip(samples.inputs.items(), on, strict=True) if is_on
        }


def adapt(model: Any, *, inputs: Any, data: Any, name: str = "model", **said: Any) -> Adapted:
    """Adapt a PyTorch module for mmlab's analyses; takes the arguments of `mmlab.register`. Raises MmlabError.

    Runs it a few times to find encoders, layers and the embedding. `.doctor()` runs the diagnosis.

    >>> rows = [{"input1": torch.randn(3), "input2": torch.randn(2), "label": row % 2} for row in range(8)]
    >>> inputs = {"colour": "input1", "depth": "input2"}
    >>> mine = mmlab.adapt(torch.nn.Bilinear(3, 2, 2), inputs=inputs, classes=["cup", "hat"], data=rows)
    >>> list(mine.predict(0))
    ['colour', 'depth', 'colour-depth']
    """
    registration = register(name, model, inputs=inputs, data=data, **said)
    task = task_class(registration, registration.task or name, (registration.title or name,))()
    with torch.no_grad():
        method = adapted(registration, task.info, place=device())
    return Adapted(task, method)
