"""The labels of a log's modalities: those of a task, or those that a file names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mmlab.core.modality import Modalities
from mmlab.ui.components import pickers
from mmlab.viz.base import theme


@dataclass(frozen=True)
class Names:
    """Labels, letters and colours by name."""

    labels: Mapping[str, str]
    letters: Mapping[str, str]
    colours: Mapping[str, str]

    @classmethod
    def of_task(cls, modalities: Modalities) -> Names:
        """The labels of a task's modalities."""
        return cls(pickers.labels(modalities), pickers.letters(modalities), pickers.colours(modalities))

    @classmethod
    def of_log(cls, names: tuple[str, ...]) -> Names:
        """For names without a task: labels from the names, the first letter of each that is not taken yet."""
        letters: dict[str, str] = {}
        for name in names:
            free = (letter for letter in (*name.upper(), *"ABCDEFGHIJKLMNOPQRSTUVWXYZ") if letter.isalnum())
            letters[name] = next(letter for letter in free if letter not in letters.values())
        labels = {name: name.replace("_", " ").capitalize() for name in names}
        return cls(labels, letters, {name: theme.modality_colour(place) for place, name in enumerate(names)})

    def short(self, key: str) -> str:
        """A combination in letters."""
        return "".join(self.letters[name] for name in key.split("-"))

    def label(self, key: str) -> str:
        """A combination in words."""
        return " + ".join(self.labels[name] for name in key.split("-"))
