"""The picture of the embeddings: PCA against scikit-learn, variances by hand, maps that can be made again."""

from __future__ import annotations

import base64
import dataclasses
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA

from mmlab.analysis.embedding import map_file, maps, projection
from mmlab.analysis.embedding.maps import Map, MapSettings
from mmlab.analysis.embedding.projection import axes
from mmlab.core.errors import CheckpointError
from mmlab.core.method import METHODS
from mmlab.core.options import build
from mmlab.core.results import Projection, Sweep
from mmlab.inference.sweep import sweep
from mmlab.storage import sweep_file
from mmlab.storage.checkpoints import save
from mmlab.testing.toy_task import ToyTask
from mmlab.viz.embed import point_colours, sample_path, scatter

KEYS = ("a", "b", "a-b")


def invented(samples: int = 90, size: int = 12, classes: int = 3, seed: int = 0) -> Sweep:
    """Three combinations of classes that lie apart, variance differing by dimension and combination."""
    rng = np.random.default_rng(seed)
    target = np.arange(samples) % classes
    centres = rng.normal(0, 6, (classes, size))
    noise = rng.normal(0, 1, (len(KEYS), samples, size)) * np.array([1.5, 1.2, 0.8])[:, None, None]
    mean = (centres[target][None] + noise).astype(np.float32)
    variance = rng.uniform(0.05, 0.5, mean.shape).astype(np.float32)
    logits = -np.stack([np.linalg.norm(mean - centre, axis=2) for centre in centres], 2).astype(np.float32)
    present = np.ones((samples, 2), bool)
    names = tuple(f"test-{i:04d}" for i in range(samples))
    return Sweep(KEYS, logits, mean, variance, target, present, names, names, "digest")


def test_pca_equals_scikit_learns():
    found = invented()
    picture = projection.pca(found)
    flat = found.mean.reshape(-1, found.mean.shape[2]).astype(np.float64)
    other = PCA(2, svd_solver="full").fit(flat)
    theirs = other.transform(flat).reshape(*picture.points.shape)
    sign = np.sign((theirs * picture.points).sum((0, 1)))
    np.testing.assert_allclose(picture.points, theirs * sign, atol=1e-4)
    explained = [picture.settings["explained_1"], picture.settings["explained_2"]]
    np.testing.assert_allclose(explained, other.explained_variance_ratio_, atol=1e-8)


def test_the_spread_of_a_pca_is_that_of_draws():
    found = invented()
    assert found.variance is not None
    fitted = projection.axes(found.mean.reshape(-1, 12))
    spread = projection.pca(found).spread
    assert spread is not None
    a, variance = fitted.rows, found.variance[1, 4].astype(np.float64)
    np.testing.assert_allclose(spread[1, 4], a @ np.diag(variance) @ a.T, atol=1e-5)
    draws = found.mean[1, 4] + np.random.default_rng(1).normal(size=(200_000, 12)) * np.sqrt(variance)
    np.testing.assert_allclose(spread[1, 4], np.cov(fitted.points(draws).T), atol=0.01)


@pytest.mark.parametrize("width", [1, 2])
def test_an_embedding_narrower_than_the_picture_lies_flat_in_it(width: int):
    embeddings = np.random.default_rng(0).normal(size=(30, width)).astype(np.float32)
    found = axes(embeddings, 3)
    points = found.points(embeddings)
    assert points.shape == (30, 3)
    assert not points[:, width:].any()
    assert found.explained.sum() == pytest.approx(1)
    np.testing.assert_allclose(pdist(points), pdist(embeddings), rtol=1e-4)


def test_two_dimensions_by_hand():
    """Points on the line x = y: the first axis is (1, 1) / sqrt 2, and a variance of (1, 0) leaves half on it."""
    fitted = projection.axes(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]))
    np.testing.assert_allclose(fitted.rows[0], [2**-0.5, 2**-0.5])
    np.testing.assert_allclose(fitted.explained, [1, 0], atol=1e-12)
    spread = fitted.spread(np.array([1.0, 0.0]))
    np.testing.assert_allclose(np.abs(spread), np.full((2, 2), 0.5), atol=1e-7)


def test_what_a_sample_lacks_is_not_in_the_picture():
    found = invented()
    present = found.present.copy()
    present[7, 1] = False
    gone = dataclasses.replace(found, present=present)
    assert projection.valid(gone)[:, 7].tolist() == [True, False, False]
    points = projection.pca(gone).points
    assert np.isnan(points[1:, 7]).all()
    assert np.isfinite(np.delete(points, 7, 1)).all()
    assert np.isfinite(points[0]).all()


def test_nearest_is_exact():
    rng = np.random.default_rng(0)
    known, asked = rng.normal(size=(300, 5)), rng.normal(size=(7, 5))
    indices, distances = projection.nearest(asked, known, 4)
    table = np.linalg.norm(asked[:, None] - known[None], axis=2)
    np.testing.assert_array_equal(indices, np.argsort(table, 1)[:, :4])
    np.testing.assert_allclose(distances, np.sort(table, 1)[:, :4], rtol=1e-4)


def test_a_known_embedding_lands_on_itself_and_a_near_one_nearby():
    found = invented()
    known, points = found.mean.reshape(-1, 12), projection.pca(found).points.reshape(-1, 2)
    placed = projection.place(known[5:9], known, points)
    np.testing.assert_allclose(placed.points, points[5:9], atol=1e-2)
    assert placed.distance.max() < 1e-2
    width = float(np.ptp(points, axis=0).max())
    near = projection.place(known[5:9] + 0.05, known, points)
    assert np.linalg.norm(near.points - points[5:9], axis=1).max() < 0.1 * width


def test_far_from_the_data_is_told_by_the_distance():
    found = invented()
    known, points = found.mean.reshape(-1, 12), projection.pca(found).points
    distances, error = projection.held_out(found, points)
    assert 0 < error < 0.2
    placed = projection.place(np.stack([known[3] + 0.01, known[3] + 100]), known, points.reshape(-1, 2))
    near, far = projection.rank(placed, distances)
    assert near < 0.05
    assert far == 1


def test_draws_pushed_through_a_map_that_is_linear_give_the_linear_covariance():
    """On a fine grid whose map is x -> (x1, x2) the carried covariance is the variance itself."""
    grid = np.stack(np.meshgrid(*[np.linspace(-4, 4, 81)] * 2), -1).reshape(-1, 2).astype(np.float32)
    mean, variance = np.zeros((1, 2), np.float32), np.array([[0.25, 1.0]], np.float32)
    spread = projection.projected_covariances(mean, variance, grid, grid, draws=4000, seed=0)
    np.testing.assert_allclose(spread[0], np.diag(variance[0]), atol=0.06)


def test_classes_have_centres_and_spreads():
    points = np.array([[[0, 0], [2, 0], [5, 5]], [[0, 2], [2, 2], [7, 5]]], np.float32)
    table = projection.by_class(points, np.array([0, 0, 1]))
    np.testing.assert_allclose(table[0][0], [1, 1])
    np.testing.assert_allclose(table[0][1], np.eye(2) * 4 / 3, atol=1e-6)
    np.testing.assert_allclose(table[1][0], [6, 5])


def test_right_and_wrong_are_read_from_the_logits():
    found = invented()
    right = projection.correct(found)
    assert right is not None
    assert right.shape == (3, 90)
    assert right.mean() > 0.9
    assert projection.correct(dataclasses.replace(found, target=found.target.astype(np.float32))) is None


def test_a_known_embedding_has_its_own_coordinates_however_long_embeddings_are():
    generator = np.random.default_rng(0)
    near = generator.normal(size=(400, 24)).astype(np.float32) * 0.01 + 30  # the fast form is off by 0.03 here
    points = generator.uniform(-35, 35, (400, 2)).astype(np.float32)
    placed = projection.place(near, near, points)
    np.testing.assert_array_equal(placed.points, points)
    assert (placed.distance == 0).all()
    twice = projection.place(near[:1], np.concatenate([near, near[:1]]), np.concatenate([points, points[1:2]]))
    np.testing.assert_allclose(twice.points[0], points[:2].mean(0), rtol=1e-5)


def test_a_known_sample_is_looked_up_and_a_new_one_placed():
    found = invented()
    made = maps.of_pca(found)
    known = maps.known_places(found, made, 11)
    assert known.keys == KEYS
    assert known.similarity[-1] == pytest.approx(1)
    assert found.variance is not None
    again = maps.new_places(found, made, KEYS, found.mean[:, 11], found.variance[:, 11])
    np.testing.assert_allclose(again.points, known.points, atol=1e-4)
    np.testing.assert_allclose(again.spread, known.spread, atol=1e-4)
    assert not again.known
    bent = dataclasses.replace(made, projection=dataclasses.replace(made.projection, kind="umap"))
    placed = maps.new_places(found, bent, KEYS[:1], found.mean[:1, 11] + 0.01, found.variance[:1, 11])
    np.testing.assert_allclose(placed.points, known.points[:1], atol=0.5)
    assert placed.spread is not None
    assert maps.new_places(found, bent, KEYS[:1], found.mean[:1, 11], None).spread is None


def test_the_embedding_of_one_sample_is_that_of_the_sweep():
    task = ToyTask("classification", 3)
    torch.manual_seed(0)
    for name in ("dmrnet", "dropout"):
        method = METHODS[name](task.info, build(METHODS[name].Config, {})).eval()
        samples = task.samples("test")
        found = sweep(method, samples)
        inputs = {key: value[4] for key, value in samples.inputs.items()}
        mean, variance = projection.embed(method, inputs, method.modalities.subsets())
        np.testing.assert_allclose(mean, found.mean[:, 4], atol=1e-5)
        if found.variance is None:
            assert variance is None
        else:
            np.testing.assert_allclose(variance, found.variance[:, 4], atol=1e-5)


def stored(folder: Path, with_variance: bool = True) -> Map:
    found = invented()
    picture = projection.pca(found)
    spread = picture.spread if with_variance else None
    made = Map(Projection(picture.points, spread, "umap", {"seed": 3}, "digest"), np.linspace(0, 1, 101), 0.02)
    map_file.write_map(folder, made)
    return made


@pytest.mark.parametrize("with_variance", [True, False])
def test_a_map_comes_back_from_its_file(tmp_path: Path, with_variance: bool):
    made = stored(tmp_path, with_variance)
    found = map_file.read_map(tmp_path, "digest")
    points = made.projection.points
    half_a_step = np.ptp(points.reshape(-1, 2), axis=0) / (map_file.FLAT - 1) / 2
    assert (np.abs(found.projection.points - points) <= 1.01 * half_a_step).all()
    assert found.projection.settings == {"seed": 3}
    assert found.error == pytest.approx(0.02)
    np.testing.assert_allclose(found.distances, made.distances, atol=1e-6)
    if with_variance:
        assert made.projection.spread is not None
        assert found.projection.spread is not None
        widths = [np.sqrt(np.linalg.eigvalsh(each)) for each in (found.projection.spread, made.projection.spread)]
        np.testing.assert_allclose(*widths, rtol=0.02)
    else:
        assert found.projection.spread is None
    assert [file.name for file in tmp_path.iterdir()] == ["map.npz"]


def test_three_dimensions_and_the_seeds_come_back_too(tmp_path: Path):
    found = invented()
    flat, deep = maps.of_pca(found), maps.of_pca(found, 3)
    points = deep.projection.points.copy()
    points[1, 4] = np.nan
    deep = dataclasses.replace(deep, projection=dataclasses.replace(deep.projection, points=points), error=0.07)
    map_file.write_map(tmp_path, dataclasses.replace(flat, overlap=0.6, solid=deep))
    back = map_file.read_map(tmp_path, "digest")
    assert back.overlap == pytest.approx(0.6)
    assert back.solid is not None
    assert back.solid.error == pytest.approx(0.07)
    half_a_step = (np.nanmax(points, (0, 1)) - np.nanmin(points, (0, 1))) / (map_file.SOLID - 1) / 2
    off = np.abs(back.solid.projection.points - points)
    assert np.isnan(off[1, 4]).all()
    assert (np.nan_to_num(off) <= 1.01 * half_a_step).all()


def test_ellipses_without_width_and_on_a_line_come_back(tmp_path: Path):
    """Variances are stored by their logarithms, so that none becomes negative."""
    flat = maps.of_pca(invented())
    spread = np.zeros((*flat.projection.points.shape, 2), np.float32)
    spread[0, 0], spread[1, 0] = [[4, -2], [-2, 1]], [[25, 0], [0, 1e-4]]
    flat = dataclasses.replace(flat, projection=dataclasses.replace(flat.projection, spread=spread))
    map_file.write_map(tmp_path, flat)
    back = map_file.read_map(tmp_path, flat.projection.digest).projection.spread
    assert back is not None
    np.testing.assert_allclose(np.sqrt(np.abs(back)), np.sqrt(np.abs(spread)), rtol=0.04, atol=0.002)
    assert np.linalg.eigvalsh(back).min() >= -1e-4


def test_a_map_that_cannot_be_used_is_refused_with_a_sentence(tmp_path: Path):
    with pytest.raises(CheckpointError, match="no map yet"):
        map_file.read_map(tmp_path, "digest")
    stored(tmp_path)
    with pytest.raises(CheckpointError, match="another checkpoint"):
        map_file.read_map(tmp_path, "other")
    content = (tmp_path / "map.npz").read_bytes()
    with np.load(tmp_path / "map.npz") as arrays:
        np.savez(tmp_path / "map.npz", **{**arrays, "version": np.array(1)})
    with pytest.raises(CheckpointError, match="another version"):
        map_file.read_map(tmp_path, "digest")
    middle = len(content) // 2
    torn = content[:middle] + bytes(60) + content[middle + 60 :]
    for broken in (content[:100], b"", b"PK\x03\x04nonsense", content[:-200] + bytes(200), torn):
        (tmp_path / "map.npz").write_bytes(broken)
        with pytest.raises(CheckpointError, match="damaged"):
            map_file.read_map(tmp_path, "digest")


def test_reading_never_imports_umap():
    analysis = "mmlab.analysis.embedding"
    modules = f"{analysis}.projection, {analysis}.umap_worker, {analysis}.custom_maps, mmlab.viz.embed.scatter"
    program = f"import sys, {modules}; print('umap' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_the_drawings_of_embeddings_need_no_torch_and_no_streamlit():
    program = (
        "import sys, mmlab.viz.embed.scatter, mmlab.viz.explain.attribution_maps;"
        "print([n for n in ('torch', 'streamlit', 'captum', 'umap') if n in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_an_ellipse_reaches_two_standard_deviations():
    outline = sample_path.ellipse(np.array([1.0, 2.0]), np.diag([4.0, 1.0]), count=400)
    np.testing.assert_allclose(outline.max(0), [5, 4], atol=1e-3)
    np.testing.assert_allclose(outline.min(0), [-3, 0], atol=1e-3)


def unpacked(value: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(value["bdata"]), {"f4": "<f4", "i4": "<i4", "u1": "u1"}[value["dtype"]])


def test_the_map_carries_arrays_and_positions_only():
    found = invented()
    picture = projection.pca(found)
    drawn = scatter.drawable(picture.points, shown=(0, 2))
    spec = scatter.cloud(picture.points, drawn)
    cloud, *rest = spec["data"]
    assert cloud["type"] == "scattergl"
    assert "text" not in cloud
    np.testing.assert_array_equal(unpacked(cloud["customdata"]), np.r_[0:90, 180:270])
    np.testing.assert_allclose(unpacked(cloud["x"]), picture.points[[0, 2], :, 0].ravel())
    assert all(trace["x"] == [] for trace in rest), "places are kept for one sample"
    solid = scatter.cloud(projection.pca(found, 3).points, drawn)
    assert {trace["type"] for trace in solid["data"]} == {"scatter3d"}


def test_colours_follow_the_points_that_are_drawn():
    found = invented()
    drawn = scatter.drawable(projection.pca(found).points, shown=(1,))
    named = point_colours.of_categories(("x", "y", "z"), np.broadcast_to(found.target, (3, 90)))
    changes, traces = point_colours.restyled(named, [drawn, drawn[:5]])
    assert traces == [0, 1]
    np.testing.assert_array_equal(unpacked(changes["marker.color"][0]), found.target)
    np.testing.assert_array_equal(unpacked(changes["marker.color"][1]), found.target[:5])
    assert "x <em>30</em>" in named.legend(drawn)
    shades = point_colours.NumberColours("v", found.mean.mean(2), sized=True)
    changes, _ = point_colours.restyled(shades, [drawn])
    np.testing.assert_allclose(unpacked(changes["marker.color"][0]), found.mean[1].mean(1), rtol=1e-5)
    assert np.ptp(unpacked(changes["marker.size"][0])) > 5
    hostile = point_colours.of_categories(("<b>x</b>",), np.zeros((3, 90), int))
    assert "<b>" not in hostile.legend(drawn)


def test_too_many_samples_are_drawn_by_their_share():
    labels = np.repeat([0, 1], (900, 100))
    some = scatter.sampled(labels, 1000, combinations=7, most=1400)
    assert some.sum() == 200
    assert labels[some].mean() == pytest.approx(0.1, abs=0.01)
    np.testing.assert_array_equal(some, scatter.sampled(labels, 1000, 7, 1400))
    assert scatter.sampled(labels, 1000, 1, 1000).all()


def test_a_sample_is_laid_over_the_map():
    places = projection.pca(invented()).points[:, 4]
    steps = [sample_path.Step(key, key, places[i], spread=np.eye(2, dtype=np.float32)) for i, key in enumerate(KEYS)]
    lines, traces = scatter.sample(steps, ("a-b", "a"))
    assert traces == [1, 2, 3, 4]
    edges, walked, rings, dots = (np.stack([unpacked(lines[axis][i]) for axis in "xy"]) for i in range(4))
    assert np.isnan(edges[0]).sum() == 2, "two edges, a gap after each"
    assert np.isnan(walked[0]).sum() == 1
    assert rings.shape[1] == 3 * 50
    np.testing.assert_allclose(dots[1], places[:, 1])


def test_several_clouds_share_their_axes():
    points = projection.pca(invented()).points
    panels = [scatter.Panel(key, points, scatter.drawable(points, (i,))) for i, key in enumerate(KEYS)]
    spec = scatter.several(panels, columns=2)
    assert [trace["xaxis"] for trace in spec["data"]] == ["x", "x2", "x3"]
    assert spec["layout"]["xaxis3"]["matches"] == "x"
    assert [note["text"] for note in spec["layout"]["annotations"]] == ["<b>a</b>", "<b>b</b>", "<b>a-b</b>"]


def test_a_path_joins_combinations_that_differ_by_one_input():
    assert sample_path.edges(KEYS) == [("a-b", "a"), ("a-b", "b")]
    six = ["a", "b", "c", "a-b", "a-c", "b-c", "a-b-c"]
    assert len(sample_path.edges(six)) == 9
    steps = [
        sample_path.Step(
            key, key.upper(), np.array([i, i % 2], np.float32), good=i == 0, spread=np.eye(2, dtype=np.float32)
        )
        for i, key in enumerate(KEYS)
    ]
    figure = sample_path.path(projection.pca(invented()).points, steps, ("a-b", "a"))
    assert len(figure.data) == 1 + 3 + 2 + 3


def test_the_walk_takes_one_input_away_at_a_time():
    keys = ("a", "b", "c", "a-b", "a-c", "b-c", "a-b-c")
    assert sample_path.walk(keys, "b-c") == ("a-b-c", "b-c", "b")
    assert sample_path.walk(keys, "c") == ("a-b-c", "a-c", "c")
    assert sample_path.walk(keys, "nothing") == ("a-b-c", "a-b", "a")
    steps = [sample_path.Step(key, key.upper(), np.array([i, i % 2], np.float32)) for i, key in enumerate(keys)]
    figure = sample_path.path(projection.pca(invented()).points, steps, ("a-b-c",))
    moving = sample_path.animate(figure, steps, sample_path.walk(keys, "c"))
    assert [frame.name for frame in moving.frames] == ["a-b-c", "a-c", "c"]
    assert moving.frames[1].traces == (len(moving.data) - 1,)
    assert len(sample_path.animate(figure, steps[:1], ("a",)).frames) == 3, "nowhere to walk: left as it was"


def test_many_combinations_are_coloured_by_their_size():
    groups = point_colours.of_combinations([f"{'x' * (1 + i % 4)}" for i in range(15)], samples=2)
    assert groups.names == ("1 input", "2 inputs", "3 inputs", "4 inputs")
    assert groups.codes.shape == (15, 2)


def trained(folder: Path) -> Path:
    """A checkpoint folder with a sweep, of a model that never learned."""
    task = ToyTask("classification", 3)
    torch.manual_seed(0)
    method = METHODS["dmrnet"](task.info, build(METHODS["dmrnet"].Config, {})).eval()
    digest = save(folder, method, {"task": task.info.card(), "method": "dmrnet", "config": {}})
    sweep_file.write(folder, sweep(method, task.samples("test"), digest=digest))
    return folder


@pytest.mark.parametrize("writable", [True, False])
def test_what_numba_compiles_of_umap_is_kept_where_it_can_be(writable: bool):
    from mmlab.analysis.embedding.umap_worker import _keep_compiled

    asked = []

    class Compiled:
        def enable_caching(self):
            asked.append(self)
            if not writable:
                raise RuntimeError("cannot cache function: no locator available")

    graph = SimpleNamespace(smooth_knn_dist=Compiled(), compute_membership_strengths=len)  # one is plain Python
    _keep_compiled(SimpleNamespace(umap_=graph, layouts=SimpleNamespace()))
    assert asked == [graph.smooth_knn_dist]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_map(tmp_path: Path):
    """Made by two processes, with progress; another seed gives another map."""
    from mmlab.analysis.embedding.umap_worker import build_map, fit

    folder = trained(tmp_path)
    digest = digest_of(folder)
    told: list[float] = []
    assert build_map(folder, MapSettings(seed=4, epochs=30), told.append) == folder / "map.npz"
    assert told == pytest.approx([(i + 1) / 8 for i in range(8)])
    first = map_file.read_map(folder, digest).projection
    assert first.settings["seed"] == 4
    assert first.points.shape == (7, 48, 2)
    made = map_file.read_map(folder, digest)
    assert made.overlap is not None
    assert 0 < made.overlap <= 1
    assert made.solid is not None
    assert made.solid.projection.points.shape == (7, 48, 3)
    assert first.spread is not None
    assert np.linalg.eigvalsh(first.spread).min() >= -1e-2
    found = sweep_file.read(folder, digest)
    again, other = (fit(found, MapSettings(seed=seed, epochs=30, solid=False, again=False)) for seed in (4, 5))
    narrow = dataclasses.replace(found, mean=found.mean[..., :1], variance=None)
    deep = fit(narrow, MapSettings(epochs=30, again=False)).solid
    step = np.ptp(again.projection.points.reshape(-1, 2), axis=0) / (map_file.FLAT - 1)
    assert (np.abs(again.projection.points - first.points) <= 0.51 * step).all()
    assert np.abs(other.projection.points - first.points).max() > 0.1
    assert deep is not None
    assert np.ptp(deep.projection.points.reshape(-1, 3), axis=0).min() > 0.1  # of one number, in three dimensions


@pytest.mark.slow
def test_a_folder_without_a_sweep_is_said(tmp_path: Path):
    from mmlab.analysis.embedding.umap_worker import build_map

    with pytest.raises(CheckpointError, match="no checkpoint"):
        build_map(tmp_path)
    folder = trained(tmp_path / "seed0")
    (folder / "sweep.npz").unlink()
    with pytest.raises(CheckpointError, match="sweep"):
        build_map(folder)


def digest_of(folder: Path) -> str:
    import hashlib

    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
