"""The commands of the documentation as a person pastes them, and what is known of each.

A command that stands in a document and not here fails `tests/test_wheel.py`: say here what it prints or leaves, and how
it becomes small where it would take minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.installed import ROOT

PAGES = ("README.md", "docs/own-data.md", "docs/own-model.md", "docs/hub.md", "docs/benchmarks.md")
PROGRAM = re.compile(r"(?:[A-Z_]+=\S+ )*(?:python -m|mmlab|pip|hf|make|streamlit) ")
EXTRA = re.compile(r"pip install ['\"]mmlab\[(\w+)\]['\"]")
PLACES = re.compile(r"^```(?P<language>\w*)\n(?P<block>.*?)^```$|`(?P<words>[^`]+)`", re.MULTILINE | re.DOTALL)
TINY = "--plan epochs=1 --plan samples=64"


@dataclass(frozen=True)
class Documented:
    """says: a pattern in what it prints; leaves: a file it writes, in the folder or in the library.

    smaller: words that are replaced, so that it takes seconds; more: words at its end; asked: the address of a server
    that it starts; extra: a package without which it ends with the line that installs it; code: how it ends.
    """

    says: str = ""
    leaves: str = ""
    smaller: Mapping[str, str] = field(default_factory=dict)
    more: str = ""
    asked: str = ""
    extra: str = ""
    code: int = 0


def _trained(method: str, tag: str = "seed0", task: str = "digits", more: str = TINY, **others: str) -> Documented:
    return Documented(rf"{task}/{method}/{tag}", f"{task}/{method}/{tag}/model.safetensors", others, more)


APP = Documented(asked="/_stcore/health", more="--port {port}")
OF_THE_CHECKOUT = {  # how it is had; the wheel is what `pip wheel` makes
    "make app",
    "make test",
    "streamlit run app.py",
    "pip install .",
    "pip wheel . --no-deps",
    "PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make app",
    "python -m bench.own_check",
    "python -m bench.own_memory",
}
SPOKEN_OF = {  # named in a sentence, with something left open
    "mmlab train",
    "mmlab doctor",
    "mmlab ...",
    "mmlab baselines",
    "mmlab check FOLDER",
    "mmlab control",
    "mmlab doctor | measure | open outputs.npz",
}
KNOWN: dict[str, Documented] = {
    "mmlab app": APP,
    "mmlab list": Documented(r"dmrnet .*0\.8"),
    "mmlab predict --task digits --method dmrnet --input image=a.png --input sound=b.wav": Documented(
        r"image-sound +\d"
    ),
    "mmlab predict --task objects --method dropout --input chair.obj --read azimuth=30": Documented(r"front-rear +\w"),
    "mmlab evaluate --task digits --method dmrnet": Documented(r"(?m)^mean +0\.8"),
    "mmlab evaluate --task digits --method dmrnet --source real": Documented(
        "no real recordings for digits here", code=2
    ),
    "mmlab train --task digits --method dmrnet --seeds 3 --set alpha=0.01 --plan epochs=20 --tag mine": _trained(
        "dmrnet", "mine-seed1", more="--plan samples=64", **{"epochs=20": "epochs=1", "--seeds 3": "--seeds 2"}
    ),
    "mmlab train --task digits --method gmd --preset paper": _trained("gmd", "paper", more=f"{TINY} --tag paper"),
    "mmlab train --task faces --method dropout --set color.encoder=timm:resnet18": Documented(
        "faces/dropout/large", "faces/dropout/large/model.safetensors", more=f"{TINY} --tag large", extra="timm"
    ),
    "mmlab train --task digits --method dmrnet --options": Documented(r"alpha.*\n(.*\n)*.*epochs"),
    "mmlab train --task digits --method gmd --log tensorboard": Documented(
        "digits/gmd/logged", "logs/digits/gmd/logged/events*", more=f"{TINY} --tag logged", extra="tensorboard"
    ),
    "mmlab grid --tasks digits --seeds 3": Documented(r"(\d+) of \1 runs are done"),
    "mmlab grid --tasks digits --ladder dmrnet": Documented(r"(\d+) of \1 runs are done"),
    "mmlab compare --task digits": Documented(r"\| DMRNet \| \d \|"),
    "mmlab compare --task digits --by-group": Documented("clustered by voice"),
    "mmlab export --task digits --method dmrnet --site pages": Documented("Open it", "pages/index.html"),
    "mmlab export --task digits --method dmrnet --onnx graphs": Documented(
        "Compared with torch", "graphs/fusion.onnx", extra="onnxscript"
    ),
    "mmlab push me/digits-dmrnet --task digits --method dmrnet": Documented(
        "me/digits-dmrnet", extra="huggingface_hub"
    ),
    "mmlab pull me/digits-dmrnet --tag theirs": Documented(
        "digits/dmrnet/theirs", "digits/dmrnet/theirs/model.safetensors", extra="huggingface_hub"
    ),
    "mmlab control --task pendulum --method m3ixup": Documented(
        "the state itself", more="--steps 200 --seeds 1 --episodes 2", extra="stable_baselines3"
    ),
    "mmlab scores --task digits theirs.csv --title Theirs": Documented("accuracy of 7 combinations"),
    "mmlab map --task digits --method dmrnet": Documented(
        "map.npz", "watch/dmrnet/seed0/map.npz", {"digits": "watch"}, "--no-solid"
    ),
    "mmlab example mine": Documented("120 samples", "mine/manifest.csv"),
    "mmlab check mine": Documented("Ready for training"),
    "mmlab tokens mine": Documented("No input of this folder is a text", code=2),
    "mmlab tokens mine --by bpe --length 64": Documented("No input of this folder is a text", code=2),
    "mmlab tokens mine --by hf:FOLDER --length 128": Documented("No input of this folder is a text", code=2),
    "mmlab tokens mine --by words --length 32": Documented("No input of this folder is a text", code=2),
    "mmlab train --task mine --method dropout": _trained("dropout", task="numerals"),
    "MMLAB_FOLDERS=mine mmlab app": APP,
    "mmlab train --task mine --method dmrnet": _trained("dmrnet", task="numerals"),
    "mmlab evaluate --task mine --method dropout": Documented("as they are"),
    "mmlab baselines --task mine": Documented(r"(?i)forest"),
    "mmlab compare --task mine": Documented(r"\| DMRNet \|"),
    "mmlab describe mine": Documented("croissant.json", "mine/croissant.json"),
    **{
        f"mmlab example mine --from {source}": Documented(
            "samples are in", f"of-{source}/task.json", {"mine": f"of-{source}"}
        )
        for source in ("features.npz", "table.csv", "recordings", "shards", "pets")
    },
    "mmlab train --task mine --method dropout --folds 5": _trained(
        "dropout", task="numerals_fold3of3", **{"--folds 5": "--folds 3"}
    ),
    "mmlab grid --tasks mine --methods dropout,dmrnet --folds 5": Documented(
        "3 of 3 runs are done",
        "numerals_fold3of3/dmrnet/seed0/model.safetensors",
        {"dropout,dmrnet --folds 5": "dmrnet --folds 3"},
        f"{TINY} --seeds 1 --processes 1",  # what several processes do: tests/test_jobs.py
    ),
    "mmlab compare --task mine --folds 5": Documented(
        r"\| Modality dropout \| 3 \|", smaller={"--folds 5": "--folds 3"}
    ),
    "mmlab evaluate --task mine_fold2of5 --method dropout": Documented("as they are", smaller={"2of5": "2of3"}),
    "mmlab doctor mymodel.py": Documented("mine: 0 errors, 0 warnings"),
    "mmlab measure mymodel.py": Documented(r"acc-gyro +0\.[67]"),
    "mmlab open mymodel.py": APP,
    "mmlab open mmlab.examples.two_sensors_mmlab": Documented("cured: 0 errors", smaller={"open": "doctor"}),
    "hf auth login": Documented("stand_in|successful", more="--token {token}", extra="huggingface_hub"),
    "mmlab push me/digits-dmrnet --task digits --method dmrnet --licence apache-2.0 --private": Documented(
        "me/digits-dmrnet", extra="huggingface_hub"
    ),
    "mmlab data": Documented("cremad"),
    "mmlab data cremad CREMA-D": Documented("Digest"),
    "mmlab data cremad CREMA-D --protocol speakers": Documented("protocol speakers"),
    "mmlab train --task cremad --data CREMA-D --method dropout": _trained("dropout", task="cremad"),
    "mmlab evaluate --task cremad --data CREMA-D --method dropout": Documented("mean"),
    "mmlab compare --task cremad --data CREMA-D": Documented("Modality dropout"),
    "MMLAB_FOLDERS=CREMA-D mmlab app": APP,
    "mmlab data cremad --example tiny": Documented("tiny", "tiny"),
    "mmlab data cremad --example bad --broken": Documented("bad", "bad"),
    "mmlab data convert mosi_data.pkl": Documented("mosi_data.npz", "mosi_data.npz"),
    "mmlab missing gaps.csv --task cremad --data CREMA-D --rule id:0.4": Documented("train", "gaps.csv"),
    "mmlab train --task cremad --data CREMA-D --method dropout --plan missing=gaps.csv": _trained(
        "dropout", "gaps", "cremad", "--plan epochs=1 --tag gaps"
    ),
    "mmlab evaluate --task cremad --data CREMA-D --method dropout --missing gaps.csv": Documented("mean"),
    "mmlab missing gaps.csv --task food101 --data food101 --from train=food101_train_missing_both_07.pt": Documented(
        "train", "of-food.csv", {"gaps.csv": "of-food.csv"}
    ),
}


def commands(page: str) -> Iterator[str]:
    """The commands of a page in its order, without comments: lines of its blocks, and those in its sentences."""
    for found in PLACES.finditer((ROOT / page).read_text("utf-8")):
        if found["language"]:
            continue
        text = found["words"].replace("\n", " ") if found["words"] else found["block"]
        lines = [re.sub(r"\s+", " ", line.split(" #")[0]).strip() for line in text.splitlines()]
        if any(map(PROGRAM.match, lines)):
            yield from filter(None, lines)


def key(line: str) -> str:
    """Under which it stands above."""
    return line.replace("python -m mmlab", "mmlab")


def pasted(line: str, known: Documented, **places: object) -> str:
    """What is typed for it."""
    for long, short in known.smaller.items():
        line = line.replace(long, short)
    return f"{line} {known.more.format(**places)}".strip()
