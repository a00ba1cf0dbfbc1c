"""What version 0.1.0 wrote still opens: models, views with uploads, logs, and the addresses that people kept.

`tests/old_files/` was written by that version, or by the first that wrote such a file (`imported.json`,
`control.json`, the policy), and is not made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlab.analysis.attribution.registry import EXPLAINERS
from mmlab.analysis.dominance.log_reader import read_log
from mmlab.analysis.dominance.measure import measures
from mmlab.analysis.embedding import map_file
from mmlab.core.errors import MmlabError
from mmlab.core.options import as_dict
from mmlab.core.task import TASKS
from mmlab.experiments.control import measure as control
from mmlab.experiments.control import policy
from mmlab.experiments.model_archive import import_model
from mmlab.experiments.recorders import embedding_maps
from mmlab.inference import imputation
from mmlab.inference.sweep import sweep
from mmlab.modalities.corruption import corruptions_of
from mmlab.storage import checkpoints, imported_scores, sweep_file
from mmlab.storage.library import Library
from mmlab.ui.pages.dominance import page as dominance
from mmlab.ui.pages.embed import page as embed
from mmlab.ui.pages.robustness import page as robustness
from mmlab.ui.session import uploads

HERE = Path(__file__).parent / "old_files"
SECTIONS = {
    robustness: "combinations failures missing certainty flips pair report",
    embed: "map several closeness trust pair learned fit",
    dominance: "measures samples clashes learning maps truth arrows logs",
}
CORRUPTIONS = {
    "image": "noise blur contrast occlusion",
    "sound": "noise clipping muffling dropouts",
    "path": "jitter missing coarse",
    "scan": "noise blur motion shading",
    "series": "noise dropouts clipping drift turned",
    "text": "typos lost cut mixed",
}
MEASURES = (
    "shapley:right shapley:probability shapley:log_probability shapley:closeness "
    "alone dropped utilisation discrepancy perceptual gradient cam emap"
)


def test_an_archive_of_a_model_is_imported_with_its_report_and_its_stored_answers(tmp_path: Path) -> None:
    library = Library(tmp_path)
    arrived = import_model(library, (HERE / "model-watch-joint.zip").read_bytes())
    assert (arrived.task, arrived.method, arrived.tag) == ("watch", "joint", "seed0")
    folder = library.folder("watch", "joint", "seed0")
    loaded = checkpoints.load(folder)
    stored = sweep_file.read(folder, loaded.digest, TASKS["watch"]().info)
    assert stored.combinations == tuple(subset.key for subset in TASKS["watch"]().info.modalities.subsets())


def test_a_dmrnet_is_the_network_that_it_was(tmp_path: Path) -> None:
    """Its options said `kl`, a weight divided by 64, and its heads sat on a mixing layer of 64 numbers."""
    library = Library(tmp_path)
    import_model(library, (HERE / "model-watch-dmrnet.zip").read_bytes())
    folder = library.folder("watch", "dmrnet", "seed0")
    loaded = checkpoints.load(folder)
    settings = checkpoints.config_of(loaded.card)
    assert settings == {
        **{name: value for name, value in loaded.card["config"].items() if name != "kl"},
        "heads_on": "mixture",
        "embedding": 64,
        "alpha": 1 / 64,
    }
    built = as_dict(loaded.method.config)  # options that came later have their defaults
    assert {name: built[name] for name in settings} == settings
    stored = sweep_file.read(folder, loaded.digest, TASKS["watch"]().info)
    test = TASKS["watch"]().samples("test").take(20)
    found = sweep(loaded.method, test)
    assert stored.ids[:20] == test.ids
    np.testing.assert_allclose(found.logits, stored.logits[:, :20], atol=0.05)


def test_a_view_with_an_upload_opens_with_its_truth_and_its_damage() -> None:
    own, view = uploads.open_bundle((HERE / "view-digits.zip").read_bytes())
    assert (own.task, own.truth, tuple(own.parts)) == ("digits", "7", ("image",))
    assert view == {"task": "digits", "methods": "joint.dropout", "damage": "image:noise:3", "on": "image"}
    assert TASKS["digits"]().read("image", own.parts["image"].content, own.parts["image"].name).pixels.max() > 0


def test_a_view_of_a_scan_keeps_the_height_that_stood_behind_its_name() -> None:
    own, _ = uploads.open_bundle((HERE / "view-brain.zip").read_bytes())
    part = own.parts["flair"]
    assert (part.name, dict(part.options)) == ("flair.nii.gz", {"height": 40})
    assert "at 40 %" in TASKS["brain"]().read("flair", part.content, part.name, part.options).note


def test_a_dominance_log_is_read_whole() -> None:
    rows = read_log((HERE / "dominance-log.jsonl").read_bytes())
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert rows[0]["gradient_norm"]["image"] == pytest.approx(0.3486921861767769)
    assert rows[0]["logs"]["shares"]["sound"] == pytest.approx(0.5691223753314867)


def test_a_map_has_the_places_the_spreads_and_the_third_dimension_that_it_had() -> None:
    found = map_file.read_map(HERE, "a" * 64)
    assert found.projection.settings == {"neighbours": 15, "minimum_distance": 0.1, "seed": 0}
    assert (found.error, found.overlap) == (0.5, 0.75)
    np.testing.assert_allclose(found.projection.points[2, 0], [4.5173507, 0.47006148], atol=0.01)
    assert np.isnan(found.projection.points[0, 4]).all(), "a sample that lacked all of these inputs"
    assert found.projection.spread is not None
    np.testing.assert_allclose(found.projection.spread[2, 0], [[0.5, 0.1], [0.1, 0.25]], atol=0.01)
    assert found.solid is not None
    np.testing.assert_allclose(found.solid.projection.points[2, 0], [5.019808, -3.0895352, 9.110057], atol=0.2)


def test_the_maps_of_a_training_are_read() -> None:
    found = embedding_maps.read(HERE)
    assert found.epochs.tolist() == [0, 1, 2, 5, 10, 19]
    assert found.combinations == ("accelerometer", "gyroscope", "accelerometer-gyroscope")
    assert (found.about, found.measured, found.points.shape) == ("class", 256, (6, 3, 64, 2))
    np.testing.assert_allclose(found.told[-1], [0.796875, 0.74609375, 0.8125], atol=1e-4)
    assert found.variance is not None
    np.testing.assert_allclose(found.variance[-1], [0.7906531, 0.7804141, 0.8640387], atol=1e-4)


def test_scores_of_others_are_still_rows(tmp_path: Path) -> None:
    library = Library(tmp_path)
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "imported.json").write_bytes((HERE / "imported.json").read_bytes())
    found = imported_scores.read(library, "watch")["Theirs"]
    assert found["file"] == "theirs.csv"
    assert found["metrics"]["accuracy"] == {"accelerometer": 0.615, "gyroscope": 0.4, "accelerometer-gyroscope": 0.7225}


def test_what_controllers_came_to_and_a_controller_are_read() -> None:
    returns = control.read(HERE, "a" * 64)
    assert list(returns["combinations"]) == ["image", "sound", "image-sound"]
    assert returns["combinations"]["image"]["seeds"] == pytest.approx([-299.594, -298.712])
    assert returns["chance"]["over_seeds"] is None
    acts, about = policy.load(HERE / "policy-seed0.safetensors")
    assert about == policy.About("a" * 64, 0, 200, "SAC")
    assert float(acts(torch.tensor([[1.0, 0.0, -1.0, 0.5]])).detach()) == pytest.approx(-0.7451, abs=1e-4)


def another(file: Path, to: Path) -> None:
    """The file as a later version may write it: with a number that nobody knows here."""
    if file.suffix == ".npz":
        with np.load(file) as stored:
            np.savez(
                to, **{**{name: stored[name] for name in stored.files}, "version": np.array(99), "points": np.ones(1)}
            )
    elif file.suffix == ".json":
        to.write_text(json.dumps({**json.loads(file.read_text()), "version": 99}))
    else:
        content = file.read_bytes()
        to.write_bytes(content.replace(b'\\"version\\": 1', b'\\"version\\": 9'))
        assert to.read_bytes() != content


@pytest.mark.parametrize(
    ("name", "read", "sentence"),
    [
        ("map.npz", lambda folder: map_file.read_map(folder, "a" * 64), "was made by another version of mmlab"),
        ("epochs.npz", embedding_maps.read, "were stored by another version of mmlab"),
        (
            "imported.json",
            lambda folder: imported_scores.read(Library(folder.parent), "watch"),
            "another version of mmlab",
        ),
        ("control.json", lambda folder: control.read(folder, "a" * 64), "another version of mmlab"),
        (
            "policy-seed0.safetensors",
            lambda folder: policy.load(folder / "policy-seed0.safetensors"),
            "of this version",
        ),
    ],
)
def test_a_file_of_a_version_that_is_not_known_is_refused_with_a_sentence(
    name: str, read: Callable[[Path], Any], sentence: str, tmp_path: Path
) -> None:
    (folder := tmp_path / "watch").mkdir()
    another(HERE / name, folder / name)
    with pytest.raises(MmlabError, match=sentence):
        read(folder)


def test_every_section_is_still_at_its_address() -> None:
    """Those that moved to another page are followed there."""
    for page, names in SECTIONS.items():
        assert set(names.split()) <= {*page.SECTIONS, *getattr(page, "SANDBOXES", ())}, page.__name__


def test_what_an_address_can_name_is_still_known() -> None:
    assert set(MEASURES.split()) <= {measure.name for measure in measures()}
    assert {"gradcam", "gradcam++", "hirescam", "gradient_input", "integrated", "occlusion"} <= set(EXPLAINERS)
    assert {"native", "zeros", "mean", "noise", "donor"} <= set(imputation.RULES)
    for kind, names in CORRUPTIONS.items():
        assert set(names.split()) <= set(corruptions_of(kind)), kind
