"""Families of large encoders, discovered because their file exists, or from plug-ins."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from mmlab.core.backbone import EVERY, SMALL, Backbone, pairs_of
from mmlab.core.errors import UnknownName
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import build
from mmlab.core.registry import Registry
from mmlab.core.task import TaskInfo
from mmlab.core.training_plan import Plan

if TYPE_CHECKING:
    from torch import nn


class BackboneFamily(ABC):
    """A source of networks that read inputs; its methods import what they need when they are called.

    `build` gives a module from `[B, *shape]` to maps `[B, C, *places]` or vectors `[B, C]`, or with `levels` a tuple of
    maps, shallow to deep. It may have `facts` (a mapping, for the card) and `pool` (maps -> `[B, C]`; the mean over
    places by default).
    """

    title: ClassVar[str] = ""
    has_tokens: ClassVar[bool] = False  # whether its models of texts bring a tokenizer of their own

    def unsupported_reason(self, modality: Modality) -> str:
        """The reason, as a sentence, why it cannot encode an input; empty if it can."""
        return ""

    @abstractmethod
    def build(self, modality: Modality, backbone: Backbone, levels: bool) -> nn.Module:
        """The network, with its weights. Raises UnknownName, Unsupported, DataError, MissingExtra."""


@runtime_checkable
class TakesTexts(Protocol):
    """A task whose texts can be read as tokens of a pretrained model."""

    def taken_as_words(self) -> tuple[str, ...]:
        """The text inputs that are read as words because no tokenizer was chosen for them."""


BACKBONES: Registry[type[BackboneFamily]] = Registry("encoder", "mmlab.networks.backbones")


def chosen(text: str, modalities: Modalities) -> dict[str, Backbone]:
    """The backbone of each input that has one; `*` is every input that the encoder can read.

    Raises UnknownName for an input, an option or a family that does not exist, DataError for a value that does not fit.
    """
    pairs = pairs_of(text)
    for name in pairs:
        if name != EVERY and name not in modalities.names:
            near = difflib.get_close_matches(name, modalities.names, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"This task has: {', '.join(modalities.names)}."
            raise UnknownName(f"There is no modality '{name}'.", hint)
    found = {}
    for modality in modalities:
        name = modality.name
        given = {**pairs.get(EVERY, {}), **pairs.get(name, {})}
        made = build(Backbone, given)
        if made.encoder == SMALL:
            continue
        reason = BACKBONES[made.family]().unsupported_reason(modality)
        if not (reason and "encoder" not in pairs.get(name, {})):
            found[name] = made
    return found


def as_read(info: TaskInfo, plan: Plan) -> TaskInfo:
    """A task as a run reads its inputs, by linear maps or large networks where asked for, and weighs its answers."""
    found = info.read_by(plan.encoder).with_backbones(chosen(plan.encoders, info.modalities))
    output = found.output.weighing(plan.foreground)
    return replace(found, embedding=plan.embedding, window=plan.window, output=output)
