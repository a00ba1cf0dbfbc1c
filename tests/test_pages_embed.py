"""Embed as a person uses it, with models that never learned anything and a small measured test set."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

from mmlab.analysis.embedding import custom_maps, map_file, maps
from mmlab.analysis.embedding.maps import MapSettings
from mmlab.analysis.embedding.point_attributes import Numbers
from mmlab.core.batch import Samples
from mmlab.core.reference import Reference
from mmlab.core.task import TASKS
from mmlab.experiments.recorders.embedding_maps import EPOCH_MAPS, EmbeddingRecorder, EpochMaps
from mmlab.inference.sweep import sweep
from mmlab.storage import checkpoints, sweep_file
from mmlab.ui.bar.samples import OPEN
from mmlab.ui.components import selection
from mmlab.ui.inputs.sample_picker import TAB, TABS
from mmlab.ui.pages.embed import downloads, map_cache, page, sample_path, selection_panel, training_dynamics, view_data
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.session import cache
from mmlab.viz.embed import point_colours
from tests.apps import address, app_at, captions, html, sentences
from tests.library import as_umap, untrained
from tests.unpacked import pack

ROOT = Path(__file__).resolve().parent.parent
PACK = pack("digits")
SHIPPED, STRANGE, LACKING = 40, "test-0999", 7
COUNT = SHIPPED + 1


def measured(root: Path) -> None:
    """Untrained models with sweeps of the first shipped samples and one that does not ship, some without a modality;
    DMRNet has a shipped map, in two and three dimensions."""
    task = TASKS["digits"]()
    examples = [task.example(name) for name in task.gallery()[:COUNT]]
    names = task.info.modalities.names
    inputs = {name: torch.stack([task.prepare(name, e.raw[name]).tensor for e in examples]) for name in names}
    ids = (*task.gallery()[:SHIPPED], STRANGE)
    groups = tuple(f"speaker {i % 3}" for i in range(len(ids)))
    present = torch.ones(len(ids), 3, dtype=torch.bool)
    present[LACKING, 1] = False
    samples = Samples(inputs, present, torch.tensor([e.target for e in examples]), ids, groups)
    for reference in untrained(root, "digits", "joint", "dmrnet"):
        folder = Path(reference.path)
        loaded = checkpoints.load(folder)
        found = sweep(loaded.method, samples, digest=loaded.digest)
        sweep_file.write(folder, found)
        report = {"digest": loaded.digest, "headline": "accuracy", "sources": {}}
        (folder / "report.json").write_text(json.dumps(report))
        if reference.method == "dmrnet":
            map_file.write_map(folder, as_umap(found))
            recorder = EmbeddingRecorder(
                loaded.method, dataclasses.replace(samples, present=torch.ones_like(present)), 3, folder
            )
            for epoch in (0, 1, 2):
                recorder.record(epoch)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    measured(root)
    return root


@pytest.fixture(autouse=True)
def library(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(models))
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    st.cache_data.clear()
    st.cache_resource.clear()
    yield models
    st.cache_resource.clear()


def reference(method: str = "dmrnet") -> Reference:
    return cache.library().find("digits", method)


def opened(path: str = "embed", **address: str) -> AppTest:
    app = app_at(path, 90)
    for name, value in {"lattice": "dmrnet", **address}.items():
        app.query_params[name] = value
    return app.run()


def parts(app: AppTest, name: str) -> list[dict[str, Any]]:
    """What components of the page were given."""
    found = [element.proto for element in app.get("bidi_component") if element.proto.component_name == name]
    return [json.loads(proto.json or proto.mixed.json) for proto in found]


def figures(app: AppTest) -> list[dict[str, Any]]:
    return [each for each in parts(app, "mmlab_figure") if "figure" in each]


def drawings(app: AppTest) -> str:
    return " ".join(each["html"] for each in parts(app, "mmlab_board"))


def points(value: Any) -> np.ndarray:
    kinds = {"f4": "<f4", "i4": "<i4", "u1": "u1"}
    if isinstance(value, list):
        return np.array(value)
    return np.frombuffer(base64.b64decode(value["bdata"]), kinds[value["dtype"]])


def trace(figure: dict[str, Any], place: int = 0) -> dict[str, Any]:
    return json.loads(figure["figure"])["data"][place]


def brought(app: AppTest) -> AppTest:
    """The page after a picture was uploaded."""
    app.session_state[OPEN], app.session_state[TAB] = True, TABS[1]
    uploader = app.run().file_uploader(key="bring.digits.image.File")
    return uploader.upload("a.png", (PACK / "test-0001.png").read_bytes(), "image/png").run()


ALL_POINTS = 7 * COUNT - 4  # one sample lacks the sound: four combinations have it


def test_the_map_and_the_path_of_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)  # an import of it would fail: a stored map needs none
    app = opened()
    assert not app.exception
    assert not sentences(app)
    whole, path = figures(app)
    assert len(points(trace(whole)["x"])) == ALL_POINTS
    assert np.isfinite(points(trace(whole)["x"])).all()
    assert whole["samples"] == COUNT
    assert "distances mean little" in captions(app)
    assert "two standard deviations" in captions(app)
    outlines = [each for each in json.loads(path["figure"])["data"] if each["mode"] == "lines"]
    assert sum(len(points(each["x"])) == 48 for each in outlines) == 7
    assert len(json.loads(path["figure"])["frames"]) == 3, "from everything to one input"
    assert "cosine similarity to all inputs" in html(app)


def test_a_method_without_variance_says_so_and_without_a_map_shows_pca() -> None:
    app = opened(lattice="joint")
    assert not app.exception
    assert "no map yet" in sentences(app)
    assert "gives no variance" in captions(app)
    layout = json.loads(figures(app)[0]["figure"])["layout"]
    assert "of the spread" in layout["xaxis"]["title"]["text"]
    offered = [option.content for group in app.get("button_group") for option in group.proto.options]
    assert "Variance" not in offered
    closeness = opened(lattice="joint", part="closeness")
    assert not closeness.exception
    assert "gives no variance" in captions(closeness)


@pytest.mark.parametrize("colour", ["class", "combination", "answer", "certainty", "variance", "group"])
def test_a_colour_moves_nothing(colour: str) -> None:
    plain, other = opened(), opened(colour=colour)
    assert not other.exception
    assert not sentences(other)
    before, after = figures(plain)[0], figures(other)[0]
    assert before["stamp"] == after["stamp"], "the same figure is recoloured in place"
    assert (before["look"] == after["look"]) == (colour == "class")


def test_three_dimensions() -> None:
    for name in ("umap", "pca"):
        app = opened(axes="3", picture=name)
        assert not app.exception
        assert not sentences(app)
        assert trace(figures(app)[0])["type"] == "scatter3d"
        colours, sample_over_it = json.loads(figures(app)[0]["look"])
        assert colours[1] == [0]
        assert set(sample_over_it[0]) == {"x", "y", "z"}
        assert "gl2d" not in figures(app)[0]["plotly"], "the small build has no three dimensions"
    joint = opened(axes="3", lattice="joint")
    assert "no map yet" in sentences(joint)
    assert trace(figures(joint)[0])["type"] == "scatter3d"


def test_combinations_can_be_hidden() -> None:
    app = opened(shown="image,image-sound-pen")
    assert len(points(trace(figures(app)[0])["x"])) == 2 * COUNT - 1
    assert len(points(trace(figures(opened(shown="smell"))[0])["x"])) == ALL_POINTS


@pytest.mark.parametrize("part", list(page.SECTIONS))
def test_every_section_opens_with_gaps_in_the_data(part: str) -> None:
    app = opened(part=part)
    assert not app.exception
    assert not app.error
    assert not app.warning


def test_a_panel_for_each_combination() -> None:
    (figure,) = figures(opened(part="several", shown="image,sound,image-sound"))
    data = json.loads(figure["figure"])["data"]
    assert [len(points(each["x"])) for each in data] == [COUNT, COUNT - 1, COUNT - 1]
    (changes, traces) = json.loads(figure["look"])[0]
    assert traces == [0, 1, 2]
    assert [len(points(each)) for each in changes["marker.color"]] == [COUNT, COUNT - 1, COUNT - 1]


def test_what_is_close_is_shown_for_each_combination_and_method() -> None:
    app = opened(part="closeness", methods="joint.dmrnet")
    shown = drawings(app)
    assert shown.count("cosine, itself:") == 6, "a row for each but complete input"
    assert "Joint training:" in shown
    assert "DMRNet:" in shown
    assert "Variance and accuracy, by combination" in shown
    assert "the other models" in shown


def test_trust_gives_the_numbers_beside_the_warning() -> None:
    app = opened(part="trust")
    shown = {metric.label: metric.value for metric in app.metric}
    assert 0 < float(shown["Trustworthiness"]) <= 1
    assert 0 < float(shown["Continuity"]) <= 1
    assert shown["Stability across seeds"] == "70 %"
    assert "distances mean little" in sentences(app)
    assert "silhouette" in drawings(app)
    assert "two or three directions" in sentences(opened(part="trust", picture="pca"))


def test_two_models_lie_over_each_other() -> None:
    app = opened(part="pair", picture="pca")
    assert not sentences(app)
    assert "Disparity" in captions(app)
    (figure,) = figures(app)
    assert len(json.loads(figure["figure"])["data"]) == 2
    assert app.selectbox(key="embed.beside").value == "joint/seed0"
    assert "Both are shown as PCA" in sentences(opened(part="pair"))


def a_view(monkeypatch: pytest.MonkeyPatch) -> tuple[View, dict[str, str | None]]:
    """What callbacks get, with the address caught: AppTest runs no component callbacks."""
    put: dict[str, str | None] = {}
    monkeypatch.setattr(sample_path.url_state, "put", lambda **fields: put.update(fields))
    monkeypatch.setattr(sample_path.st, "session_state", {})
    found, made = cache.sweep(reference()), map_cache.picture(reference(), "umap")
    drawn, shown = np.ones(COUNT, bool), tuple(range(7))
    one = (cache.task("digits"), (reference(),), reference(), found, made)
    return View(*one, "umap", False, "class", shown, drawn, "test-0000", "test-0000", None), put


def test_a_map_of_each_stored_pass_with_what_its_neighbours_knew() -> None:
    app = opened(part="learned")
    assert not app.exception
    assert not sentences(app)
    (maps_of_passes,) = figures(app)
    traces = json.loads(maps_of_passes["figure"])["data"]
    assert len(traces) == 3
    assert {len(points(each["x"])) for each in traces} == {7 * COUNT}
    assert maps_of_passes["samples"] == COUNT
    assert "validation samples × 7 combinations" in captions(app)
    assert f"{COUNT} validation samples with every input" in drawings(app)
    assert "k-NN accuracy: Class" in drawings(app)
    assert "Mean variance" in drawings(app)
    few = opened(part="learned", shown="image,sound", colour="combination")
    assert len(points(trace(figures(few)[0])["x"])) == 2 * COUNT


def record(points: np.ndarray, shown: np.ndarray, about: str) -> EpochMaps:
    passes, combinations = points.shape[:2]
    table = np.zeros((passes, combinations), np.float32)
    keys = tuple(f"c{i}" for i in range(combinations))
    return EpochMaps(np.arange(passes), keys, 9, points, np.full(passes, 0.4), about, shown, table, table, None)


def test_all_passes_have_one_scale_of_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = np.linspace(0, 1, 3 * 2 * 5, dtype=np.float32).reshape(3, 2, 5)
    found = record(np.zeros((3, 2, 5, 2), np.float32), shown, "dice")
    monkeypatch.setattr(map_cache, "attributes", lambda reference: {"dice": Numbers("Dice", np.zeros((2, 5)))})
    view = dataclasses.make_dataclass("Seen", ["reference"])(reference())
    panels = training_dynamics._panels(found, np.arange(10), "dice")
    changed, traces = point_colours.restyled(training_dynamics._colours(view, found, "dice"), panels)
    assert traces == [0, 1, 2]
    np.testing.assert_allclose(np.concatenate([points(each) for each in changed["marker.color"]]), shown.reshape(-1))
    assert 0 < changed["marker.cmin"] < 0.1
    assert 0.9 < changed["marker.cmax"] < 1


def test_a_record_of_one_pass_speaks_of_one_map(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = training_dynamics.stored(reference())
    first = {name: getattr(whole, name)[:1] for name in ("epochs", "points", "explained", "shown", "told", "cosine")}
    monkeypatch.setattr(training_dynamics, "stored", lambda each: dataclasses.replace(whole, **first, variance=None))
    app = opened(part="learned", shown="image")
    assert not app.exception
    assert "× 1 combination, " in captions(app)
    assert "The map is a PCA." in captions(app)
    assert "to lie over" not in captions(app)


def test_what_is_lit_in_a_pass_is_of_that_model_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {})
    training_dynamics._light(reference(), [3, 5])
    assert st.session_state[training_dynamics.LIT] == {reference(): (3, 5)}
    training_dynamics._light(reference(), [])
    assert not st.session_state[training_dynamics.LIT]


@pytest.mark.parametrize("content", [None, b"nonsense"])
def test_a_training_without_a_record_is_said(content: bytes | None, library: Path, tmp_path: Path) -> None:
    place = Path(reference("joint").path) / EPOCH_MAPS
    if content is not None:
        place.write_bytes(content)
    try:
        app = opened(part="learned", lattice="joint")
    finally:
        place.unlink(missing_ok=True)
    assert not app.exception
    assert ("were not stored in this training" if content is None else "are damaged") in sentences(app)


def test_a_click_on_a_dot_goes_to_its_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    view, put = a_view(monkeypatch)
    sample_path.pick(view, 3 * COUNT + 4)
    assert put == {"sample": "test-0004", "point": None, "on": "image-sound"}
    put.clear()
    sample_path.pick(view, 7 * COUNT - 1)
    assert put == {"point": STRANGE, "on": None}


def test_what_is_caught_stands_in_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    view, put = a_view(monkeypatch)
    selection_panel.choose(view, [3, 5])
    assert put["chosen"] is not None
    assert selection.parsed(put["chosen"], view.found.ids) == (3, 5)
    selection_panel.choose(view, [])
    assert put["chosen"] is None


def test_samples_are_found_by_answer_name_and_group(monkeypatch: pytest.MonkeyPatch) -> None:
    view, _ = a_view(monkeypatch)
    fives = selection_panel.matching(view, " 5 ")
    assert fives == np.flatnonzero(view.found.target == 5).tolist()
    assert selection_panel.matching(view, "TEST-0999") == [SHIPPED]
    assert selection_panel.matching(view, "speaker 1") == list(range(1, COUNT, 3))
    assert selection_panel.matching(view, "nobody") == []
    assert selection_panel.matching(view, "  ") == []


CHOSEN = (2, 3, 11)


def choice() -> str:
    text = selection.written(CHOSEN, cache.sweep(reference()).ids)
    assert text is not None
    return text


def test_chosen_samples_are_lit_and_scored() -> None:
    app = opened(chosen=choice())
    assert json.loads(figures(app)[0]["picked"]) == list(CHOSEN)
    assert "3 selected samples" in [each.value for each in app.subheader]
    assert html(app).count("Sample test-") >= 3
    app.button(key="embed.forget").click().run()
    assert address(app, "chosen") == ""
    assert "Nothing is selected" in captions(app)


def test_a_search_lights_what_it_finds() -> None:
    app = opened()
    app.text_input(key="embed.find").set_value("5").run()
    assert address(app, "chosen")
    assert json.loads(figures(app)[0]["picked"]) == np.flatnonzero(cache.sweep(reference()).target == 5).tolist()
    app.text_input(key="embed.find").set_value("no such thing").run()
    assert "No sample has that name" in captions(app)


@pytest.mark.parametrize("text", ["nonsense", "00000000.AAAA", "%00"])
def test_a_choice_of_another_test_set_is_said(text: str) -> None:
    app = opened(chosen=text)
    assert not app.exception
    assert "another test set" in sentences(app)


@pytest.mark.parametrize("section", ["combinations", "flips", "certainty", "pair"])
def test_the_choice_travels_to_robustness(section: str) -> None:
    app = opened("robustness", chosen=choice(), section=section, methods="joint.dmrnet")
    assert not app.exception
    assert not app.error
    assert f"**3 of {COUNT} test samples**" in " ".join(each.value for each in app.markdown)
    assert "3 test samples" in drawings(app)
    app.button(key="chosen.all").click().run()
    assert address(app, "chosen") == ""
    assert f"{COUNT - 1} test samples" in drawings(app), "all that are complete"


def test_the_choice_travels_to_dominance_and_to_the_samples_of_the_bench() -> None:
    app = opened("dominance", chosen=choice(), aspect="samples")
    assert not app.exception
    assert f"**3 of {COUNT} test samples**" in " ".join(each.value for each in app.markdown)
    assert "3 samples." in captions(app)
    app = opened("predict", chosen=choice())
    app.session_state[OPEN] = True
    app.run()
    assert not app.exception
    assert drawings(app).count("Selected sample test-") == 6, "three pictures, each with a label and a title"


def test_a_sample_that_does_not_ship_still_has_its_path() -> None:
    app = opened(point=STRANGE, on="image")
    assert not app.exception
    assert "not among those that ship" in captions(app)
    assert len(figures(app)) == 2
    assert not app.toggle


def test_another_sample_takes_the_place_of_the_clicked_one() -> None:
    app = opened(point=STRANGE)
    app.query_params["sample"] = "test-0003"
    app.run()
    assert address(app, "point") == ""
    assert len(app.toggle) == 3


def test_a_sample_that_lacks_an_input_has_the_places_that_it_has() -> None:
    app = opened(sample=f"test-{LACKING:04d}")
    assert not app.exception
    path = json.loads(figures(app)[1]["figure"])
    outlines = [each for each in path["data"] if each["mode"] == "lines" and len(points(each["x"])) == 48]
    assert len(outlines) == 3


@pytest.mark.parametrize("axes", ["2", "3"])
def test_what_a_person_brings_is_placed_in_the_map(axes: str) -> None:
    app = brought(opened(axes=axes))
    assert not app.exception
    assert "new to the map" in captions(app)
    assert "Nearest neighbours" in [each.value for each in app.subheader]


def test_corruption_moves_the_sample() -> None:
    assert map_cache.places(reference(), "umap", "test-0001").known
    app = opened(sample="test-0001", damage="sound:noise:5")
    assert not app.exception
    assert "new to the map" in captions(app)


def test_a_placed_test_sample_lands_where_it_is() -> None:
    found, made = cache.sweep(reference()), map_cache.picture(reference(), "umap")
    known = maps.known_places(found, made, 5)
    assert found.variance is not None
    again = maps.new_places(found, made, found.combinations, found.mean[:, 5], found.variance[:, 5])
    np.testing.assert_allclose(again.points, known.points, atol=1e-2)
    assert again.far.max() < 0.05


def test_a_model_that_was_not_measured_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    untrained(tmp_path / "few", "digits", "dropout")
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path / "few"))
    app = opened()
    assert not app.exception
    assert "was not measured yet" in sentences(app)


def test_a_map_of_ones_own_is_read_from_the_cache_folder() -> None:
    settings = MapSettings(neighbours=30, minimum_distance=0.5, metric="cosine", seed=3)
    name = custom_maps.name_of(settings)
    assert custom_maps.settings_of(name) == settings
    assert "has not been fitted yet" in sentences(opened(picture=name))
    found = cache.sweep(reference())
    folder = custom_maps.folder_of(found.digest, settings)
    folder.mkdir(parents=True)
    map_file.write_map(folder, as_umap(found))
    app = opened(picture=name, part="fit")
    assert not app.exception
    assert "UMAP, 30 near, 0.5, cosine, seed 3" in captions(app)
    assert "70 %" in captions(app)
    for nonsense in ("fit_1", "fit_x_y_z_0", "fit_15_0.1_euclidean_-4", "fit_15_7_euclidean_0"):
        assert "is no map" in sentences(opened(picture=nonsense)).replace("\\", "")


@pytest.mark.slow
def test_a_map_is_made_in_the_background_and_can_be_stopped() -> None:
    from mmlab.ui.components import background_task

    app = opened(part="fit")
    app.number_input(key="embed.fit.neighbours").set_value(5).run()
    settings = MapSettings(neighbours=5, epochs=30, solid=False)
    digest = cache.sweep(reference()).digest
    told: list[float] = []

    def stop(share: float) -> None:
        told.append(share)
        raise background_task.Cancelled

    with pytest.raises(background_task.Cancelled):
        custom_maps.make(Path(reference().path), digest, settings, stop)
    assert len(told) == 1
    assert not custom_maps.made(digest, settings)
    custom_maps.make(Path(reference().path), digest, settings, told.append)
    assert told[-1] == 1
    assert custom_maps.read(digest, settings).overlap is not None


def view_of(colour: str = "class") -> View:
    found, made = cache.sweep(reference()), map_cache.picture(reference(), "umap")
    one = (cache.task("digits"), (reference(),), reference(), found, made)
    return View(*one, "umap", False, colour, (0, 6), np.ones(COUNT, bool), "test-0000", "test-0000", None)


def test_the_map_comes_as_csv() -> None:
    view = view_of()
    rows = list(csv.DictReader(io.StringIO(downloads.content(view, "CSV").decode())))
    assert len(rows) == ALL_POINTS
    assert {row["unit"] for row in rows} == {downloads.UNITS}
    assert float(rows[5]["x"]) == pytest.approx(float(view.made.projection.points[0, 5, 0]), rel=1e-4)
    assert {row["answer"] for row in rows} <= {"right", "wrong"}


def test_the_map_comes_as_parquet_with_all_dimensions() -> None:
    view = view_of()
    table = pd.read_parquet(io.BytesIO(downloads.content(view, "Parquet")))
    assert len(table) == ALL_POINTS
    first = table[(table["sample"] == "test-0003") & (table["combination"] == "image-pen")].iloc[0]
    np.testing.assert_allclose(first["embedding"], view.found.mean[view.found.index("image-pen"), 3])
    assert len(first["variances"]) == view.found.mean.shape[2]


def test_the_map_comes_as_the_embedding_projector_takes_it() -> None:
    with zipfile.ZipFile(io.BytesIO(downloads.content(view_of(), "TSV"))) as archive:
        vectors = archive.read("vectors.tsv").decode().splitlines()
        metadata = archive.read("metadata.tsv").decode().splitlines()
    assert len(vectors) == ALL_POINTS
    assert len(metadata) == ALL_POINTS + 1, "a head, as there are several columns"
    assert metadata[0].split("\t")[:3] == ["sample", "group", "combination"]
    assert len(vectors[0].split("\t")) == view_of().found.mean.shape[2]


def test_too_many_dots_are_sampled_with_a_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_data, "MOST", 70)
    app = opened()
    assert len(points(trace(figures(app)[0])["x"])) < 80
    assert "10 samples × 7 combinations" in captions(app)
    app.toggle(key="embed.many").set_value(True).run()
    assert address(app, "many") == "all"
    assert len(points(trace(figures(app)[0])["x"])) == ALL_POINTS
