"""With `transform=` a visitor brings a picture, a sound or a text to a registered model and corrupts it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from torch import Tensor, nn

from mmlab.cli.app import main
from mmlab.core.errors import DataError
from mmlab.core.recordings import Picture, Text
from mmlab.core.task import takes_files
from mmlab.foreign.inputs import Input
from mmlab.foreign.opening import adapted
from mmlab.foreign.recordings import transformed
from mmlab.foreign.registration import Registration, register
from mmlab.foreign.task import RegisteredTask, task_class
from mmlab.inference.imputation import compute
from mmlab.inference.predictor import Model
from mmlab.modalities.corruption import degrade, offered
from mmlab.ui.bar.samples import OPEN
from mmlab.ui.inputs.registry import shared, ways
from tests.own_models import drawn
from tests.test_folder_everywhere import Visitor

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.2, 0.25)
WORDS = ["", "red", "green", "blue", "cup", "hat"]


class Three(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.image, self.sound, self.text = nn.Conv2d(3, 4, 3), nn.Conv1d(1, 4, 9), nn.Embedding(6, 4)
        self.head = nn.Linear(12, 3)

    def forward(self, image: Tensor, sound: Tensor, text: Tensor, mask: Tensor) -> Any:
        words = (self.text(text) * mask[..., None]).sum(1)
        return self.head(torch.cat([self.image(image).mean((2, 3)), self.sound(sound[:, None]).mean(2), words], 1))


def picture(content: bytes) -> Tensor:
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB").resize((16, 16)), np.float32) / 255
    return ((torch.from_numpy(pixels) - torch.tensor(MEAN)) / torch.tensor(STD)).permute(2, 0, 1)


def sound(content: bytes) -> Tensor:
    wave, _ = soundfile.read(io.BytesIO(content), dtype="float32")
    return torch.nn.functional.pad(torch.from_numpy(wave), (0, 4000))[:4000]


def text(content: bytes) -> dict[str, Tensor]:
    ids = [WORDS.index(word) if word in WORDS else 1 for word in content.decode().split()][:5]
    padded = torch.tensor(ids + [0] * (5 - len(ids)))
    return {"text": padded, "mask": (padded > 0).long()}


def registered() -> Registration:
    def phrase(i: int) -> Tensor:
        return torch.tensor([1 + i % 5, 2, 3, 0, 0])

    data = drawn(image=lambda i: picture(png(i)), sound=(4000,), text=phrase, mask=lambda i: (phrase(i) > 0).long())
    for sample in data:
        sample["sound"] = sample["sound"].clamp(-1, 1)
    return register("three", Three, classes=["a", "b", "c"], data=data, inputs={
        "image": Input("image", mean=MEAN, std=STD, transform=picture),
        "sound": Input("sound", rate=8000, transform=sound),
        "text": Input(("text", "mask"), transform=text, words=lambda ids: [WORDS[i] for i in ids]),
    })  # fmt: skip


def task() -> RegisteredTask:
    return task_class(registered(), "three", ("three",))()


def png(seed: int) -> bytes:
    target = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def test_what_a_visitor_brings_enters_as_the_persons_own_transform_makes_it() -> None:
    mine = task()
    content = png(99)
    raw = mine.read("image", content, "a.png")
    assert isinstance(raw, Picture)
    assert torch.allclose(mine.prepare("image", raw).tensor, picture(content))
    written = mine.prepare("text", mine.read("text", b"red cup", "a.txt"))
    assert written.tensor.tolist() == [[1, 4, 0, 0, 0], [1, 1, 0, 0, 0]]
    assert written.words == ("red", "cup", "", "", "")
    wave = io.BytesIO()
    soundfile.write(wave, 0.5 * np.sin(np.arange(4000) / 5), 8000, format="WAV", subtype="FLOAT")
    heard = mine.prepare("sound", mine.read("sound", wave.getvalue(), "a.wav")).tensor
    assert torch.allclose(heard[0], sound(wave.getvalue()), atol=1e-4)


def test_samples_enter_unchanged_and_corrupted_ones_through_the_transform() -> None:
    mine = task()
    samples = mine.samples("test")
    for row, name in enumerate(mine.gallery()[:3]):
        raw = mine.example(name).raw
        for each in raw:
            assert torch.equal(mine.prepare(each, raw[each]).tensor, samples.inputs[each][row]), each
    raw = mine.example(mine.gallery()[0]).raw
    assert isinstance(raw["text"], Text)
    for item in mine.info.modalities:
        kind = offered(mine, item)[0]  # type: ignore[arg-type]
        corrupted = mine.prepare(item.name, degrade(raw[item.name], kind, 5)).tensor
        assert corrupted.shape == item.shape
        assert not torch.equal(corrupted, samples.inputs[item.name][0])


@pytest.mark.parametrize("shape", [(8, 8), (1, 8, 8), (3, 8, 8)])
def test_a_transform_gives_a_plane_or_the_tensor_that_it_shares(shape: tuple[int, ...]) -> None:
    inputs = {
        name: Input("image", channel=i, transform=lambda content: torch.full(shape, float(content)))
        for i, name in enumerate(("flair", "t1", "t2"))
    }
    said = register("planes", Three, classes=["a", "b", "c"], data=drawn(image=(3, 8, 8)), inputs=inputs)
    info = task_class(said, "planes", ("planes",))
    for place, name in enumerate(inputs):
        made = transformed(b"5", said.inputs[name], info().layout.packings[place])
        assert torch.equal(made, torch.full((1, 8, 8), 5.0))


def test_a_picture_of_another_size_is_refused_and_not_filled_up() -> None:
    small = Input("image", transform=lambda _: torch.ones(3, 4, 4))
    said = register("small", Three, classes=["a", "b", "c"], data=drawn(image=(3, 8, 8)), inputs={"image": small})
    packing = task_class(said, "small", ("small",))().layout.packings[0]
    with pytest.raises(DataError, match=r"'image' has shape \(3, 4, 4\), not \(3, 8, 8\)"):
        transformed(b"", said.inputs["image"], packing)


def test_a_file_that_the_transform_cannot_read_is_told() -> None:
    mine = task()
    with pytest.raises(DataError):
        mine.read("image", b"no picture", "a.png")
    said = register(
        "bad", Three, classes=["a", "b", "c"], data=drawn(x=(5,)), inputs={"x": Input("x", transform=lambda c: 1 / 0)}
    )
    other = task_class(said, "bad", ("bad",))()
    with pytest.raises(
        DataError, match=r"transform= of 'x' failed: ZeroDivisionError: division by zero \(test_own_files.py"
    ):
        other.read("x", b"1", "x.txt")


def test_without_a_transform_nothing_can_be_brought_or_corrupted() -> None:
    said = register("plain", Three, classes=["a", "b", "c"], data=drawn(image=(3, 8, 8)), inputs=["image"])
    plain = task_class(said, "plain", ("plain",))()
    assert not takes_files(plain, "image")  # type: ignore[arg-type]
    assert offered(plain, plain.info.modalities["image"]) == ()  # type: ignore[arg-type]
    with pytest.raises(DataError, match="cannot be brought as a file"):
        plain.read("image", png(0), "a.png")
    raw = plain.example(plain.gallery()[0]).raw["image"]
    assert torch.equal(plain.prepare("image", raw).tensor, plain.samples("test").inputs["image"][0])


def test_a_rule_that_needs_training_samples_says_so(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path))
    mine = task()
    model = Model(mine, adapted(mine.registration, mine.info), {}, "abc")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="without training samples"):
        compute(model, "mean")
    found = compute(model, "zeros")
    assert np.isfinite(found.logits).all()


@pytest.mark.slow
def test_a_visitor_brings_a_sound_on_the_page_to_what_takes_a_wave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MODELS", "FOLDERS"):
        monkeypatch.setenv(f"MMLAB_{name}", "")
    for name in ("CACHE", "CHECKPOINTS", "DATA"):
        monkeypatch.setenv(f"MMLAB_{name}", str(tmp_path / name.lower()))
    file = tmp_path / "three.py"
    file.write_text("from tests.test_own_files import registered\nregistered()\n")
    assert main(["measure", str(file)]) == 0
    visitor = Visitor("three")
    visitor.read("predict")
    visitor.app.session_state["mmlab.tab"], visitor.app.session_state[OPEN] = "Upload", True
    visitor.app.run()
    heard = io.BytesIO()
    soundfile.write(heard, 0.5 * np.sin(np.arange(4000) / 5), 8000, format="WAV")
    visitor.app.file_uploader(key="bring.three.sound.File").upload("a.wav", heard.getvalue(), "audio/wav").run()
    assert not visitor.app.exception
    assert not visitor.app.warning, [each.value for each in visitor.app.warning]
    assert "own-" in str(visitor.app.query_params["sample"])
    disabled = {name: visitor.app.toggle(key=f"on.{name}").disabled for name in ("image", "sound", "text")}
    assert disabled == {"image": True, "sound": False, "text": True}


def test_files_of_any_kind_are_taken_where_only_the_transform_reads_them() -> None:
    inputs = {
        "table": Input("table", transform=lambda content: torch.zeros(6)),
        "curve": Input("curve", transform=lambda content: torch.zeros(2, 50)),
        "voice": Input("voice", rate=8000, transform=sound),
    }
    said = register(
        "any", Three, classes=["a", "b"], data=drawn(table=(6,), curve=(2, 50), voice=(4000,)), inputs=inputs
    )
    mine = task_class(said, "any", ("any",))()
    offered_ways = {item.name: list(ways(mine, item)) for item in mine.info.modalities}  # type: ignore[arg-type]
    assert offered_ways == {"table": ["File"], "curve": ["File"], "voice": ["File", "Microphone"]}
    assert not shared(mine)  # type: ignore[arg-type]
