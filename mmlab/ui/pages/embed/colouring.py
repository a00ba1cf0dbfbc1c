"""What the points of a map can be coloured by, and the name of each option."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from mmlab.analysis.embedding.point_attributes import LABEL, Labels
from mmlab.analysis.embedding.projection import by_class
from mmlab.core.modality import spoken
from mmlab.core.phrases import language, phrase, say
from mmlab.core.reference import Reference
from mmlab.ui.pages.embed import map_cache
from mmlab.ui.session import cache
from mmlab.viz.embed import point_colours

COLOURS = {
    "class": phrase("Class"),
    "label": phrase("Label"),
    "target": phrase("True number"),
    "said": phrase("Predicted number"),
    "dice": phrase("Dice"),
    "iou": phrase("mIoU"),
    "overlap": phrase("F1 of the labels"),
    "labels": phrase("Number of labels"),
    "combination": phrase("Combination"),
    "answer": phrase("Right or wrong"),
    "error": phrase("Error"),
    "certainty": phrase("Certainty"),
    "doubt": phrase("Uncertainty"),
    "variance": phrase("Variance"),
    "size": phrase("Size"),
    "group": phrase("Person or source"),
}


def ways(reference: Reference) -> tuple[str, ...]:
    """The available colourings of this model."""
    there: Mapping[str, object] = map_cache.attributes(reference)
    return tuple(name for name in COLOURS if name in there)


def title(name: str) -> str:
    """What the dots are coloured by, for people: `certainty`, `label: drama`."""
    return name if name.startswith(LABEL) else spoken(COLOURS[name])


def choice_name(name: str) -> str:
    """The label of a colouring as an option."""
    return say(COLOURS[name])


def letters_of(reference: Reference) -> dict[str, str]:
    """`IS` by `image-sound`."""
    modalities = cache.task(reference.task).info.modalities
    keys = cache.sweep(reference).combinations
    return {key: "".join(modalities[name].letter for name in key.split("-")) for key in keys}


def colours_of(reference: Reference, colour: str) -> point_colours.PointColours:
    """The colours of all points of a model: read only."""
    return _colours(reference, colour, language())


@st.cache_resource(show_spinner=False, max_entries=64)
def _colours(reference: Reference, colour: str, tongue: str) -> point_colours.PointColours:
    found = cache.sweep(reference)
    if colour == "combination":
        return point_colours.of_combinations(tuple(letters_of(reference).values()), len(found.ids))
    known = map_cache.attributes(reference)[colour]
    if isinstance(known, Labels):
        return point_colours.of_categories(known.names, known.codes, known.judged)
    return point_colours.NumberColours(known.unit, known.values, sized=colour == "variance")


def centres(reference: Reference, name: str, combination: int) -> dict[str, tuple[float, ...]]:
    """Where the names of the classes are written: at their middles under one combination."""
    names = cache.task(reference.task).info.output.class_names
    return {say(names[label]): middle for label, middle in _middles(reference, name, combination).items()}


@st.cache_data(show_spinner=False, max_entries=64)
def _middles(reference: Reference, name: str, combination: int) -> dict[int, tuple[float, ...]]:
    if not cache.task(reference.task).info.output.class_names:
        return {}
    made = map_cache.picture(reference, name)
    table = by_class(made.projection.points[[combination]], cache.sweep(reference).target)
    return {label: tuple(centre.tolist()) for label, (centre, _) in table.items()}
