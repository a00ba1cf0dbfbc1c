"""Downloads of the Bench: the content of the page as files, made on request."""

from __future__ import annotations

import json
from functools import partial
from html import escape

import streamlit as st

from mmlab.core import csv_file
from mmlab.core.modality import Combination, Modality
from mmlab.core.phrases import say
from mmlab.ui.components import figure_card, page_frame
from mmlab.ui.inputs import upload_form
from mmlab.ui.pages.predict.view_data import PredictView, cards, drawing, lattice_method
from mmlab.ui.session import cache
from mmlab.viz.base.svg import standalone
from mmlab.viz.predict import prediction_cards

READ = ("sample", "right answer", "corruption", "task", "model", "inputs")  # what a table says beside its numbers


def offer(scene: PredictView, on: Combination) -> None:
    """The numbers and the drawings as files; made when asked for."""
    along = st.popover(say("Download"), key="mm-take", on_change="rerun")
    if not along.open:
        return
    with along:
        name = f"mmlab-{scene.task.name}-{scene.item.id}"
        save = partial(st.download_button, on_click="ignore", width="stretch")
        models = ", ".join(map(cache.title, scene.working))
        shown = ", ".join(filter(None, (scene.item.id, _in_one_line(scene))))
        note = figure_card.origin(f"{shown}: {say('All combinations: {model}', model=models)}")
        save(say("Numbers (CSV)"), data=partial(as_csv, scene), file_name=f"{name}.csv", mime="text/csv")
        save(say("Numbers (JSON)"), data=partial(as_json, scene), file_name=f"{name}.json", mime="application/json")
        page = partial(_page_of, scene, lattice_method(scene), on, note)
        save(say("This view (HTML)"), data=page, file_name=f"{name}.html", mime="text/html")
        for method in scene.working:
            title = say("All combinations: {model}", model=cache.title(method))
            about = figure_card.origin(f"{shown}: {title}")
            drawing = partial(_file_of, scene, method, on.key, about)
            label = say("Combinations, {model} (SVG)", model=cache.title(method))
            save(label, data=drawing, file_name=f"{name}-{method}.svg")
        if scene.item.own:
            upload_form.bundle_offer(scene.item.id, scene.task.name)


def _page_of(scene: PredictView, method: str, on: Combination, about: str) -> bytes:
    """Pictures, answers and combinations as one file that opens without this app and without a network.

    Like the others it runs when the file is asked for, outside the session: it must not look at the address.
    """
    title = f"{say(scene.task.title)}: {scene.item.id}, {on.label}"
    return prediction_cards.page(
        title,
        (page_frame.HERE / "style.css").read_text(),
        "".join(_input_of(scene, item, item.name in on) for item in scene.task.info.modalities),
        f"<h2>{say('Predictions')}</h2>{cards(scene, on)}",
        f"<h2>{escape(say('All combinations: {model}', model=cache.title(method)))}</h2>"
        f"{drawing(scene, method, on.key)}<p>{escape(about)}</p>",
    ).encode()


def _in_one_line(scene: PredictView) -> str:
    """The files of an upload and what was said of them; nothing for a shipped sample."""
    return "; ".join(f"{name}: {file}" for name, file in scene.files.items())


def _input_of(scene: PredictView, modality: Modality, on: bool) -> str:
    label = say(modality.label)
    heading = escape(label if on else say("{input} (off)", input=label))
    picture = scene.pictures.get(modality.name, f"<p>{say('Not given.')}</p>")
    return f"<h2>{heading}</h2>{picture}"


def _file_of(scene: PredictView, method: str, selected: str, about: str) -> bytes:
    return standalone(drawing(scene, method, selected), about=about).encode()


def as_csv(scene: PredictView) -> bytes:
    """A row per method, combination and class; behind them the sample, what is right, and names as people read them."""
    modalities = scene.task.info.modalities
    corruption = ",".join(each.text for each in scene.corruptions)
    files = _in_one_line(scene)
    rows = (
        (
            *(method, key, prediction.answer, prediction.uncertainty, name, probability),
            *(scene.item.id, scene.item.answer, corruption, scene.task.title),
            *(cache.title(method), modalities.parse(key).label),
            "probability: share of 1; uncertainty: nats" if prediction.probabilities else "as the answer",
            files,
        )
        for method, answers in scene.working.items()
        for key, prediction in answers.items()
        for name, probability in prediction.probabilities.items() or [("", "")]
    )
    header = ("method", "combination", "answer", "uncertainty", "class", "probability")
    return csv_file.as_csv((*header, *READ, "unit", "files"), rows).encode()


def as_json(scene: PredictView) -> bytes:
    """The view and, per method, what `python -m mmlab predict --json` gives."""
    methods = {
        method: {
            key: {"answer": each.answer, "probabilities": dict(each.probabilities), "uncertainty": each.uncertainty}
            for key, each in answers.items()
        }
        for method, answers in scene.working.items()
    }
    content = {
        "task": scene.task.name,
        "sample": scene.item.id,
        **({"files": dict(scene.files)} if scene.files else {}),
        "right_answer": scene.item.answer or None,
        "damage": [corruption.text for corruption in scene.corruptions],
        "methods": {method: {"combinations": answers} for method, answers in methods.items()},
    }
    return json.dumps(content, indent=1).encode()
