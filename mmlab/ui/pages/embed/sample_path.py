"""One sample on Embed: its path through the combinations, beside the map and over it, and its nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from mmlab.analysis.embedding import nearest_neighbours
from mmlab.analysis.embedding.maps import Places
from mmlab.analysis.embedding.point_attributes import Labels
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.results import Sweep
from mmlab.ui.components import page_frame, pickers, plotly_figure, sample_view, thumbnail
from mmlab.ui.pages.embed import map_cache, view_data
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import language, wording
from mmlab.viz.embed import sample_path
from mmlab.viz.embed.sample_path import Step
from mmlab.viz.explain.attribution_maps import overlay

SEEN = "mmlab.embed.sample"
FAR = 0.99
NEAR = 6


@dataclass(frozen=True)
class Path:
    """The picked sample under its combinations: flat for its own picture, laid over the map as that one has it."""

    places: Places
    steps: tuple[Step, ...]
    over: tuple[Step, ...]
    on: str
    looked: sample_view.SampleView | None

    @property
    def lit(self) -> tuple[str, ...]:
        """From complete input to what is on."""
        return sample_path.chain(self.places.keys, self.on)


def point(sample: str, found: Sweep) -> str:
    """The sample whose path is drawn: the one of the page, or a dot without recordings that was clicked since."""
    if st.session_state.setdefault(SEEN, sample) != sample:
        st.session_state[SEEN] = sample
        url_state.put(point=None)
    wanted = url_state.get("point")
    return wanted if wanted in found.ids else sample


def pick(view: View, flat: int) -> None:
    """A dot was clicked: go to its sample, which has recordings here if it is in the gallery, and its combination."""
    combination, row = divmod(flat, len(view.found.ids))
    key, name = view.found.combinations[combination], view.found.ids[row]
    in_gallery = name in view.task.gallery()
    st.session_state[SEEN] = name if in_gallery else view.sample
    whole = max(view.found.combinations, key=lambda other: other.count("-"))
    fields = {"sample": name, "point": None} if in_gallery else {"point": name}
    url_state.put(on=None if key == whole else key, **fields)


def find(view: View) -> Path | None:
    """The picked sample's places; nothing where it has no input that can be used."""
    looked = None
    corruptions: tuple[url_state.InputCorruption, ...] = ()
    if view.point == view.sample:
        looked = sample_view.current_view(view.task.name, view.sample)
        corruptions = looked.corruptions
        if not looked.given:
            return None
    flat = map_cache.places(view.reference, view.picture, view.point, corruptions)
    over = map_cache.places(view.reference, view.picture, view.point, corruptions, True) if view.solid else flat
    right = _right(view, looked, flat)
    on = url_state.get("on") if looked is None else looked.on.key if looked.on is not None else ""
    on = on if on in flat.keys or looked is not None else flat.keys[-1]
    return Path(flat, _steps(view, flat, right), _steps(view, over, right), on, looked)


def show(view: View, path: Path | None) -> None:
    """The switches, the picture of the path with its animation, and the numbers."""
    st.subheader(say("One sample"), help=wording.help("path"), anchor=False)
    if path is None:
        st.caption(say("This sample has no input that can be used."))
        return
    if path.looked is not None:
        _inputs(path.looked)
    else:
        st.caption(_named(view, view.found.ids.index(view.point)))
    draw(view, path, "embed.path", 480)
    variance = None if path.places.variance is None else path.places.variance.tolist()
    st.html(sample_path.table(path.steps, path.places.similarity.tolist(), variance, path.on))


def draw(view: View, path: Path, key: str, height: int) -> None:
    """The picture of the path with its animation, and what has to be known of it."""
    spec = _spec(view.reference, view.picture, path.steps, path.on, language.current())
    name = f"mmlab-path-{view.task.name}-{view.reference.method}"
    alt = f"{say('The path of {sample}.', sample=view.point)} {view.about}"
    plotly_figure.show(spec, key=key, name=name, alt=alt, height=height, later=True)
    _remarks(path.places, cache.title(view.reference.method))


def near(view: View, path: Path) -> None:
    """The nearest neighbours under what is on, and under anything else, with their pictures."""
    st.subheader(say("Nearest neighbours"), help=wording.help("nearest"), anchor=False)
    keys, mean = map_cache.embedding(view.reference, view.point, path.looked.corruptions if path.looked else ())
    on = path.on if path.on in keys else keys[-1]
    place, combination = mean[keys.index(on)], view.found.index(on)
    own = view.found.ids.index(view.point) if view.point in view.found.ids else -1
    for text, ask in (
        (say("With {letters}", letters=view.letters[on]), nearest_neighbours.within),
        (say("With any other combination"), nearest_neighbours.across),
    ):
        near_ones = ask(view.found, place, combination, NEAR, own)
        st.caption(text)
        if not len(near_ones.samples):
            st.caption(say("None."))
            continue
        pairs = zip(near_ones.samples, near_ones.combinations, near_ones.distances, strict=True)
        st.html(f'<div class="mm-near">{"".join(_card(view, *pair) for pair in pairs)}</div>')


def pictured(view: View, rows: Sequence[int], note: str = "") -> str:
    """Samples as small cards that lead to the Bench, where they ship; by name otherwise."""
    return f'<div class="mm-near">{"".join(_one(view, row, note) for row in rows)}</div>'


def _card(view: View, row: int, combination: int, distance: float) -> str:
    return _one(view, row, f"{view.letters[view.found.combinations[combination]]} · {distance:.2f}")


def _one(view: View, row: int, note: str) -> str:
    name = view.found.ids[row]
    said = say(view_data.truth(view.task, view.found.target[row])) or name
    under = f"{escape(thumbnail.short(said))}<small>{escape(note)}</small>"
    if name not in view.task.gallery():
        return (
            f'<span title="{escape(name, quote=True)}"><span class="mm-thumb">{escape(name[-6:])}</span>{under}</span>'
        )
    fields = {
        "task": view.task.name,
        "sample": name,
        "methods": url_state.get("methods"),
        "lattice": view.reference.method,
    }
    address = url_state.link("embed", {key: value for key, value in fields.items() if value})
    return thumbnail.link(
        address,
        view.task.name,
        name,
        say("Sample {name}, right answer {answer}: show it here", name=name, answer=say(said)),
        under,
    )


def _digest(step: Step) -> str:
    """What tells one place of a path from another."""
    spread = b"" if step.spread is None else step.spread.tobytes()
    return f"{step.key}{step.letters}{step.good}{step.place.tobytes().hex()}{spread.hex()}"


@st.cache_data(show_spinner=False, max_entries=64, scope="session", hash_funcs={Step: _digest})
def _spec(reference: Reference, name: str, steps: tuple[Step, ...], on: str, spoken: str) -> str:
    """The path's drawing with its animation: drawn again only if the path or the language (`spoken`) changed."""
    flat, keys = map_cache.picture(reference, name), tuple(step.key for step in steps)
    drawn = sample_path.path(flat.projection.points, steps, sample_path.chain(keys, on), view_data.titles(flat))
    return str(sample_path.animate(drawn, steps, sample_path.walk(keys, on)).to_json())


def _steps(view: View, places: Places, right: np.ndarray | None) -> tuple[Step, ...]:
    return tuple(
        Step(
            key=key,
            letters=view.letters[key],
            place=places.points[row],
            good=None if right is None else bool(right[row]),
            spread=None if places.spread is None else places.spread[row],
        )
        for row, key in enumerate(places.keys)
    )


def _right(view: View, looked: sample_view.SampleView | None, places: Places) -> np.ndarray | None:
    """Whether the answer is right, by combination; None where that is not known or not yes or no."""
    if "answer" not in map_cache.attributes(view.reference):
        return None
    if looked is None or (places.known and view.point in view.found.ids):
        told = map_cache.attributes(view.reference)["answer"]
        assert isinstance(told, Labels)
        rows = [view.found.index(key) for key in places.keys]
        return told.codes[rows, view.found.ids.index(view.point)] == 0
    if looked.item.target is None:
        return None
    answers = cache.answers(view.reference, looked.item.id, looked.corruptions)
    return np.array([view.task.info.output.right(answers[key], looked.item.target) for key in places.keys])


def _inputs(looked: sample_view.SampleView) -> None:
    """The switches, and below them what the model sees of each input."""
    modalities = looked.task.info.modalities
    with st.container(horizontal=True, gap="medium", key="mm-switches"):
        for modality in modalities:
            pickers.toggle(modality, looked.given, looked.on)
    seen = ""
    for modality in modalities:
        if modality.name in looked.world.arrays:
            array = looked.world.arrays[modality.name]
            flat, said = np.zeros(array.shape[1:] or array.shape), looked.world.words[modality.name]
            plain = overlay(modality.kind, array, flat, say(modality.label), words=said)
            pale = 1 if looked.on is not None and modality.name in looked.on else 0.25
            seen += f'<div style="flex:0 1 96px;opacity:{pale}">{plain}</div>'
    st.html(f'<div style="display:flex;gap:.7rem;align-items:center">{seen}</div>')


def _named(view: View, row: int) -> str:
    """A sample without recordings, in words."""
    parts = [f"**{page_frame.plain(view.found.ids[row])}**"]
    if answer := view_data.truth(view.task, view.found.target[row]):
        parts.append(f"{say('right answer')}: **{page_frame.plain(say(answer))}**")
    parts.append(page_frame.plain(view.found.groups[row]))
    return f"{' · '.join(parts)}. {say('Its recordings are not among those that ship with the app.')}"


def _remarks(places: Places, title: str) -> None:
    if places.spread is None:
        st.caption(say("{model} gives no variance, so there are no ellipses.", model=page_frame.plain(title)))
    else:
        st.caption(say("Each ellipse reaches two standard deviations: the model's own uncertainty about the position."))
    if places.known:
        return
    st.caption(say("This sample is new to the map; it is placed among its nearest neighbours."))
    far = [key for key, part in zip(places.keys, places.far, strict=True) if part >= FAR]
    if far:
        st.info(
            say(
                "Under {count} of {total} combinations it is farther from all known samples than they are "
                "from each other: the model was never tested there.",
                count=len(far),
                total=len(places.keys),
            )
        )
