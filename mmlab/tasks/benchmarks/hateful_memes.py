"""Hateful Memes (Kiela et al., NeurIPS 2020): pictures with words on them that are hateful only together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample
from mmlab.tasks.official.lists import cell_text, json_lines
from mmlab.tasks.official.stand_ins import pictures_with_sentences, png, put

CLASSES = ("not hateful", "hateful")
INPUTS = (
    {"name": "picture", "kind": "image", "size": 64, "colour": True, "label": "Picture"},
    {"name": "text", "kind": "text", "inline": True, "label": "Text"},
)
HERE = "Pictures fitted into 64 × 64 and the first 32 words, where ViLT takes 384 pixels and its own tokens."
SEEN = {"train": ("train.jsonl",), "valid": ("dev_seen.jsonl", "dev.jsonl"), "test": ("test_seen.jsonl", "test.jsonl")}
UNSEEN = {"train": ("train.jsonl",), "valid": ("dev_unseen.jsonl",), "test": ("test_unseen.jsonl",)}


@BENCHMARKS.register("hateful_memes")
class HatefulMemes(Benchmark):
    """A line of JSON per meme in `train.jsonl`, `dev*.jsonl` and `test*.jsonl`, with its label; pictures in `img/`."""

    title = "Hateful Memes"
    about = "Whether a meme is hateful, from its picture and its words. Its content can hurt."
    licence = "Licence of the Hateful Memes Challenge, for research only"
    origin = "https://hatefulmemeschallenge.com"
    output: ClassVar[Mapping[str, Any]] = {"kind": "classification", "classes": list(CLASSES)}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "map",
            "train, dev and test_seen (first phase of the challenge); AUROC; test.jsonl of the first download has no "
            "labels, which are in test_seen.jsonl.",
            HERE,
            "YiLunLee/missing_aware_prompts",
            INPUTS,
            {"train": 8_500, "valid": 500, "test": 1_000},
        ),
        Protocol(
            "unseen",
            "train, dev_unseen and test_unseen (second phase); what the paper's later versions report.",
            HERE,
            "facebookresearch/mmf, thread 967",
            INPUTS,
            {"train": 8_500, "valid": 540, "test": 2_000},
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The memes of the three lists of a phase, in the folder or in its folder `data`."""
        part = "" if (folder / "train.jsonl").is_file() else "data/"
        names = UNSEEN if protocol.name == "unseen" else SEEN
        return [each for split, tried in names.items() for each in _listed(folder, part, tried, split)]

    def miniature(self, folder: Path) -> None:
        """Two classes of eighteen memes in the lists of both phases, and a test list without labels."""
        files = ("train", "train", "train", "train", "dev", "dev_unseen", "test_seen", "test_unseen", "train")
        lists: dict[str, list[dict[str, object]]] = {}
        for turn, (number, pixels, sentence) in enumerate(pictures_with_sentences(2, 18)):
            name = f"img/{turn + 1000:05d}.png"
            put(folder / name, png(pixels))
            meme = {"id": turn + 1000, "img": name, "label": number, "text": sentence}
            lists.setdefault(files[turn % 9], []).append(meme)
        lists["test"] = [{key: value for key, value in meme.items() if key != "label"} for meme in lists["test_seen"]]
        for name, memes in lists.items():
            put(folder / f"{name}.jsonl", "\n".join(map(json.dumps, memes)) + "\n")


def _listed(folder: Path, part: str, tried: tuple[str, ...], split: str) -> list[Sample]:
    name = next((f"{part}{each}" for each in tried if (folder / part / each).is_file()), f"{part}{tried[0]}")
    found = []
    for number, meme in json_lines(folder, name):
        place = f"{name}, line {number}"
        if "label" not in meme:
            raise DataError(f"{place}: the meme has no label.", "Labels of the test are in test_seen.jsonl.")
        if meme["label"] not in (0, 1):
            raise DataError(f"{place}: '{str(meme['label'])[:20]}' is no label.", "1 is hateful, 0 is not.")
        cells = {"picture": f"{part}{meme.get('img', '')}", "text": cell_text(meme.get("text", ""))}
        found.append(Sample(f"meme-{str(meme.get('id', number))[:40]}", split, CLASSES[int(meme["label"])], cells))
    return found
