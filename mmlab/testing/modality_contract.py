"""What holds for every kind of modality, tried on its own example. Each check raises AssertionError."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from mmlab.core.drawing import Drawing
from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, kind_of_recording, modality_kind
from mmlab.core.options import NO_OPTIONS, build
from mmlab.modalities import corruption
from mmlab.modalities.corruption import SEVERITIES
from mmlab.viz.explain import attribution_maps
from mmlab.viz.inputs import recordings

COLOUR = "#2B7BBB"


def check_modality(name: str, options: Mapping[str, Any] = NO_OPTIONS) -> None:
    """Run the whole contract on a registered kind. options: those of `task.json` that it cannot do without."""
    kind = modality_kind(name)
    raw = kind.read(kind.example(), "example")
    assert type(raw) is kind.recording, f"{name} reads a {type(raw).__name__}, not a {kind.recording.__name__}"
    assert kind_of_recording(raw) is kind, f"recordings of {name} belong to another kind"
    assert kind.noun, f"{name} has no noun"
    is_drawn(recordings.recorded(raw, COLOUR, "It"))
    is_drawn(recordings.thumbnail({"a": raw}, {"a": COLOUR}))
    for when, each in kind.steps(raw):
        assert isinstance(when, str), f"a step of {name} says when it is in no words"
        is_drawn(recordings.recorded(each, COLOUR, "It"))
    corruptions_keep_the_type(name)
    hostile_files_are_refused_in_a_sentence(name)
    for reads in inputs_of(name, options).values():
        assert reads.seen_as in MODALITY_KINDS, f"{name} is seen as '{reads.seen_as}', which is no kind"
        prepared = reads.prepare(reads.read(kind.example(), "example"))
        assert tuple(prepared.tensor.shape) == reads.shape, f"{name} prepares {tuple(prepared.tensor.shape)}"
        kept = torch.float64 if reads.standardised else torch.float32
        assert prepared.tensor.dtype == kept, f"{name} prepares {prepared.tensor.dtype}"
        assert bool(prepared.tensor.isfinite().all()), f"a number of {name} is not finite"
        is_learned_from_and_explained(reads.seen_as, prepared.tensor.float(), prepared.words)


def inputs_of(name: str, options: Mapping[str, Any] = NO_OPTIONS) -> dict[str, FolderInput]:
    """What a `task.json` can ask of a kind, by name, with its usual options and those given."""
    made = modality_kind(name).folder_inputs()
    return {each: build(one, options) for each, one in made.items()}


def is_drawn(found: Drawing) -> None:
    """A picture, or markup without a number that is none, and words for those who do not see it."""
    assert found.alt, "a drawing says nothing to those who do not see it"
    if found.kind == "png":
        assert found.content.startswith(b"\x89PNG"), "a drawing is no picture"
    else:
        ET.fromstring(found.content.decode())
        assert b"nan" not in found.content, "a drawing holds a number that is none"


def corruptions_keep_the_type(name: str) -> None:
    """Every corruption has its severities, gives the same type of recording, and what it gives can be drawn."""
    kind = modality_kind(name)
    raw = kind.read(kind.example(), "example")
    for label, found in corruption.table_of(name).items():
        assert len(found.steps) == len(SEVERITIES), f"{label} of {name} has {len(found.steps)} severities"
        hurt = [corruption.degrade(raw, label, severity, 3) for severity in SEVERITIES]
        assert {type(each) for each in hurt} == {kind.recording}, f"{label} of {name} gives another type"
        is_drawn(recordings.recorded(hurt[-1], COLOUR))


def hostile_files_are_refused_in_a_sentence(name: str) -> None:
    """What is no recording ends in a DataError, or is read: nothing else comes out of a file."""
    kind = modality_kind(name)
    content, noise = kind.example(), np.random.default_rng(0).bytes(300)
    for given in (b"", b"\0" * 40, noise, content[: len(content) // 2], content[::-1], b"\xff" + content):
        with suppress(DataError):
            assert isinstance(kind.read(given, "a\0/../<b>.png"), kind.recording)


def is_learned_from_and_explained(name: str, tensor: torch.Tensor, words: tuple[str, ...]) -> None:
    """Augmented by a seed, encoded with a gradient for every parameter, drawn as it is seen and under a map."""
    kind, array = modality_kind(name), tensor.numpy()
    batch = torch.stack([tensor, tensor.flip(-1), tensor])
    first, again = (kind.augment(batch, torch.Generator().manual_seed(1)) for _ in range(2))
    assert first.shape == batch.shape, f"augmenting {name} changes its shape"
    assert torch.equal(first, again), f"augmenting {name} by one seed gives two results"
    network = kind.encoder(tuple(tensor.shape), 8, 12)
    (feature,) = network(batch)
    assert feature.shape == (3, 12), f"the encoder of {name} gives {tuple(feature.shape)}"
    feature.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters()), f"part of {name}'s encoder is unused"
    heat = np.linspace(0, 1, array.shape[-1], dtype=np.float32)
    heat = np.broadcast_to(heat, array.shape[1:]).copy() if array.ndim > 2 else heat
    is_drawn(recordings.seen(name, array, COLOUR, words=words))
    is_drawn(recordings.seen(name, array, COLOUR, heat=heat, words=words))
    assert "<img" in attribution_maps.overlay(name, array, heat, words=words)
    assert "<img" in attribution_maps.difference(name, array, -heat, words=words)
