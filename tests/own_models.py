"""Small sound modules of every shape that people bring, each with the way to call it by hand under a combination."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mmlab.core.outputs import Regression, Segmentation
from mmlab.foreign.answers import log_odds
from mmlab.foreign.inputs import Input
from mmlab.foreign.registration import Registration, register

Present = Mapping[str, bool]
Direct = Callable[[nn.Module, dict[str, Any], Present], Tensor]
CLASSES = ["cup", "hat", "pen"]


@dataclass(frozen=True)
class Shape:
    """A registration, and what the module itself answers to one sample (a batch of one) under a combination."""

    registration: Registration
    direct: Direct
    replayed: bool = True
    cam_layers: tuple[str, ...] = ()


SHAPES: dict[str, Callable[[], Shape]] = {}


def shape(make: Callable[[], Shape]) -> Callable[[], Shape]:
    SHAPES[make.__name__] = make
    return make


def drawn(count: int = 12, **sizes: Any) -> list[dict[str, Any]]:
    """Samples by key: a size for floats, a function of the number for anything else."""
    generator = torch.Generator().manual_seed(0)
    return [
        {"label": i % 3, **{k: v(i) if callable(v) else torch.randn(*v, generator=generator) for k, v in sizes.items()}}
        for i in range(count)
    ]


def cnn(planes: int, width: int = 8) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(planes, width, 3, padding=1),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(inplace=True),
    )


def seeded(kind: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """A builder that gives the same weights each time, statistics of batches included."""

    def build() -> nn.Module:
        torch.manual_seed(7)
        module = kind()
        for each in module.modules():
            if isinstance(each, nn.BatchNorm2d):
                each.running_mean.normal_(0, 0.2)  # type: ignore[union-attr]
                each.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]
        return module

    return build


def zeroed(sample: dict[str, Any], present: Present, **keys: str) -> dict[str, Tensor]:
    """The arguments by key, zeros where the modality of a key is absent."""
    shapes = {"depth": (1, 16, 16)}  # of what some sample lacks
    batch = {key: (torch.zeros(shapes[key]) if sample[key] is None else sample[key])[None] for key in keys}
    return {key: value if present[keys[key]] else torch.zeros_like(value) for key, value in batch.items()}


class TwoBranch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rgb, self.depth, self.head = cnn(3), cnn(1), nn.Linear(16, 3)

    def forward(self, rgb: Tensor, depth: Tensor) -> Any:
        return self.head(torch.cat([self.rgb(rgb).mean((2, 3)), self.depth(depth).mean((2, 3))], 1))


@shape
def two_branches() -> Shape:
    said = register(
        "two",
        seeded(TwoBranch),
        inputs=["rgb", "depth"],
        classes=CLASSES,
        data=drawn(rgb=(3, 16, 16), depth=(1, 16, 16)),
    )
    return Shape(said, lambda m, s, p: m(**zeroed(s, p, rgb="rgb", depth="depth")), cam_layers=("rgb", "depth"))


class Watching(nn.Module):
    """Frames one after the other, as most video models outside take them, and a row of numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.film = nn.Sequential(
            nn.Conv3d(3, 8, (3, 3, 3), padding=1), nn.ReLU(), nn.Conv3d(8, 8, 3, padding=1), nn.ReLU()
        )
        self.row, self.head = nn.Linear(4, 8), nn.Linear(16, 3)

    def forward(self, clip: Tensor, row: Tensor) -> Any:
        maps = self.film(clip.transpose(1, 2))
        return self.head(torch.cat([maps.mean((2, 3, 4)), self.row(row)], 1))


@shape
def clip_and_row() -> Shape:
    inputs = {"clip": Input("clip", axes="TCHW"), "row": "row"}
    data = drawn(clip=(5, 3, 12, 12), row=(4,))
    said = register("watching", seeded(Watching), inputs=inputs, classes=CLASSES, data=data)
    return Shape(said, lambda m, s, p: m(**zeroed(s, p, clip="clip", row="row")), cam_layers=("film", ""))


class Trio(nn.Module):
    """Three tables of which two are multiplied: what one adds depends on what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = (nn.Sequential(nn.Linear(4, 8), nn.Tanh()) for _ in range(3))
        self.head = nn.Linear(16, 3)

    def forward(self, a: Tensor, b: Tensor, c: Tensor) -> Any:
        return 6 * self.head(torch.cat([self.first(a) * self.second(b), self.third(c)], 1))


@shape
def trio() -> Shape:
    said = register(
        "trio", seeded(Trio), inputs=["a", "b", "c"], classes=CLASSES, data=drawn(16, a=(4,), b=(4,), c=(4,))
    )
    return Shape(said, lambda m, s, p: m(**zeroed(s, p, a="a", b="b", c="c")))


@shape
def one_missing_in_data() -> Shape:
    data = [{**s, "depth": None} if i % 4 == 3 else s for i, s in enumerate(drawn(rgb=(3, 16, 16), depth=(1, 16, 16)))]
    said = register("gaps", seeded(TwoBranch), inputs=["rgb", "depth"], classes=CLASSES, data=data)
    return Shape(said, lambda m, s, p: m(**zeroed(s, p, rgb="rgb", depth="depth")))


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enc, self.head = cnn(3), nn.Linear(16, 3)

    def forward(self, left: Tensor, right: Tensor) -> Any:
        return self.head(torch.cat([self.enc(left).mean((2, 3)), self.enc(right).amax((2, 3))], 1))


@shape
def siamese() -> Shape:
    said = register(
        "siamese",
        seeded(Siamese),
        inputs=["left", "right"],
        classes=CLASSES,
        data=drawn(left=(3, 16, 16), right=(3, 16, 16)),
    )
    return Shape(said, lambda m, s, p: m(**zeroed(s, p, left="left", right="right")), cam_layers=("enc", "enc#1"))


class SingleStream(nn.Module):
    """Tokens of words and of patches in one transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(40, 16)
        self.patch = nn.Conv2d(3, 16, 4, 4)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, pixel_values: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Any:
        image = self.patch(pixel_values).flatten(2).transpose(1, 2)
        text = self.words(input_ids) * attention_mask[..., None]
        return {"logits": self.head(self.layer(torch.cat([text, image], 1)).mean(1)), "loss": None}


def ids(i: int) -> Tensor:
    return torch.randint(1, 40, (6,), generator=torch.Generator().manual_seed(i))


def mask(i: int) -> Tensor:
    return (torch.arange(6) < 6 - i % 3).long()


@shape
def single_stream() -> Shape:
    data = drawn(pixel_values=(3, 16, 16), input_ids=ids, attention_mask=mask)
    text = ("input_ids", "attention_mask")
    said = register(
        "stream", seeded(SingleStream), inputs={"image": "pixel_values", "text": text}, classes=CLASSES, data=data
    )

    def direct(m: nn.Module, s: dict[str, Any], p: Present) -> Tensor:
        return m(**zeroed(s, p, pixel_values="image", input_ids="text", attention_mask="text"))["logits"]

    return Shape(said, direct, cam_layers=("patch", "words"))


class Scan(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 3, padding=1))

    def forward(self, image: Tensor) -> Any:
        return self.body(image)


@shape
def channels() -> Shape:
    names = ["flair", "t1", "t2"]
    made = torch.Generator().manual_seed(1)
    data = [{**s, "label": torch.rand(2, 16, 16, generator=made) > 0.5} for s in drawn(image=(3, 16, 16))]
    inputs = {name: Input("image", channel=i) for i, name in enumerate(names)}
    said = register("scan", seeded(Scan), inputs=inputs, output=Segmentation(("whole", "core")), data=data)

    def direct(m: nn.Module, s: dict[str, Any], p: Present) -> Tensor:
        keep = torch.tensor([p[name] for name in names]).view(1, 3, 1, 1)
        return m(s["image"][None] * keep)

    return Shape(said, direct, replayed=False, cam_layers=("", "", ""))


class Masked(nn.Module):
    """A dict of inputs and a mask, time first, and a number as the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.audio = nn.Conv1d(5, 8, 3, padding=1), nn.LSTM(4, 8, batch_first=True)
        self.head = nn.Linear(16, 1)

    def forward(self, batch: dict[str, Tensor]) -> Any:
        on = batch["present"]
        first = self.text(batch["text"].transpose(1, 2)).mean(2)
        second = self.audio(batch["audio"])[0][:, -1]
        kept = [torch.where(on[:, i : i + 1], each, 0.0) for i, each in enumerate((first, second))]
        return {"pred": self.head(torch.cat(kept, 1)).squeeze(-1), "features": kept}


@shape
def masked_series() -> Shape:
    data = [{**s, "label": float(i % 5 - 2)} for i, s in enumerate(drawn(text=(20, 5), audio=(30, 4)))]
    said = register(
        "mosi",
        seeded(Masked),
        inputs={n: Input(n, axes="TC") for n in ("text", "audio")},
        output=Regression(-3, 3),
        data=data,
        present="present",
        logits="pred",
        call="dict",
    )

    def direct(m: nn.Module, s: dict[str, Any], p: Present) -> Tensor:
        on = torch.tensor([[p["text"], p["audio"]]])
        return m({"text": s["text"][None], "audio": s["audio"][None], "present": on})["pred"][:, None]

    return Shape(said, direct)


class Optional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.image, self.text, self.head = cnn(3), nn.EmbeddingBag(40, 8), nn.Linear(16, 3)

    def forward(self, image: Tensor | None = None, text: Tensor | None = None) -> Any:
        rows = len(image) if image is not None else len(text)  # type: ignore[arg-type]
        first = self.image(image).mean((2, 3)) if image is not None else self.head.weight.new_full((rows, 8), 0.3)
        second = self.text(text) if text is not None else self.head.weight.new_full((rows, 8), -0.3)
        return (self.head(torch.cat([first, second], 1)), first, second)


@shape
def none() -> Shape:
    said = register(
        "none",
        seeded(Optional),
        inputs=["image", "text"],
        classes=CLASSES,
        data=drawn(image=(3, 16, 16), text=ids),
        absent="none",
    )

    def direct(m: nn.Module, s: dict[str, Any], p: Present) -> Tensor:
        return m(*(s[key][None] if p[key] else None for key in ("image", "text")))[0]

    return Shape(said, direct)


@shape
def dropped() -> Shape:
    said = register(
        "dropped",
        seeded(Optional),
        inputs=["image", "text"],
        classes=CLASSES,
        data=drawn(image=(3, 16, 16), text=ids),
        absent="drop",
    )

    def direct(m: nn.Module, s: dict[str, Any], p: Present) -> Tensor:
        return m(**{key: s[key][None] for key in ("image", "text") if p[key]})[0]

    return Shape(said, direct)


@shape
def learned_tokens() -> Shape:
    token = torch.full((1, 16, 16), 0.25)
    said = register(
        "tokens",
        seeded(TwoBranch),
        classes=CLASSES,
        data=drawn(rgb=(3, 16, 16), depth=(1, 16, 16)),
        inputs={"rgb": Input("rgb", absent=-0.5), "depth": Input("depth", absent=token)},
    )

    def direct(m: nn.Module, s: dict[str, Any], p: Present) -> Tensor:
        rgb = s["rgb"][None] if p["rgb"] else torch.full((1, 3, 16, 16), -0.5)
        return m(rgb=rgb, depth=s["depth"][None] if p["depth"] else token[None])

    return Shape(said, direct)


def flags(i: int) -> Tensor:
    return torch.rand(5, generator=torch.Generator().manual_seed(i)) > 0.5


class Positional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = cnn(3), nn.Sequential(nn.Linear(5, 8), nn.Tanh()), nn.Linear(16, 3)

    def forward(self, x: Tensor, y: Tensor) -> Any:
        return self.head(torch.cat([self.a(x).mean((2, 3)), self.b(y.float())], 1)), {"aux": x}


@shape
def positional_colours_last() -> Shape:
    """Tuples as samples, arguments by place, colours last, flags as the other input."""
    data = [(s["image"], s["flags"], s["label"]) for s in drawn(image=(16, 16, 3), flags=flags)]
    said = register(
        "positional",
        seeded(Channels),
        inputs={"image": Input("image", axes="HWC"), "flags": Input("flags", kind="vector")},
        classes=CLASSES,
        data=data,
    )

    def direct(m: nn.Module, s: Any, p: Present) -> Tensor:
        image, flags = s[0][None], s[1][None]
        return m(image if p["image"] else image * 0, flags if p["flags"] else torch.zeros_like(flags))[0]

    return Shape(said, direct)


class Channels(Positional):
    def forward(self, x: Tensor, y: Tensor) -> Any:
        return super().forward(x.permute(0, 3, 1, 2), y)


class Labels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rgb, self.depth, self.out = cnn(3), cnn(1), nn.Conv2d(8, 3, 1)

    def forward(self, rgb: Tensor, depth: Tensor) -> Any:
        maps = self.out(self.rgb(rgb) + self.depth(depth))
        return {"out": nn.functional.interpolate(maps, scale_factor=2.0)}


@shape
def regions_that_share_a_softmax() -> Shape:
    made = torch.Generator().manual_seed(2)
    data = [
        {**s, "label": torch.randint(0, 3, (16, 16), generator=made)} for s in drawn(rgb=(3, 16, 16), depth=(1, 16, 16))
    ]
    said = register(
        "rgbd",
        seeded(Labels),
        inputs=["rgb", "depth"],
        output=Segmentation(("floor", "chair", "other")),
        data=data,
        logits=lambda out: log_odds(out["out"]),
    )
    return Shape(said, lambda m, s, p: log_odds(m(**zeroed(s, p, rgb="rgb", depth="depth"))["out"]))


@shape
def half_precision() -> Shape:
    said = register(
        "half",
        lambda: seeded(TwoBranch)().to(torch.bfloat16),
        inputs=["rgb", "depth"],
        classes=CLASSES,
        data=drawn(rgb=(3, 16, 16), depth=(1, 16, 16)),
    )

    def direct(m: nn.Module, s: dict[str, Any], p: Present) -> Tensor:
        return m(**{k: v.to(torch.bfloat16) for k, v in zeroed(s, p, rgb="rgb", depth="depth").items()}).float()

    return Shape(said, direct)


class Thousand(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rgb, self.table, self.head = cnn(3), nn.Linear(6, 8), nn.Linear(16, 1000)

    def forward(self, rgb: Tensor, table: Tensor) -> Any:
        return self.head(torch.cat([self.rgb(rgb).mean((2, 3)), self.table(table)], 1))


@shape
def a_thousand_classes() -> Shape:
    names = [f"class {i}" for i in range(1000)]
    said = register(
        "thousand", seeded(Thousand), inputs=["rgb", "table"], classes=names, data=drawn(rgb=(3, 16, 16), table=(6,))
    )
    return Shape(said, lambda m, s, p: m(**zeroed(s, p, rgb="rgb", table="table")))
