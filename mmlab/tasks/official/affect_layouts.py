"""The layouts of CMU-MOSI and CMU-MOSEI, and their evaluation protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mmlab.tasks.official.benchmark import Protocol

SPLITS = ("train", "valid", "test")
POOLED = "-pooled"
UNALIGNED = "-unaligned"
WORDS, FRAMES = 50, 500


@dataclass(frozen=True)
class Layout:
    """Where a layout keeps what. In `file` and in the names of arrays, `{}` is the split as the layout calls it.

    arrays: of the file, by what they are: text, voice, face, labels, id. sizes: numbers per step of each input. steps:
    of each input, how many there are at most; those that are not named have a step per word. has_lengths: whether the
    file says how many of the others are there, in arrays of the same names and `_lengths`.
    """

    file: str
    pickle: str
    arrays: Mapping[str, str]
    sizes: Mapping[str, int]
    splits: Mapping[str, str]
    skips_silent: bool = False
    steps: Mapping[str, int] = field(default_factory=dict)
    has_lengths: bool = False


def layouts(name: str, long_name: str, mult: Mapping[str, int], misa: Mapping[str, int]) -> dict[str, Layout]:
    """The layouts of a data set by name. mult, misa: numbers per word of voice and face in that layout."""
    usual = {"text": "{}_text", "voice": "{}_audio", "face": "{}_vision", "labels": "{}_labels", "id": "{}_id"}
    alone = {"text": "text", "voice": "audio", "face": "vision", "labels": "labels", "id": "meta"}
    by_file = {"text": "text", "voice": "acoustic", "face": "visual", "labels": "labels", "id": "id"}
    as_they_are = {split: split for split in SPLITS}
    frames = {"voice": FRAMES, "face": FRAMES}
    return {
        "mult": Layout(f"{long_name}_data.npz", f"{long_name}_data.pkl", usual, {"text": 300, **mult}, as_they_are),
        "mmsa": Layout(
            "aligned_50.npz",
            "aligned_50.pkl",
            {**usual, "labels": "{}_regression_labels"},
            {"text": 768, **mult},
            as_they_are,
        ),
        f"mult{UNALIGNED}": Layout(
            f"{long_name}_data_noalign.npz",
            f"{long_name}_data_noalign.pkl",
            usual,
            {"text": 300, **mult},
            as_they_are,
            steps=frames,
        ),
        f"mmsa{UNALIGNED}": Layout(
            "unaligned_50.npz",
            "unaligned_50.pkl",
            {**usual, "labels": "{}_regression_labels"},
            {"text": 768, **mult},
            as_they_are,
            steps=frames,
            has_lengths=True,
        ),
        "multibench": Layout(
            f"{name}_raw.npz", f"{name}_raw.pkl", usual, {"text": 300, "voice": 74, "face": 35}, as_they_are, True
        ),
        "gmc": Layout(f"{name}_{{}}_a.npz", f"{name}_{{}}_a.dt", alone, {"text": 300, **mult}, as_they_are),
        "misa": Layout("{}.npz", "{}.pkl", by_file, misa, {**as_they_are, "valid": "dev"}),
    }


def protocols(known: Mapping[str, Layout], sizes: Mapping[str, int]) -> tuple[Protocol, ...]:
    """A protocol for each layout, and one with means over the words for the two that most papers use."""
    about = {
        "mult": ("MulT's aligned features, 50 words: GloVe, COVAREP, FACET.", "yaohungt/Multimodal-Transformer"),
        "mmsa": ("MMSA's aligned features, 50 words: BERT, COVAREP, FACET.", "thuiar/MMSA"),
        f"mult{UNALIGNED}": (
            "MulT's unaligned features: 50 words, and voice and face frame by frame.",
            "yaohungt/Multimodal-Transformer",
        ),
        f"mmsa{UNALIGNED}": (
            "MMSA's unaligned features: 50 words, and voice and face frame by frame, with their lengths.",
            "thuiar/MMSA",
        ),
        "multibench": ("MultiBench's aligned features; samples without words are left out.", "pliang279/MultiBench"),
        "gmc": ("MulT's features as GMC keeps them, a file per split.", "miguelsvasco/gmc"),
        "misa": ("MISA's words, FACET and COVAREP, each sample standardised by itself.", "declare-lab/MISA"),
    }
    measured = "Acc-2 with and without zero, Acc-5, Acc-7, F1, MAE and correlation."
    here = (
        "The epoch is chosen by the mean absolute error on the validation split; features are standardised by the "
        "steps that are there, and padding is masked."
    )
    found = []
    for name, (text, source) in about.items():
        layout = known[name]
        found.append(Protocol(name, f"{text} {measured}", here, source, _inputs(layout, False), sizes))
        if name in ("mult", "mmsa"):
            pooled = f"{text} The mean over the words that are there. {measured}"
            found.append(
                Protocol(name + POOLED, pooled, f"{here} Steps are averaged.", source, _inputs(layout, True), sizes)
            )
    return tuple(found)


def _inputs(layout: Layout, pooled: bool) -> tuple[Mapping[str, Any], ...]:
    found: list[Mapping[str, Any]] = []
    for name in ("text", "voice", "face"):
        size, common = layout.sizes.get(name), {"name": name, "label": name.capitalize()}
        if size is None:
            found.append({**common, "kind": "text", "inline": True})
        elif pooled:
            found.append({**common, "kind": "vector", "size": size, "pooled": True})
        else:
            steps = layout.steps.get(name, WORDS)
            found.append({**common, "kind": "sequence", "size": size, "steps": steps, "padded": True})
    return tuple(found)
