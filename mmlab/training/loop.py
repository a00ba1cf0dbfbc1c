"""The one training loop. It knows no method's name; it yields progress, and resumes to the same result.

Randomness is a function of (seed, epoch), so that the state to resume from is tensors and numbers only. It is
written after each epoch in one safetensors file: killed at any moment, a run resumes from its last complete epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mmlab.core.batch import Batch, Samples
from mmlab.core.data_version import fingerprint_of
from mmlab.core.method import Method, Run, Stage
from mmlab.core.options import as_dict
from mmlab.core.task import Task
from mmlab.core.training_plan import Plan
from mmlab.inference.device import channels_last, mixed_precision
from mmlab.inference.sweep import logits_of, mean_metrics, metrics, sweep
from mmlab.networks import backbone_encoder
from mmlab.training import (
    batches,
    evaluation_samples,
    linear_start,
    modality_dropout,
    optimisation,
    progress_log,
    resume_state,
    selection,
    variation,
    windows,
)
from mmlab.training.dominance_log import DominanceLog as DominanceLog
from mmlab.training.process_group import ALONE, ProcessGroup
from mmlab.training.recorder import Recorder
from mmlab.training.resume_state import STATE, State
from mmlab.training.step_statistics import StepStatistics
from mmlab.training.variation import mixed_seed


@dataclass(frozen=True)
class Progress:
    """One epoch: losses by term, metrics by combination on validation, and what the analyses need."""

    epoch: int
    epochs: int
    stage: str
    seconds: float
    losses: Mapping[str, float]
    metrics: Mapping[str, Mapping[str, float]]
    mean: float
    variance: Mapping[str, float]
    gradient_norm: Mapping[str, float]
    logs: Mapping[str, Any]


class Trainer:
    """One run of one method. `for progress in trainer.epochs(): ...`; afterwards the method is the best epoch."""

    def __init__(
        self,
        task: Task,
        method: Method,
        plan: Plan,
        seed: int,
        folder: Path | None,
        place: torch.device,
        teachers: Mapping[str, Method],
        training: Samples,
        validation: Samples,
        recorders: Sequence[Recorder] = (),
        together: ProcessGroup = ALONE,
    ) -> None:
        self.task, self.plan, self.seed = task, plan, seed
        self.method: Method = channels_last(method.to(place))
        self.folder, self.place, self.teachers = folder, place, teachers
        self.training = training.take(plan.samples) if plan.samples else training
        self.validation, self.recorders, self.together = validation, recorders, together
        variation.check(plan, task.info.output, training.target)
        self.state = State()
        self.optimiser_state: dict[str, Any] | None = None

    def epochs(self) -> Iterator[Progress]:
        """Train, yielding after each epoch; resumes from a saved state where `folder` holds one."""
        if self.folder is not None and (self.folder / STATE).is_file():
            most = sum(parameter.numel() for parameter in self.method.parameters())
            saved = resume_state.read(self.folder / STATE, self.place, self._settings(), self._as_now, most)
            self.state, self.optimiser_state = saved.state, saved.optimiser
            with resume_state.fitting(self.folder):
                if saved.state.best_weights is not None:  # they are needed at the end, and must fit now
                    self.method.load_state_dict(saved.state.best_weights)
                self.method.load_state_dict(saved.weights)
        else:
            linear_start.initialise(self.method, self.training, self.validation, self.seed)
            self.method.before_training(self.training)
            if self.together.rank == 0:
                progress_log.truncate(self.folder, 0)
        self.together.follow_first((*self.method.parameters(), *self.method.buffers()))
        first = 0
        for stage in self.method.stages(self.plan.epochs):
            last = first + stage.epochs
            if self.state.epoch < last:
                yield from self._stage(stage, first, last)
            first = last
        if self.state.best_weights is not None:
            self.method.load_state_dict(self.state.best_weights)
        self.method.eval()

    def seconds(self) -> float:
        """How long the epochs took, those before an interruption counted in."""
        return self.state.seconds

    def validation_score(self) -> float:
        """The score on validation by which the kept epoch was chosen; NaN where none could be computed."""
        if math.isinf(self.state.best):
            return math.nan
        return self.state.best if self.method.output.higher_is_better else -self.state.best

    def _stage(self, stage: Stage, first: int, last: int) -> Iterator[Progress]:
        resting = backbone_encoder.frozen_parameters(self.method)
        wanted = self.method.parameters() if stage.parameters is None else stage.parameters
        parameters = [parameter for parameter in wanted if parameter not in resting]
        for parameter in self.method.parameters():
            parameter.requires_grad_(False)
            parameter.grad = None  # that of an earlier stage is none of this one
        for parameter in parameters:
            parameter.requires_grad_(True)
        optimiser = optimisation.optimiser(self.plan, parameters, backbone_encoder.rates(self.method))
        if self.state.epoch > first and self.optimiser_state is not None and self.folder is not None:
            with resume_state.fitting(self.folder):
                optimiser.load_state_dict(self.optimiser_state)
                resume_state.check_shapes(optimiser)
        if self.state.epoch == first and first > 0 and self.state.best_weights is not None:
            self.method.load_state_dict(self.state.best_weights)
            self.state.best = -math.inf
        for epoch in range(self.state.epoch, last):
            if self._is_out_of_patience(first):
                self.state.epoch = last
                break
            yield self._epoch(stage, epoch, (epoch - first, last - first), optimiser)

    def _is_out_of_patience(self, first: int) -> bool:
        """Whether no epoch of the stage that began with `first` was better for as long as the plan waits."""
        if not self.plan.patience or math.isinf(self.state.best):
            return False
        return self.state.epoch - max(self.state.best_epoch + 1, first) >= self.plan.patience

    def _epoch(self, stage: Stage, epoch: int, place: tuple[int, int], optimiser: torch.optim.Optimizer) -> Progress:
        start = time.perf_counter()
        shares, seeds = self.together, (self.seed, epoch, *self.together.mixed_in())
        torch.manual_seed(mixed_seed(*seeds))
        run = self._run(stage, epoch)
        self.method.train()
        for module in stage.frozen:
            module.eval()
        order = self._order(epoch)
        steps = max(1, len(order) // self.plan.batch_size)
        parts = max(1, min(self.plan.accumulate, len(order) // steps // 2))
        found = StepStatistics(self.place, steps * parts)
        rows = [part for each in np.array_split(order, steps) for part in np.array_split(each, parts)]
        fed = batches.Steps(self.task, self.plan, self._fed, [shares.part(each) for each in rows], seeds)
        gradients = optimisation.Accumulated(optimiser, parts)
        for number, batch in enumerate(batches.batches(fed, self.place)):
            shares.begin_step(len(batch), len(rows[number]))
            step, part = divmod(number, parts)
            share = (place[0] + step / steps) / place[1]
            for group in optimiser.param_groups:
                rate = self.plan.learning_rate * group.get("scale", 1.0)
                group["lr"] = rate * optimisation.factor(self.plan, share)
            with optimisation.fitting_step(len(batch), self.place):
                self._look(batch, run, optimiser, found)
            gradients.add(len(rows[number]) / sum(map(len, rows[step * parts : (step + 1) * parts])))
            if part + 1 == parts:
                gradients.put()
                optimisation.clip(optimisation.moved_by(optimiser))
                optimiser.step()
        found.read()
        self.method.eval()
        with torch.no_grad():
            shares.average_statistics(self.method)
            self.method.on_epoch_end(run)
            shares.follow_first(self.method.buffers())
        progress, score = self._validate(stage, epoch, found, start)
        self._keep(progress, score if stage.scored else math.nan, optimiser)
        return progress

    def _look(self, batch: Batch, run: Run, optimiser: torch.optim.Optimizer, found: StepStatistics) -> None:
        """The gradients of a step, or of a part of one; `found` gets its losses and the gradient of each modality."""
        optimiser.zero_grad()
        with mixed_precision(self.place, self.plan.precision):
            losses = self.method.losses(batch, run)
        found.add_losses(losses)
        self.method.backward(losses, run)
        if not self.method.averages_gradients:
            self.together.average_gradients(optimisation.moved_by(optimiser))
        found.add_lengths(optimisation.lengths(self._alone))

    def _order(self, epoch: int) -> NDArray[np.integer]:
        """The samples of an epoch: each once or, of scans, for each window; or by chance, all classes equally often."""
        rng = np.random.default_rng([self.seed, epoch])
        count = len(self.training)
        times = self.plan.windows if self.plan.window else 1
        if not self.plan.balance:
            return rng.permutation(count * times) % count
        chances = 1 / np.bincount(self._kinds)[self._kinds]
        return rng.choice(count, count * times, p=chances / chances.sum())

    @cached_property
    def _kinds(self) -> NDArray[np.int64]:
        return variation.kinds_of(self.training.target)

    @cached_property
    def _fed(self) -> Samples:
        return batches.on_device(self.training, self.plan, self.place)

    @cached_property
    def _answered_at_once(self) -> Samples:
        return evaluation_samples.evaluation_samples(self.validation)

    def _run(self, stage: Stage, epoch: int) -> Run:
        generator = torch.Generator().manual_seed(mixed_seed(self.seed, epoch, 1))
        answered, together = self._answered_at_once, self.together
        drawing_from = generator if together.count == 1 else modality_dropout.of_one(self.seed, epoch, together.rank)
        return Run(
            epoch=epoch,
            epochs=self.plan.epochs,
            stage=stage.name,
            generator=generator,
            drop=modality_dropout.drop(self.place, drawing_from, mixed_seed(self.seed, epoch, 3, *together.mixed_in())),
            validation=lambda present: logits_of(self.method, answered, present),
            validation_present=answered.present,
            validation_target=answered.target,
            training=self._in_order,
            teachers=self.teachers,
            averaged=None if together.count == 1 else together.averaged,
        )

    def _in_order(self, count: int) -> Iterator[Batch]:
        rows = range(min(count, len(self.training)))
        for start in range(0, len(rows), self.plan.batch_size):
            some = rows[start : start + self.plan.batch_size]
            yield windows.fixed_windows(self.training, some, self.plan.window).to(self.place)

    @cached_property
    def _alone(self) -> dict[str, list[nn.Parameter]]:
        """The parameters that only one modality passes through; looking for them at each step would take long."""
        return {name: list(self.method.modality_parameters(name)) for name in self.method.modalities.names}

    def _validate(
        self,
        stage: Stage,
        epoch: int,
        steps: StepStatistics,
        start: float,
    ) -> tuple[Progress, float]:
        """The epoch as it is logged, and the score by which it may be kept."""
        found = sweep(self.method, self.validation, distances=False, embeddings=False)
        output, modalities = self.method.output, self.method.modalities
        table = metrics(found, output, modalities)
        spread = np.zeros(0) if found.variance is None else found.variance.mean((1, 2))
        generator = torch.Generator().manual_seed(mixed_seed(self.seed, epoch, 2))
        score = selection.score(self.plan.select, found, table, output, modalities, generator)
        score = self.together.number_of_first(score)
        progress = Progress(
            epoch=epoch,
            epochs=self.plan.epochs,
            stage=stage.name,
            seconds=time.perf_counter() - start,
            losses=dict(steps.losses),
            metrics=table,
            mean=mean_metrics(table)[output.headline],
            variance=dict(zip(found.combinations, spread.tolist(), strict=False)),
            gradient_norm=dict(steps.lengths),
            logs=self.method.logs() | self._records(epoch),
        )
        return progress, score

    def _records(self, epoch: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for recorder in self.recorders:
            found |= recorder.record(epoch)
        return found

    def _keep(self, progress: Progress, score: float, optimiser: torch.optim.Optimizer) -> None:
        """Keep the weights if this epoch is the best so far, write the log line and the state to resume from."""
        score = score if self.method.output.higher_is_better else -score
        unscored = math.isnan(score) and math.isinf(self.state.best)  # nothing to choose by: the last epoch is kept
        if score > self.state.best or unscored or self.plan.select == "last":
            self.state.best = self.state.best if unscored else score
            self.state.best_epoch = progress.epoch
            self.state.best_weights = {n: v.detach().clone() for n, v in self.method.state_dict().items()}
        self.state.epoch = progress.epoch + 1
        self.state.seconds += progress.seconds
        if self.folder is None or self.together.rank:
            return
        progress_log.truncate(self.folder, progress.epoch, gaps=self.plan.patience > 0)
        progress_log.append(self.folder, vars(progress))
        weights, packed = self.method.state_dict(), optimiser.state_dict()
        resume_state.write(self.folder / STATE, self.state, weights, packed, self._settings())

    def _settings(self) -> dict[str, Any]:
        """What a run must share with this one to be the same run."""
        settings = {"seed": self.seed, "config": as_dict(self.method.config), "plan": as_dict(self.plan)}
        data = fingerprint_of(self.task)
        return settings | ({"data": data} if data else {})

    def _as_now(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings of a run that an earlier version began: options that it lacked are as they are by default."""
        config = self.method.stored_config(self.method.info, settings["config"])
        plan = {**as_dict(Plan()), **settings["plan"]}
        return {**settings, "config": {**as_dict(type(self.method).Config()), **config}, "plan": plan}
