"""Kinds of modality: the contract that each keeps, a kind of one file that everything takes, and that nobody else
tests for kinds."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlab.core.errors import UnknownName, Unsupported
from mmlab.core.method import METHODS
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import MODALITY_KINDS, modality_kind
from mmlab.core.recordings import Raw
from mmlab.core.task import TASKS
from mmlab.modalities import corruption
from mmlab.modalities.scan.preprocess import prepare_scan
from mmlab.networks.parts import Parts
from mmlab.tasks.custom.validate import check
from mmlab.testing import check_modality
from mmlab.testing.modality_contract import is_learned_from_and_explained
from mmlab.ui.inputs import registry
from mmlab.viz.explain import attribution_maps
from mmlab.viz.inputs import recordings
from tests.toys import examples, folder_of_clouds

ROOT = Path(__file__).resolve().parent.parent
COLOUR = "#2B7BBB"
OPTIONS: dict[str, Mapping[str, Any]] = {
    "sequence": {"size": 3},
    "series": {"columns": ("x", "y")},
    "vector": {"columns": ("width", "height")},
}
KINDS = list(MODALITY_KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_keeps_the_contract(name: str) -> None:
    check_modality(name, OPTIONS.get(name, {}))


def test_slices_of_scans_are_seen_and_learned_from() -> None:
    kind = modality_kind("scan")
    prepared = prepare_scan(kind.read(kind.example()))
    is_learned_from_and_explained("scan", prepared.tensor, prepared.words)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_can_be_given(name: str) -> None:
    modality = Modality("a", name, (1, 8), "A", "A")
    assert registry.ways(TASKS["digits"](), modality)


def test_no_two_kinds_share_a_type_of_recording() -> None:
    types = [MODALITY_KINDS[name].recording for name in MODALITY_KINDS]
    assert len(set(types)) == len(types)


def test_an_unknown_kind_is_an_error_everywhere() -> None:
    odd = Modality("a", "smell", (4,), "A", "A")
    array, task = np.zeros(4, np.float32), TASKS["digits"]()
    asked = [
        lambda: Parts(task.info).encoder(odd),
        lambda: odd.discrete,
        lambda: recordings.seen("smell", array, COLOUR),
        lambda: recordings.greys("smell", array),
        lambda: attribution_maps.overlay("smell", array, array),
        lambda: attribution_maps.scales("smell", (4,), Raw()),
        lambda: corruption.offered(task, odd),
        lambda: registry.ways(task, odd),
    ]
    for ask in asked:
        with pytest.raises(UnknownName, match="no kind of modality named 'smell'"):
            ask()
    with pytest.raises(Unsupported, match="belong to no kind"):
        recordings.recorded(Raw(), COLOUR)


def test_regions_lie_over_pictures_only() -> None:
    with pytest.raises(Unsupported, match="over pictures"):
        recordings.greys("sound", np.zeros((1, 4, 4), np.float32))
    picture = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 2, 2)
    assert recordings.greys("image", picture) == pytest.approx(picture.mean(0)), "not as a scan, whose middle is grey"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The kind of one file, registered as a plug-in is: by being imported."""
    file = tmp_path / "cloud_kind.py"
    file.write_text(examples()["cloud.py"])
    spec = importlib.util.spec_from_file_location("cloud_kind", file)
    assert spec is not None
    assert spec.loader is not None
    monkeypatch.setitem(sys.modules, "cloud_kind", module := importlib.util.module_from_spec(spec))
    list(MODALITY_KINDS)
    spec.loader.exec_module(module)
    yield "cloud"
    del MODALITY_KINDS._items["cloud"]


def test_a_kind_of_one_file_is_read_drawn_corrupted_learned_from_and_explained(
    cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_modality(cloud)
    folder = folder_of_clouds(tmp_path / "clouds")
    monkeypatch.setenv("MMLAB_FOLDERS", str(folder))
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    assert not check(folder).problems.errors
    task = TASKS["clouds"]()
    samples, [modality, _] = task.samples("train"), task.info.modalities
    assert samples.inputs["cloud"].shape == (24, 3, 8)
    assert list(registry.ways(task, modality)) == ["File"]
    assert corruption.offered(task, modality) == ("noise",)
    raw = task.example(task.gallery()[0]).raw["cloud"]
    prepared = task.prepare("cloud", corruption.degrade(raw, "noise", 5))
    assert not torch.equal(prepared.tensor, task.prepare("cloud", raw).tensor)
    method = METHODS["joint"](task.info, METHODS["joint"].Config()).eval()
    present = task.info.modalities.mask(task.info.modalities.full, 24)
    inputs = {name: value.float() for name, value in samples.inputs.items()}
    assert method.fuse(method.encode(inputs), present).logits.shape == (24, 2)


TESTS_FOR_KINDS = {
    "mmlab/ui/inputs/canvas.py": "a drawn path gives the picture of it, too, where the task has pictures",
    "mmlab/foreign/packing.py": "guesses a kind from a tensor's shape",
    "mmlab/foreign/recordings.py": "makes a recording of a tensor that no file stands behind",
    "mmlab/foreign/task.py": "the words of a tensor of ids",
}


def test_nobody_else_tests_for_kinds() -> None:
    """A comparison of `.kind` with the name of a kind, or a table by kinds, outside the kind's own folder."""
    found = set()
    for path in (ROOT / "mmlab").rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith("mmlab/modalities/"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if _compares_a_kind(node) or (isinstance(node, ast.Dict) and len(_kinds_in(node.keys)) >= 3):
                found.add(name)
    by_modality = {"mmlab/tasks/digits.py", "mmlab/tasks/generators/digits/recordings.py"}  # which are named like kinds
    by_modality |= {"mmlab/tasks/generators/digits/sample_pack.py", "mmlab/tasks/opinion.py"}
    assert found - by_modality == set(TESTS_FOR_KINDS)


def _compares_a_kind(node: ast.AST) -> bool:
    match node:
        case ast.Compare(left=ast.Attribute(attr="kind") | ast.Name(id="kind")):
            inside = [each for right in node.comparators for each in ast.walk(right)]
            return bool(_kinds_in(inside))
    return False


def _kinds_in(nodes: Any) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and node.value in KINDS]
