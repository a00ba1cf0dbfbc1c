"""Kinds of modality: the contract that each keeps, a kind of one file that everything takes, and that nobody else
tests for kinds."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlab.core.drawing import Drawing
from mmlab.core.errors import DataError, UnknownName, Unsupported
from mmlab.core.folder_input import FolderInput
from mmlab.core.method import METHODS
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import MODALITY_KINDS, kind_of_recording, modality_kind
from mmlab.core.options import build
from mmlab.core.recordings import Raw
from mmlab.core.task import TASKS
from mmlab.modalities import corruption
from mmlab.modalities.corruption import SEVERITIES
from mmlab.modalities.scan.preprocess import prepare_scan
from mmlab.networks.parts import Parts
from mmlab.tasks.custom.validate import check
from mmlab.ui.inputs import registry
from mmlab.viz.explain import attribution_maps
from mmlab.viz.inputs import recordings
from tests import folders

ROOT = Path(__file__).resolve().parent.parent
COLOUR = "#2B7BBB"
OPTIONS: dict[str, Mapping[str, Any]] = {
    "series": {"columns": ("x", "y")},
    "vector": {"columns": ("width", "height")},
}
KINDS = list(MODALITY_KINDS)


def inputs_of(kind: str) -> dict[str, FolderInput]:
    made = modality_kind(kind).folder_inputs()
    return {name: build(one, OPTIONS.get(name, {})) for name, one in made.items()}  # type: ignore[type-var]


def drawn(found: Drawing) -> None:
    assert found.alt
    if found.kind == "png":
        assert found.content.startswith(b"\x89PNG")
    else:
        ET.fromstring(found.content.decode())
        assert b"nan" not in found.content


def keeps_the_contract(name: str) -> None:
    """Everything that is asked of a kind, tried on its own example."""
    kind = modality_kind(name)
    raw = kind.read(kind.example(), "example")
    assert type(raw) is kind.recording
    assert kind_of_recording(raw) is kind
    assert kind.noun
    drawn(recordings.recorded(raw, COLOUR, "It"))
    drawn(recordings.thumbnail({"a": raw}, {"a": COLOUR}))
    for label, damage in kind.corruptions().items():
        assert len(damage.steps) == len(SEVERITIES)
        hurt = [corruption.degrade(raw, label, severity, 3) for severity in SEVERITIES]
        assert {type(each) for each in hurt} == {kind.recording}
        drawn(recordings.recorded(hurt[-1], COLOUR))
    for reads in inputs_of(name).values():
        assert reads.seen_as in MODALITY_KINDS
        prepared = reads.prepare(reads.read(kind.example(), "example"))
        assert tuple(prepared.tensor.shape) == reads.shape
        assert prepared.tensor.dtype == (torch.float64 if reads.standardised else torch.float32)
        assert bool(prepared.tensor.isfinite().all())
        sees_and_learns(reads.seen_as, prepared.tensor.float(), prepared.words)


def sees_and_learns(name: str, tensor: torch.Tensor, words: tuple[str, ...]) -> None:
    kind, array = modality_kind(name), tensor.numpy()
    batch = torch.stack([tensor, tensor.flip(-1), tensor])
    first, again = (kind.augment(batch, torch.Generator().manual_seed(1)) for _ in range(2))
    assert first.shape == batch.shape
    assert torch.equal(first, again)
    network = kind.encoder(tuple(tensor.shape), 8, 12)
    (feature,) = network(batch)
    assert feature.shape == (3, 12)
    feature.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    heat = np.linspace(0, 1, array.shape[-1], dtype=np.float32)
    heat = np.tile(heat, (array.shape[-2], 1)) if array.ndim == 3 else heat
    drawn(recordings.seen(name, array, COLOUR, words=words))
    drawn(recordings.seen(name, array, COLOUR, heat=heat, words=words))
    assert "<img" in attribution_maps.overlay(name, array, heat, words=words)
    assert "<img" in attribution_maps.difference(name, array, -heat, words=words)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_keeps_the_contract(name: str) -> None:
    keeps_the_contract(name)


def test_slices_of_scans_are_seen_and_learned_from() -> None:
    kind = modality_kind("scan")
    prepared = prepare_scan(kind.read(kind.example()))
    sees_and_learns("scan", prepared.tensor, prepared.words)


@pytest.mark.parametrize("name", KINDS)
def test_a_hostile_file_is_refused_with_a_sentence(name: str) -> None:
    kind = modality_kind(name)
    content = kind.example()
    noise = np.random.default_rng(0).bytes(300)
    for given in (b"", b"\0" * 40, noise, content[: len(content) // 2], content[::-1], b"\xff" + content):
        with suppress(DataError):
            assert isinstance(kind.read(given, "a\0/../<b>.png"), kind.recording)


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


CLOUD = '''
"""Point clouds: the whole kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from mmlab.core.corruption_types import Damage
from mmlab.core.drawing import Drawing
from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw
from mmlab.networks.encoders import Encoder, block1d, neck
from mmlab.viz.inputs.numbers import NumberDrawing


@dataclass(frozen=True)
class Cloud(Raw):
    points: np.ndarray


@dataclass(frozen=True)
class CloudInput(FolderInput):
    """Points in space: a line of three numbers each."""

    count: int = option(16, "How many of the points the model takes", 4, 4096)
    seen_as: ClassVar[str] = "cloud"

    @property
    def shape(self):
        return (3, self.count)

    def read(self, content, name):
        return CloudKind().read(content, name)

    def prepare(self, raw):
        places = np.linspace(0, len(raw.points) - 1, self.count).astype(int)
        return PreparedInput(torch.from_numpy(raw.points[places].T.copy()))


class CloudDrawing(NumberDrawing):
    def recorded(self, raw, colour, what):
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1" fill="{colour}"/>' for x, y, _ in raw.points)
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-5 -5 10 10">{dots}</svg>'
        return Drawing(svg.encode(), "svg+xml", f"{what}: {len(raw.points)} points")


@MODALITY_KINDS.register("cloud")
class CloudKind(ModalityKind):
    noun, recording, endings = "a point cloud", Cloud, ("xyz",)

    def read(self, content, name=""):
        try:
            points = np.array([line.split() for line in content.decode().splitlines()], np.float32)
        except (UnicodeDecodeError, ValueError) as error:
            raise DataError("This is not a point cloud.", "Give three numbers a line.") from error
        if points.ndim != 2 or points.shape[1] != 3 or not np.isfinite(points).all():
            raise DataError("This is not a point cloud.", "Give three numbers a line.")
        return Cloud(points)

    def example(self):
        return b"\\n".join(b"%d %d %d" % (i % 3, i % 5, i % 7) for i in range(20))

    def drawing(self):
        return CloudDrawing()

    def folder_inputs(self):
        return {"cloud": CloudInput}

    def corruptions(self):
        noisy = lambda raw, size, rng: replace(
            raw, points=(raw.points + rng.normal(0, size, raw.points.shape)).astype(np.float32)
        )
        return {"noise": Damage("Noise", "spread", (0.1, 0.2, 0.4, 0.8, 1.6), noisy)}

    def encoder(self, shape, width, size):
        pooled = nn.Sequential(nn.AdaptiveAvgPool1d(1), *neck(width, size))
        return Encoder(block1d(3, width, 1, 1), pooled)
'''


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The kind of one file, registered as a plug-in is: by being imported."""
    file = tmp_path / "cloud_kind.py"
    file.write_text(CLOUD)
    spec = importlib.util.spec_from_file_location("cloud_kind", file)
    assert spec is not None
    assert spec.loader is not None
    monkeypatch.setitem(sys.modules, "cloud_kind", module := importlib.util.module_from_spec(spec))
    list(MODALITY_KINDS)
    spec.loader.exec_module(module)
    yield "cloud"
    del MODALITY_KINDS._items["cloud"]


def folder_of_clouds(folder: Path) -> Path:
    """Clouds that lie low or high, and a number."""
    folder.mkdir()
    described = {
        "name": "clouds",
        "output": {"kind": "classification", "classes": ["low", "high"]},
        "modalities": [
            {"name": "cloud", "kind": "cloud", "count": 8},
            {"name": "size", "kind": "vector", "columns": ["a"], "inline": True},
        ],
    }
    (folder / "task.json").write_text(json.dumps(described))
    rng, rows = np.random.default_rng(0), ["id,split,target,cloud,size"]
    for place, split in enumerate(folders.SPLITS):
        high = place % 2
        points = rng.normal(size=(10, 3)) + np.array([0, 0, 4 * high])
        (folder / f"{place}.xyz").write_text("\n".join(" ".join(f"{x:.3f}" for x in point) for point in points))
        rows.append(f"s{place},{split},{('low', 'high')[high]},{place}.xyz,{rng.normal():.2f}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    return folder


def test_a_kind_of_one_file_is_read_drawn_corrupted_learned_from_and_explained(
    cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeps_the_contract(cloud)
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
