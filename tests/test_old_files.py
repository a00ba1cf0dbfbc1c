"""What version 0.1.0 wrote still opens: models, views with uploads, logs, and the addresses that people kept.

`tests/old_files/` was written by that version and is not made again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmlab.analysis.attribution.registry import EXPLAINERS
from mmlab.analysis.dominance.log_reader import read_log
from mmlab.analysis.dominance.measure import measures
from mmlab.core.options import as_dict
from mmlab.core.task import TASKS
from mmlab.experiments.model_archive import import_model
from mmlab.inference import imputation
from mmlab.inference.sweep import sweep
from mmlab.modalities.corruption import corruptions_of
from mmlab.storage import checkpoints, sweep_file
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


def test_every_section_is_still_at_its_address() -> None:
    for page, names in SECTIONS.items():
        assert set(names.split()) <= set(page.SECTIONS), page.__name__


def test_what_an_address_can_name_is_still_known() -> None:
    assert set(MEASURES.split()) <= {measure.name for measure in measures()}
    assert {"gradcam", "gradcam++", "hirescam", "gradient_input", "integrated", "occlusion"} <= set(EXPLAINERS)
    assert {"native", "zeros", "mean", "noise", "donor"} <= set(imputation.RULES)
    for kind, names in CORRUPTIONS.items():
        assert set(names.split()) <= set(corruptions_of(kind)), kind
