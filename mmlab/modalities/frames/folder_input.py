"""Clips in a user's data folder: folders of images, animated images, archives and arrays, as k frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image

from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput, not_of
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Clip, Raw
from mmlab.modalities.frames.decode import CLIP_BYTES, FRAMES, MOST_FRAMES, read_clip
from mmlab.modalities.frames.pictures import ENDINGS, is_picture, packed
from mmlab.modalities.frames.sampling import evenly, natural_order
from mmlab.modalities.image.folder_input import fitted
from mmlab.modalities.reading import reading


@dataclass(frozen=True)
class FramesInput(FolderInput):
    """Frames of a clip at even distances: a folder of pictures, or a file that holds several."""

    frames: int = option(FRAMES, "How many frames, in the middles of so many equal stretches", 1, MOST_FRAMES)
    size: int = option(64, "Pixels across and down, as the model sees it", 8, 224)
    colour: bool = option(False, "Red, green and blue instead of grey")
    seen_as: ClassVar[str] = "frames"
    takes_rows: ClassVar[bool] = True
    takes_folders: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, ...]:
        return (3 if self.colour else 1, self.frames, self.size, self.size)

    def chosen(self, names: Sequence[str]) -> tuple[str, ...]:
        """Pictures at even distances, in natural order: `9.png` comes before `10.png`."""
        pictures = sorted(filter(is_picture, names), key=natural_order)
        if not pictures:
            raise DataError("The folder holds no picture.", f"Pictures end in {', '.join(ENDINGS)}.")
        return tuple(pictures[place] for place in dict.fromkeys(evenly(len(pictures), self.frames)))

    def gathered(self, files: Mapping[str, bytes]) -> bytes:
        """An archive of the pictures. Raises DataError where they are too large together."""
        if sum(map(len, files.values())) > CLIP_BYTES:
            raise DataError(f"The pictures have more than {CLIP_BYTES // 10**6} MB together.", "Make them smaller.")
        return packed(files)

    def read(self, content: bytes, name: str) -> Raw:
        return read_clip(content, name, self.frames)

    def prepare(self, raw: Raw) -> PreparedInput:
        """`[C, T, size, size]` in [0, 1]."""
        if not isinstance(raw, Clip):
            raise not_of("a clip")
        count, height, width = raw.pixels.shape[:3]
        notes = [raw.note] if raw.note else []
        if count < self.frames:
            notes.append(f"It has {count} frame{'s' * (count > 1)}, so that some stand for several of {self.frames}.")
        if (height, width) != (self.size, self.size):
            notes.append(f"Fitted frames of {width} × {height} pixels into {self.size} × {self.size}.")
        mode = "RGB" if self.colour else "L"
        shown = [np.asarray(Image.fromarray(each).convert(mode), dtype=np.uint8) for each in raw.pixels]
        square = np.stack([np.atleast_3d(fitted(each, self.size)) for each in shown])
        planes = np.moveaxis(square[evenly(count, self.frames)], -1, 0)
        return reading((np.ascontiguousarray(planes) / 255).astype(np.float32), notes)
