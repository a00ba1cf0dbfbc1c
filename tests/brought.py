"""What a person brings along to the commands of the documentation: files of the names that stand there."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from pathlib import Path

import numpy as np
import torch

from mmlab.tasks.objects import Objects
from tests.folders import png, wav
from tests.installed import ROOT, Forks, Installed
from tests.test_interchange import FEATURES, pets, saved, shard, tar
from tests.unpacked import pack

SPLITS = (("train", 0, 24), ("val", 24, 8), ("test", 32, 12))


def bring(installed: Installed, forks: Forks) -> None:
    """Write all of them into the folder of the commands."""
    folder = forks.folder
    samples = pack("digits", installed.packages)
    shutil.copy(samples / "test-0000.png", folder / "a.png")
    shutil.copy(samples / "test-0000.flac", folder / "b.wav")  # files are known by what is in them
    (folder / "chair.obj").write_bytes(Objects().example_mesh("test-0000"))
    scores = zip(["I", "S", "P", "IS", "IP", "SP", "ISP"], (0.5, 0.6, 0.7, 0.8, 0.81, 0.82, 0.9), strict=True)
    (folder / "theirs.csv").write_text("combination,score\n" + "".join(f"{key},{score}\n" for key, score in scores))
    (own,) = re.findall(r"```python\n(# mymodel\.py\n.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    (folder / "mymodel.py").write_text(own)
    _bring_sources(folder)
    (folder / "mosi_data.pkl").write_bytes(pickle.dumps({"train": {"text": np.ones((4, 3)), "labels": np.ones(4)}}))
    for name, target in (("cremad", "CREMA-D"), ("food101", "food101")):
        made = forks.type(f"mmlab data {name} --example {target}")
        assert made.returncode == 0, made.stderr
    read = forks.type("mmlab data food101 food101 --json")
    table = torch.arange(json.loads(read.stdout)["sizes"]["train"]) % 3
    torch.save(table, folder / "food101_train_missing_both_07.pt")


def _bring_sources(folder: Path) -> None:
    """What `example --from` takes."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(60, 5))
    np.savez(folder / "features.npz", text=rows[:, :3], audio=rows[:, 3:], y=(rows[:, 0] > 0).astype(int))
    lines = [",".join(map(str, ("yes" if row[0] > 0 else "no", *row[:3].round(3), "a few words"))) for row in rows]
    (folder / "table.csv").write_text("\n".join(["target,audio_0,audio_1,text_0,words", *lines]))
    for kind, ending, content in (("image", "png", png()), ("sound", "wav", wav())):
        for name in ("cat", "dog"):
            (folder / "recordings" / kind / name).mkdir(parents=True)
            for number in range(20):
                (folder / "recordings" / kind / name / f"{number}.{ending}").write_bytes(content)
    (folder / "shards").mkdir()
    for split, first, count in SPLITS:
        tar(folder / "shards" / f"{split}-0000.tar", shard(first, count))
        saved(folder / "pets" / {"val": "validation"}.get(split, split), pets(first, count), FEATURES)
    (folder / "pets" / "dataset_dict.json").write_text('{"splits": ["train", "validation", "test"]}')
