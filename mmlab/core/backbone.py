"""The encoder of an input: a large network instead of the small default, and how it is used.

The plan's `encoders` says it for a run, the key `encoder` of an input in task.json for a folder:

>>> pairs_of("image.encoder=timm:resnet18; image.training=cached")
{'image': {'encoder': 'timm:resnet18', 'training': 'cached'}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmlab.core.errors import DataError
from mmlab.core.options import describe, option

SMALL, EVERY = "small", "*"


@dataclass(frozen=True)
class Backbone:
    """The encoder of one input and its options."""

    encoder: str = option(SMALL, "What reads the input: small, timm:NAME, hf:FOLDER, or what a plug-in registers")
    pretrained: str = option("no", "Weights to begin with: no, yes (those of the model's makers), or a file")
    training: str = option(
        "tuned",
        "Whether it learns: tuned with the rest, frozen, or cached (frozen, its features computed once and kept)",
        choices=("tuned", "frozen", "cached"),
    )
    rate: float = option(1.0, "Its learning rate, as a multiple of the plan's", 1e-6, 100.0)
    pixels: int = option(
        0, "Pixels across and down that it is given; 0 what it was made for, -1 as they come", -1, 1024
    )
    digest: str = option("", "Of the frozen weights, so that others are never taken for them; found by itself")

    @property
    def family(self) -> str:
        """The family that builds it: `timm` of `timm:resnet18`."""
        return self.encoder.partition(":")[0]

    @property
    def name(self) -> str:
        """The model within its family: `resnet18` of `timm:resnet18`."""
        return self.encoder.partition(":")[2]

    @property
    def frozen(self) -> bool:
        """Whether its weights are frozen."""
        return self.training != "tuned"


def pairs_of(text: str) -> dict[str, dict[str, str]]:
    """`image.encoder=timm:resnet18; image.rate=0.1` by input and option. Raises DataError for anything else."""
    found: dict[str, dict[str, str]] = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        name, equals, value = part.partition("=")
        modality, dot, key = name.strip().partition(".")
        if not (modality and dot and key and equals and value.strip()):
            raise DataError(f"'{part[:60]}' chooses no encoder.", "Write image.encoder=timm:resnet18, parted by `;`.")
        found.setdefault(modality, {})[key] = value.strip()
    return found


def written(pairs: Mapping[str, Mapping[str, Any]]) -> str:
    """The text that `pairs_of` reads."""
    return "; ".join(f"{name}.{key}={value}" for name, given in pairs.items() for key, value in given.items())


def merged(first: str, second: str) -> str:
    """Both option texts merged; the second takes precedence."""
    found = pairs_of(first)
    for name, given in pairs_of(second).items():
        found[name] = {**found.get(name, {}), **given}
    return written(found)


def option_names() -> tuple[str, ...]:
    """The names of the options that can be set."""
    return tuple(item.name for item in describe(Backbone))
