"""CMU-MOSI and CMU-MOSEI in their usual layouts: sentiment in videos of speaking people, as features."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mmlab.core.errors import DataError
from mmlab.modalities.array_file import row_bytes, stored_array
from mmlab.tasks.official.affect_layouts import POOLED, SPLITS, Layout
from mmlab.tasks.official.affect_miniature import write
from mmlab.tasks.official.array_files import archive
from mmlab.tasks.official.array_steps import Steps, steps_of
from mmlab.tasks.official.benchmark import Benchmark, Protocol, Sample
from mmlab.tasks.official.lists import cell_text

LONGEST_ID = 60


class Affect(Benchmark):
    """Features per word of what is said, how it sounds and how it looks, from the archives of a layout."""

    grouped_by = "video"
    output: ClassVar[Mapping[str, Any]] = {"kind": "regression", "low": -3, "high": 3, "middle": 0, "whole_steps": True}
    layouts: ClassVar[Mapping[str, Layout]]

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The samples in the archives of the layout."""
        layout = self.layouts[protocol.name.removesuffix(POOLED)]
        found = [each for split in SPLITS for each in _of_split(folder, layout, split)]
        return _with_own_ids(found)

    def steps(self, folder: Path, protocol: Protocol) -> Mapping[str, Steps]:
        """Of each input that is features, over all splits."""
        layout = self.layouts[protocol.name.removesuffix(POOLED)]
        return {
            part: steps_of([(folder / layout.file.format(name), _named(layout, part, name)) for name in called(layout)])
            for part in layout.sizes
        }

    def miniature(self, folder: Path) -> None:
        """Pickles of every layout with the archives that `data convert` makes of them."""
        write(folder, self.layouts)


def called(layout: Layout) -> list[str]:
    """The splits as a layout calls them."""
    return [layout.splits[split] for split in SPLITS]


def _named(layout: Layout, part: str, split: str) -> str:
    return layout.arrays[part].format(split)


def _of_split(folder: Path, layout: Layout, split: str) -> list[Sample]:
    called = layout.splits[split]
    file, names = layout.file.format(called), {key: name.format(called) for key, name in layout.arrays.items()}
    labels = np.ravel(archive(folder, file, names["labels"], layout.pickle.format(called)))
    for name, size in layout.sizes.items():
        shape = stored_array(folder / file, names[name]).shape
        if len(shape) != 3 or shape[2] != size or shape[0] != len(labels):
            hint = "Name the protocol whose features these are; docs/benchmarks.md has their sizes."
            raise DataError(f"'{file}': {names[name]} is {shape}, not {len(labels)} samples of words of {size}.", hint)
    ids, texts = _ids(folder, file, names["id"], len(labels)), _texts(folder, file, names["text"], layout)
    return [
        Sample(
            name,
            split,
            _label(float(label), f"'{file}', row {row}"),
            {
                "text": texts[row] if texts else f"{file}#{names['text']}.{row}",
                **{part: f"{file}#{names[part]}.{row}" for part in ("voice", "face")},
            },
            video,
        )
        for row, ((name, video), label) in enumerate(zip(ids, labels, strict=True))
        if not (layout.skips_silent and _is_silent(folder / file, names["text"], row))
    ]


def _label(value: float, place: str) -> str:
    if not -3 <= value <= 3:
        raise DataError(f"{place}: the label {value:.6g} is not between -3 and 3.", "Take the file again.")
    return f"{value + 0.0:.6g}"


def _texts(folder: Path, file: str, name: str, layout: Layout) -> list[str]:
    """What is said, where a layout has the words themselves and no features of them."""
    return [] if "text" in layout.sizes else [cell_text(each) for each in archive(folder, file, name).tolist()]


def _ids(folder: Path, file: str, name: str, count: int) -> list[tuple[str, str]]:
    """The name of each sample and the video that it is from."""
    parts = archive(folder, file, name)
    rows = parts.reshape(count, -1) if parts.size % count == 0 else np.arange(count)[:, None]
    found = []
    for row in rows.tolist():
        video, *rest = [piece for part in row for piece in re.split(r"\$_\$|\[|\]", str(part)) if piece]
        found.append((_plain("-".join([video, *rest])), _plain(video)))
    return found


def _plain(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in text)[:LONGEST_ID]


def _with_own_ids(samples: Sequence[Sample]) -> list[Sample]:
    """A name that another sample has, too, gets a number behind it."""
    seen: dict[str, int] = {}
    found = []
    for sample in samples:
        seen[sample.id] = seen.get(sample.id, 0) + 1
        found.append(sample if seen[sample.id] == 1 else replace(sample, id=f"{sample.id}-n{seen[sample.id]}"))
    return found


def _is_silent(file: Path, name: str, row: int) -> bool:
    """Whether no word of a sample has any number."""
    return not np.load(io.BytesIO(row_bytes(file, f"{name}.{row}")), allow_pickle=False).any()
