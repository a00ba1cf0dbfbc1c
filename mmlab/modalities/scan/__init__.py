"""Slices of head scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import Raw, Scan

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


@MODALITY_KINDS.register("scan")
class ScanKind(ModalityKind):
    """Slices of head scans: `[1, H, W]` with mean 0 and spread 1 in the head, 0 outside."""

    noun = "a slice of a scan"
    recording = Scan
    endings = ("nii", "gz", "png", "jpg", "jpeg", "tif", "tiff")
    shared_way = "slice height"
    spatial = True
    sliced = True
    glance = 10

    def read(self, content: bytes, name: str = "") -> Scan:
        from mmlab.modalities.scan.preprocess import read_scan

        return read_scan(content, name)

    def example(self) -> bytes:
        import numpy as np

        from mmlab.core.recordings import Picture
        from mmlab.modalities.image.decode import encode_picture

        places = np.hypot(*np.mgrid[-20:20, -20:20])
        return encode_picture(Picture(np.where(places < 15, 200 - 5 * places, 0).astype(np.uint8)))

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        """The slice as a picture, and where it lies among others of its size all of them as a volume."""
        from mmlab.modalities.image.decode import encode_picture
        from mmlab.modalities.scan.nifti import encode_volume

        slices = [each for each in among if isinstance(each, Scan) and each.pixels.shape == raw.pixels.shape]
        spacing = (raw.pixel,) * 3 if raw.pixel else ()
        volume = {"nii.gz": encode_volume([each.pixels for each in slices], spacing)} if len(slices) > 1 else {}
        return {**volume, "png": encode_picture(raw)}

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.scan.draw import ScanDrawing

        return ScanDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.scan.folder_input import SlicesInput

        return {"slices": SlicesInput}

    def corruptions(self) -> Mapping[str, Corruption]:
        from mmlab.modalities.scan.corruptions import TABLE

        return TABLE

    def corrupt(self, raw: Any, act: Act, strength: float, rng: np.random.Generator) -> Scan:
        from mmlab.modalities.scan.corruptions import apply

        return apply(raw, act, strength, rng)

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.scan.augment import vary_scan

        return vary_scan(batch, generator)

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.networks.encoders import convolutions_2d

        return convolutions_2d(shape, width, size)
