"""What docs/plugins.md shows, one toy of each kind, and a folder of data of the toy kind of input."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from tests import folders

DOCS = Path(__file__).resolve().parent.parent / "docs" / "plugins.md"


def examples() -> dict[str, str]:
    """The files that docs/plugins.md shows, by name."""
    return dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL))


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
