"""Whole scans, in three dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import Picture, Raw, ScanVolume

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn

STEPS = 32  # slices, at most, that a person goes through


@MODALITY_KINDS.register("volume")
class VolumeKind(ModalityKind):
    """Whole scans: tensors `[1, D, H, W]` with mean 0 and spread 1 where there is something, 0 elsewhere."""

    noun = "a scan"
    recording = ScanVolume
    endings = ("nii", "gz", "npy")
    glance = 12
    spatial = True

    def read(self, content: bytes, name: str = "") -> ScanVolume:
        from mmlab.modalities.volume.decode import read_scan_volume

        return read_scan_volume(content, name)

    def example(self) -> bytes:
        import numpy as np

        from mmlab.modalities.scan.nifti import encode_volume

        places = np.sqrt((np.mgrid[-6:6, -10:10, -10:10] ** 2 * [[[[3]]], [[[1]]], [[[1]]]]).sum(0))
        return encode_volume(list(np.where(places < 9, 220 - 12 * places, 0).astype(np.uint8)), (4.0, 4.0, 4.0))

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        """All of its slices, from below, as one file."""
        from mmlab.modalities.volume.decode import encode_scan_volume

        return {"nii.gz": encode_scan_volume(raw)}

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.volume.draw import VolumeDrawing

        return VolumeDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.volume.folder_input import VolumeInput

        return {"volume": VolumeInput}

    def corruptions(self) -> Mapping[str, Corruption]:
        from mmlab.modalities.volume.corruptions import TABLE

        return TABLE

    def corrupt(self, raw: Any, act: Act, strength: float, rng: np.random.Generator) -> ScanVolume:
        from mmlab.modalities.volume.corruptions import apply

        return apply(raw, act, strength, rng)

    def steps(self, raw: Any) -> tuple[tuple[str, Raw], ...]:
        """Slices from below."""
        from mmlab.modalities.volume.draw import chosen

        count = len(raw.voxels)
        return tuple((f"{place + 1} / {count}", Picture(raw.voxels[place])) for place in chosen(count, STEPS))

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.scan.augment import vary_scan

        return vary_scan(batch, generator)

    def plain(self, batch: Tensor) -> Tensor:
        """A scan with nothing in it."""
        return batch.new_zeros(batch.shape)

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.networks.encoders import convolutions_3d

        return convolutions_3d(shape, width, size)
