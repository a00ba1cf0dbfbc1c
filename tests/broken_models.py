"""Modules that are wrong in one way each, and sound ones that look odd, for the doctor.

Every one takes a picture `image [3, 16, 16]` and a table `table [6]` and tells three classes, unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, IterableDataset

from mmlab.core.outputs import Regression, Segmentation
from mmlab.foreign.inputs import Input
from mmlab.foreign.registration import Registration, register

CLASSES = ["cup", "hat", "pen"]
BOTH = ["image", "table"]


def samples(count: int = 9, **more: Any) -> list[dict[str, Any]]:
    drawn = torch.Generator().manual_seed(0)
    return [
        {
            "image": torch.rand(3, 16, 16, generator=drawn),
            "table": torch.randn(6, generator=drawn),
            "label": i % 3,
            **{name: make(i) for name, make in more.items()},
        }
        for i in range(count)
    ]


class Sound(nn.Module):
    """What the broken ones are made of."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.enc = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())
        self.tab = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
        self.head = nn.Linear(16, 3)

    def parts(self, image: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
        return self.enc(image).mean((2, 3)), self.tab(table)

    def forward(self, image: Tensor, table: Tensor) -> Any:
        return self.head(torch.cat(self.parts(image, table), 1))


def made(
    forward: Callable[..., Any], start: Callable[[Any], None] | None = None, base: type = Sound
) -> type[nn.Module]:
    """A module with another forward, and what else its start does."""

    def __init__(self: Any) -> None:
        base.__init__(self)
        if start:
            start(self)

    return type("Made", (base,), {"forward": forward, "__init__": __init__})


def model(kind: Any = Sound, **said: Any) -> Registration:
    """A registration of it, usual but for what is said."""
    plain: dict[str, Any] = {"inputs": BOTH, "classes": CLASSES, "data": samples()}
    if "output" in said:
        plain.pop("classes")
    return register("broken", kind, **{**plain, **said})


BROKEN: dict[str, tuple[Callable[[], Registration], str]] = {}
FINE: dict[str, Callable[[], Registration]] = {}


def broken(name: str, sentence: str) -> Callable[[Callable[[], Registration]], Callable[[], Registration]]:
    """File a case with a part of the sentence that must be said."""

    def keep(case: Callable[[], Registration]) -> Callable[[], Registration]:
        BROKEN[name] = (case, sentence)
        return case

    return keep


def fine(case: Callable[[], Registration]) -> Callable[[], Registration]:
    FINE[case.__name__] = case
    return case


# data


class Augmented(Dataset):
    def __len__(self) -> int:
        return 9

    def __getitem__(self, row: int) -> dict[str, Any]:
        return {**samples()[row], "image": torch.rand(3, 16, 16)}


class Failing(Dataset):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, row: int) -> Any:
        return [][row]


BROKEN |= {
    "data: random augmentation": (lambda: model(data=Augmented()), "another one each time"),
    "data: crash": (lambda: model(data=Failing()), "A sample cannot be read: IndexError"),
    "data: NaN": (lambda: model(data=samples(table=lambda i: torch.full((6,), torch.nan))), "not finite"),
    "data: infinite": (
        lambda: model(data=samples(table=lambda i: torch.full((6,), torch.inf) * (i == 4))),
        "not finite",
    ),
    "data: labels from 1": (lambda: model(data=samples(label=lambda i: 1 + i % 3)), "run from 1 to 3"),
    "data: label too large": (lambda: model(data=samples(label=lambda i: 7)), "is 7, and there are 3 classes"),
    "data: one-hot labels": (lambda: model(data=samples(label=lambda i: torch.eye(3)[i % 3])), "has shape (3,)"),
    "data: missing key": (
        lambda: model(inputs=["image", "tabel"]),
        "No sample has 'tabel'. The first sample has: image, table",
    ),
    "data: no answer": (lambda: model(target="truth"), "No answer was found"),
    "data: no complete sample": (
        lambda: model(data=[{**s, ("image" if i % 2 else "table"): None} for i, s in enumerate(samples())]),
        "No test sample has every input",
    ),
    "data: an input in no sample": (lambda: model(data=samples(table=lambda i: None)), "No sample has 'table'"),
    "data: nothing at all": (lambda: model(data=[]), "no test samples"),
    "data: a tuple too short": (
        lambda: model(data=[(s["image"], s["label"]) for s in samples()]),
        "is 2 values, and 2 inputs",
    ),
    "data: pictures of several sizes": (
        lambda: model(data=samples(image=lambda i: torch.rand(3, 16 + i, 16))),
        "several sizes",
    ),
    "data: text instead of numbers": (lambda: model(data=samples(table=lambda i: "red")), "not a tensor"),
    "data: a scale too small": (
        lambda: model(
            made(lambda s, image, table: s.tab(table)[:, :1] + 0 * s.enc(image).mean()), output=Regression(-1, 1)
        ),
        "the scale from -1 to 1",
    ),
    "data: region labels from 1": (
        lambda: model(
            made(lambda s, image, table: s.enc(image)[:, :2]),
            output=Segmentation(("floor", "chair")),
            data=samples(label=lambda i: torch.randint(0, 3, (16, 16))),
        ),
        "goes up to 2",
    ),
    "data: a split of a strange name": (lambda: model(data={"eval": samples()}), "a split 'eval'"),
    "data: wrong axes": (lambda: model(inputs={"image": Input("image", axes="TC"), "table": "table"}), "axes='TC'"),
    "data: a channel that is not there": (
        lambda: model(inputs={"a": Input("image", channel=0), "b": Input("image", channel=7)}),
        "no channel 7",
    ),
    "data: a channel of nobody": (
        lambda: model(inputs={"a": Input("image", channel=0), "b": Input("image", channel=1)}),
        "Channel 2 belongs to no input",
    ),
}

# build and call


def _listed(self: Any) -> None:
    self.more = [nn.Linear(8, 8)]


def _loose(self: Any) -> None:
    self.tokens = [nn.Parameter(torch.zeros(8))]


def _crash(self: Any, image: Tensor, table: Tensor) -> Any:
    return self.head(torch.cat(self.parts(image, table), 1)[:, :5])


def _fails() -> nn.Module:
    raise FileNotFoundError("weights.pt")


class Random(Sound):
    def __init__(self) -> None:
        super().__init__()
        torch.seed()
        self.head.reset_parameters()


BROKEN |= {
    "build: crash": (
        lambda: model(_fails),
        "Building 'broken' failed: FileNotFoundError: weights.pt (broken_models.py, line",
    ),
    "build: no module": (lambda: model(lambda: {"weights": 1}), "gave dict"),
    "build: other weights each time": (lambda: model(Random), "Building twice gives two models"),
    "build: ScriptModule": (
        lambda: model(lambda: torch.jit.trace(Sound(), (torch.rand(2, 3, 16, 16), torch.rand(2, 6)))),
        "ScriptModule",
    ),
    "build: modules in a list": (
        lambda: model(
            made(
                lambda s, image, table: s.head(torch.cat((s.enc(image).mean((2, 3)), s.more[0](s.tab(table))), 1)),
                _listed,
            )()
        ),
        "'more' holds modules in a list",
    ),
    "build: parameters in a list": (
        lambda: model(
            made(
                lambda s, image, table: s.head(torch.cat((s.enc(image).mean((2, 3)), s.tab(table) + s.tokens[0]), 1)),
                _loose,
            )()
        ),
        "holds parameters in a list",
    ),
    "call: wrong names": (
        lambda: model(made(lambda s, picture, table: Sound.forward(s, picture, table))),
        "forward takes no 'image'. It takes: picture, table",
    ),
    "call: no such mask": (lambda: model(present="mask"), "forward takes no 'mask'"),
    "call: crash": (lambda: model(made(_crash)), "forward crashes on complete samples: RuntimeError"),
}

# answer

BROKEN |= {
    "answer: a dict without logits": (
        lambda: model(made(lambda s, image, table: {"scores": Sound.forward(s, image, table)})),
        "dict with scores",
    ),
    "answer: a name that is not there": (lambda: model(logits="out"), "no tensor")
    if False
    else (
        lambda: model(made(lambda s, image, table: {"scores": Sound.forward(s, image, table)}), logits="out"),
        "without 'out'",
    ),
    "answer: the wrong item of a tuple": (
        lambda: model(made(lambda s, image, table: (torch.zeros(()), Sound.forward(s, image, table)))),
        "The answer has shape ()",
    ),
    "answer: nothing": (lambda: model(made(lambda s, image, table: None)), "forward returned nothing"),
    "answer: the number of classes": (
        lambda: model(classes=["cup", "hat"], data=samples(label=lambda i: i % 2)),
        "The answer has shape (3, 3), and there are 2 classes.",
    ),
    "answer: a single logit": (
        lambda: model(
            made(lambda s, image, table: Sound.forward(s, image, table)[:, 0]),
            classes=["no", "yes"],
            data=samples(label=lambda i: i % 2),
        ),
        "has shape (3,), and there are 2",
    ),
    "answer: samples against each other": (
        lambda: model(
            made(lambda s, image, table: (lambda a, b: a @ b.T)(*s.parts(image, table))),
            classes=["no", "yes"],
            data=samples(label=lambda i: i % 2),
        ),
        "has shape (3, 3)",
    ),
    "answer: probabilities": (
        lambda: model(made(lambda s, image, table: Sound.forward(s, image, table).softmax(1))),
        "these are probabilities",
    ),
    "answer: logits as probabilities": (
        lambda: model(probabilities=True),
        "probabilities=True, and the answer runs from",
    ),
    "answer: region probabilities": (
        lambda: model(
            made(lambda s, image, table: s.enc(image)[:, :2].sigmoid() * s.tab(table).sigmoid().mean()),
            output=Segmentation(("floor", "chair")),
            data=samples(label=lambda i: torch.randint(0, 2, (16, 16))),
        ),
        "these are probabilities",
    ),
    "answer: argmax": (
        lambda: model(made(lambda s, image, table: Sound.forward(s, image, table).argmax(1))),
        "as after argmax",
    ),
    "answer: one-hot": (
        lambda: model(
            made(lambda s, image, table: functional.one_hot(Sound.forward(s, image, table).argmax(1), 3).float())
        ),
        "as after argmax",
    ),
    "answer: not a number": (
        lambda: model(made(lambda s, image, table: Sound.forward(s, image, table) / 0 * 0)),
        "is not finite",
    ),
    "answer: logits= fails": (lambda: model(logits=lambda out: out["logits"]), "logits= failed on a tensor (3, 3)"),
    "answer: a map instead of a number": (
        lambda: model(output=Regression(-3, 3), data=samples(label=lambda i: i / 3)),
        "one number per sample",
    ),
    "answer: regions of the wrong number": (
        lambda: model(
            made(lambda s, image, table: s.enc(image) + s.tab(table).mean()),
            output=Segmentation(("floor", "chair")),
            data=samples(label=lambda i: torch.randint(0, 2, (16, 16))),
        ),
        "(3, 2, height, width) is expected",
    ),
}

# modes, state, batches


def _never_eval(self: Any, mode: bool = True) -> Any:
    return nn.Module.train(self, True)


def _counter(self: Any) -> None:
    self.register_buffer("seen", torch.zeros(()))
    self.dropped = nn.Dropout(0.5)


def _counted(self: Any, image: Tensor, table: Tensor) -> Any:
    self.seen += 1
    return Sound.forward(self, image, table)


class NeverEval(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def train(self, mode: bool = True) -> Any:
        return super().train(True)

    def forward(self, image: Tensor, table: Tensor) -> Any:
        return self.head(self.drop(torch.cat(self.parts(image, table), 1)))


class Remembers(Sound):
    """Keeps what it computed on itself between two of its layers."""

    def forward(self, image: Tensor, table: Tensor) -> Any:
        self.kept = self.enc(image).mean((2, 3))
        other = self.tab(table)
        return self.head(torch.cat([self.kept, other], 1))


def _own_norm(self: Any) -> None:
    self.norm = nn.BatchNorm1d(16, track_running_stats=False)


BROKEN |= {
    "eval: functional dropout": (
        lambda: model(
            made(lambda s, image, table: s.head(functional.dropout(torch.cat(s.parts(image, table), 1), 0.5)))
        ),
        "Two passes on the same samples differ",
    ),
    "eval: noise": (
        lambda: model(made(lambda s, image, table: Sound.forward(s, image, table) + torch.randn(1))),
        "Two passes on the same samples differ",
    ),
    "eval: train() overridden": (lambda: model(NeverEval), "still in training mode"),
    "eval: a counter": (lambda: model(made(_counted, _counter)), "A pass in eval changes 'seen'"),
    "inputs: changed in place": (
        lambda: model(made(lambda s, image, table: Sound.forward(s, image.mul_(0.5), table))),
        "forward changes 'image' in place",
    ),
    "threads: kept on self": (lambda: model(Remembers), "keeps something on self"),
    "batch: squeeze": (
        lambda: model(made(lambda s, image, table: Sound.forward(s, image, table).squeeze())),
        "A batch of one sample is not answered",
    ),
    "batch: a size written down": (
        lambda: model(made(lambda s, image, table: Sound.forward(s, image.view(3, 3, 16, 16), table))),
        "A batch of one sample crashes",
    ),
    "batch: statistics of the batch": (
        lambda: model(made(lambda s, image, table: s.head(s.norm(torch.cat(s.parts(image, table), 1))), _own_norm)),
        "batch",
    ),
    "batch: centred over the batch": (
        lambda: model(made(lambda s, image, table: Sound.forward(s, image - image.mean(0), table))),
        "differently alone and among others",
    ),
    "batch: order": (lambda: model(made(lambda s, image, table: Sound.forward(s, image, table.cumsum(0)))), "answer"),
}

# absent


def _leaks(self: Any, image: Tensor, table: Tensor, present: Tensor) -> Any:
    first, second = self.parts(image, table)
    both = torch.stack([first, second], 1)
    kept = both * present[..., None]
    return self.head(torch.cat([kept.flatten(1)[:, :8] + both.mean(1), kept.flatten(1)[:, 8:]], 1))


def _multiplied(self: Any, image: Tensor, table: Tensor, present: Tensor) -> Any:
    first, second = self.parts(image, table)
    return self.head(torch.cat([first * present[:, :1], second * present[:, 1:]], 1))


def _chosen(self: Any, image: Tensor, table: Tensor, present: Tensor) -> Any:
    first, second = self.parts(image, table)
    kept = torch.where(present[:, :1], first, 0.0), torch.where(present[:, 1:], second, 0.0)
    return self.head(torch.cat(kept, 1))


def _normed(self: Any, image: Tensor, table: Tensor) -> Any:
    return self.head(torch.cat([self.enc(image).mean((2, 3)), self.tab(table / table.norm(dim=1, keepdim=True))], 1))


def _crashes_alone(self: Any, image: Tensor, table: Tensor) -> Any:
    if not bool(image.any()):
        raise ValueError("no picture")
    return Sound.forward(self, image, table)


def _device(self: Any, image: Tensor, table: Tensor) -> Any:
    return Sound.forward(self, image, table + torch.zeros(len(table), 6))


def _device_if_absent(self: Any, image: Tensor, table: Tensor | None = None) -> Any:
    if table is None:
        table = torch.zeros(len(image), 6)
    return Sound.forward(self, image, table)


def _stays(self: Any) -> None:
    self.scale = torch.ones(6)


BROKEN |= {
    "absent: leak through a mean": (
        lambda: model(made(_leaks), present="present"),
        "its content still changes the answer",
    ),
    "absent: the mask is ignored": (
        lambda: model(made(lambda s, image, table, present: Sound.forward(s, image, table)), present="present"),
        "its content still changes the answer",
    ),
    "absent: NaN times mask": (
        lambda: model(made(_multiplied), present="present"),
        "a NaN in it still makes the answer NaN",
    ),
    "absent: a norm of zeros": (lambda: model(made(_normed)), "Without 'table' the answer is not finite"),
    "absent: None is not expected": (lambda: model(absent="none"), "forward does not expect None"),
    "absent: an argument that is needed": (lambda: model(absent="drop"), "forward needs that argument"),
    "absent: a crash in one combination": (
        lambda: model(made(_crashes_alone)),
        "Without 'image' forward crashes: ValueError: no picture",
    ),
    "absent: never used": (
        lambda: model(made(lambda s, image, table: s.head(torch.cat([s.enc(image).mean((2, 3))] * 2, 1)))),
        "'table' is never used",
    ),
    "absent: never used, behind a product": (
        lambda: model(
            made(lambda s, image, table: s.head(torch.cat([s.enc(image).mean((2, 3)), 0 * s.tab(table)], 1)))
        ),
        "'table' is never used",
    ),
    "absent: a token of the wrong shape": (
        lambda: model(inputs={"image": "image", "table": Input("table", absent=torch.zeros(4))}),
        "absent= of 'table' has shape (4,)",
    ),
    "device: zeros": (lambda: model(made(_device)), "makes a tensor on the processor"),
    "device: only when something is absent": (
        lambda: model(made(_device_if_absent), inputs={"image": "image", "table": Input("table", absent="none")}),
        "makes a tensor on the processor",
    ),
    "device: an attribute": (
        lambda: model(made(lambda s, image, table: Sound.forward(s, image, table * s.scale), _stays)),
        "does not move with the model",
    ),
}

# gradients and layers


def _no_grad(self: Any, image: Tensor, table: Tensor) -> Any:
    with torch.no_grad():
        return Sound.forward(self, image, table)


def _frozen_branch(self: Any, image: Tensor, table: Tensor) -> Any:
    with torch.no_grad():
        first = self.enc(image).mean((2, 3))
    return self.head(torch.cat([first, self.tab(table)], 1))


class Tokens(nn.Module):
    """A small ViT: the answer comes from its class token."""

    def __init__(self, side: int = 4, blocks: int = 2) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.patch = nn.Conv2d(3, 16, side, side)
        self.cls = nn.Parameter(torch.randn(1, 1, 16))
        self.blocks = nn.ModuleList([Block() for _ in range(blocks)])
        self.norm, self.tab, self.head = nn.LayerNorm(16), nn.Linear(6, 16), nn.Linear(32, 3)

    def forward(self, image: Tensor, table: Tensor) -> Any:
        x = self.patch(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        return self.head(torch.cat([self.norm(x)[:, 0], self.tab(table)], 1))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(16), nn.LayerNorm(16)
        self.qkv, self.proj, self.mlp = nn.Linear(16, 48), nn.Linear(16, 16), nn.Linear(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
        x = x + self.proj((q @ k.transpose(1, 2) / 4).softmax(-1) @ v)
        return x + self.mlp(self.norm2(x))


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.enc = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
        self.head = nn.Linear(16, 3)

    def forward(self, left: Tensor, right: Tensor) -> Any:
        return self.head(torch.cat([self.enc(left).mean((2, 3)), self.enc(right).mean((2, 3))], 1))


def pairs() -> list[dict[str, Any]]:
    return samples(left=lambda i: torch.rand(3, 12, 12) + i, right=lambda i: torch.rand(3, 12, 12) - i)


def _spare(self: Any) -> None:
    self.spare = nn.Conv2d(3, 3, 1)


def looking(look: str, **more: Any) -> dict[str, Any]:
    return {"inputs": {"image": Input("image", look=look, **more), "table": "table"}}


def _odd_tokens(self: Any, image: Tensor, table: Tensor) -> Any:
    return Tokens.forward(self, image[:, :, :12], table)


BROKEN |= {
    "gradient: no_grad": (lambda: model(made(_no_grad)), "No gradient reaches the answer"),
    "gradient: no_grad in one branch": (lambda: model(made(_frozen_branch)), "No gradient reaches 'image'"),
    "gradient: rounded": (
        lambda: model(made(lambda s, image, table: Sound.forward(s, (image * 9).round(), table))),
        "No gradient reaches 'image'",
    ),
    "layers: unknown": (lambda: model(**looking("encc.2")), "names 'encc.2', and there is no such module"),
    "layers: never called": (lambda: model(made(Sound.forward, _spare), **looking("spare")), "never called in a pass"),
    "layers: called twice": (
        lambda: model(Siamese, inputs={"left": Input("left", look="enc"), "right": "right"}, data=pairs()),
        "'enc' is called 2 times in one pass",
    ),
    "layers: a call too many": (
        lambda: model(Siamese, inputs={"left": Input("left", look="enc#4"), "right": "right"}, data=pairs()),
        "called 2 times",
    ),
    "layers: tokens in no square": (
        lambda: model(made(_odd_tokens, base=Tokens), **looking("blocks.1.norm1")),
        "13 tokens",
    ),
    "layers: class token only": (lambda: model(Tokens, **looking("blocks.1")), "gradient reaches the first token only"),
    "layers: of another input": (lambda: model(**looking("tab")), "sees 'table', not 'image'"),
    "layers: shared": (lambda: model(**looking("head")), "sees 2 inputs"),
    "layers: no places": (
        lambda: model(
            made(
                lambda s, image, table: s.head(torch.cat([s.flat(s.enc(image)), s.tab(table)], 1)),
                lambda s: setattr(s, "flat", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())),
            ),
            **looking("flat"),
        ),
        "has the shape (3, 8)",
    ),
    "layers: reshape fails": (
        lambda: model(**looking("enc", reshape=lambda t: t.view(7, 7))),
        "reshape= of 'image' fails",
    ),
    "embedding: unknown": (lambda: model(embedding="heed"), "there is no such module"),
    "embedding: never called": (lambda: model(made(Sound.forward, _spare), embedding="spare"), "never called"),
    "embedding: a strange side": (lambda: model(embedding="head:out"), "ends in ':out'"),
    "variance: unknown": (lambda: model(variance="sigma"), "there is no such module"),
    "chance": (
        lambda: model(
            made(
                lambda s, image, table: (
                    Sound.forward(s, image, table) * torch.tensor([-1.0, 0, 0]).to(image)
                    - torch.tensor([99.0, 0, 0]).to(image)
                )
            ),
            data=samples(60, label=lambda i: 0 if i else 1),
        ),
        "no more than by chance",
    ),
    "data: lengths": (
        lambda: model(
            made(lambda s, image, table: Sound.forward(s, image, table[:, :6])),
            data=samples(table=lambda i: torch.randn(6 + i % 2)),
        ),
        "several lengths",
    ),
    "data: always the same": (
        lambda: model(data=samples(table=lambda i: torch.ones(6))),
        "is the same in every sample",
    ),
    "data: one class": (lambda: model(data=samples(label=lambda i: 1)), "the same right answer"),
}

# sound, and odd


@fine
def plain() -> Registration:
    return model(Sound)


@fine
def in_place_relu() -> Registration:
    def start(self: Any) -> None:
        self.enc = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Conv2d(8, 8, 3), nn.ReLU(inplace=True)
        )

    return model(made(Sound.forward, start))


@fine
def compiled() -> Registration:
    return model(lambda: torch.compile(Sound()))


@fine
def data_parallel() -> Registration:
    return model(lambda: nn.DataParallel(Sound()))


@fine
def half() -> Registration:
    return model(lambda: Sound().to(torch.bfloat16))


@fine
def frozen() -> Registration:
    return model(lambda: Sound().requires_grad_(False))


@fine
def norms() -> Registration:
    def start(self: Any) -> None:
        self.enc = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.InstanceNorm2d(8), nn.ReLU()
        )
        self.tab = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8))

    return model(made(lambda s, image, table: s.head(torch.cat((s.enc(image).amax((2, 3)), s.tab(table)), 1)), start))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.lstm, self.enc, self.head = nn.LSTM(4, 8), nn.Conv2d(3, 8, 3), nn.Linear(16, 3)

    def forward(self, image: Tensor, series: Tensor) -> Any:
        out, _ = self.lstm(series.transpose(0, 1))
        return self.head(torch.cat([self.enc(image).mean((2, 3)), out[-1]], 1))


@fine
def recurrent() -> Registration:
    return model(
        Recurrent,
        inputs={"image": "image", "series": Input("series", axes="TC")},
        data=samples(series=lambda i: torch.randn(10, 4)),
    )


class HiddenReference(Sound):
    """Keeps itself in a plain list, so that torch does not go round in circles."""

    def __init__(self) -> None:
        super().__init__()
        self.itself = [self.head]

    def forward(self, image: Tensor, table: Tensor) -> Any:
        return self.itself[0](torch.cat(self.parts(image, table), 1))


@fine
def hidden_reference() -> Registration:
    return model(HiddenReference)


@fine
def log_probabilities() -> Registration:
    return model(made(lambda s, image, table: Sound.forward(s, image, table).log_softmax(1)))


@fine
def said_probabilities() -> Registration:
    return model(made(lambda s, image, table: Sound.forward(s, image, table).softmax(1)), probabilities=True)


@fine
def a_dict_argument() -> Registration:
    return model(made(lambda s, batch: {"logits": Sound.forward(s, batch["image"], batch["table"]), "loss": None}))


@fine
def masked_well() -> Registration:
    return model(made(_chosen), present="present")


@fine
def gaps() -> Registration:
    return model(data=[{**s, "table": None} if i % 3 == 0 else s for i, s in enumerate(samples(12))])


@fine
def class_token() -> Registration:
    return model(Tokens, **looking("blocks.1.norm1"))


@fine
def siamese() -> Registration:
    return model(
        Siamese, inputs={"left": Input("left", look="enc#0"), "right": Input("right", look="enc#1")}, data=pairs()
    )


class Stream(IterableDataset):
    def __iter__(self) -> Iterator[Any]:
        yield from samples()


@fine
def a_stream() -> Registration:
    return model(data=Stream())


@fine
def a_loader() -> Registration:
    return model(data=DataLoader(samples(), batch_size=4, shuffle=True))  # type: ignore[arg-type]


@fine
def tuples() -> Registration:
    return model(data=[(s["image"], s["table"], s["label"]) for s in samples()])


@fine
def by_value() -> Registration:
    """Decides by what it sees, which `meta` cannot."""
    return model(
        made(lambda s, image, table: Sound.forward(s, image, table if float(table.abs().sum()) >= 0 else -table))
    )
