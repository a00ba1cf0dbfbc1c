"""The number of voxels of a data set's scans: that of its protocol, unless the user asks for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mmlab.core.errors import DataError
from mmlab.core.options import build
from mmlab.modalities.volume.folder_input import VolumeInput
from mmlab.tasks.official.benchmark import Protocol

KIND = "volume"


def sized(protocol: Protocol, size: int) -> Protocol:
    """The protocol with scans of so many voxels along their longer sides, the box keeping its proportions.

    Raises DataError where it has none, and MmlabError for a size that the kind of input does not take.
    """
    if all(item["kind"] != KIND for item in protocol.inputs):
        raise DataError(f"Protocol {protocol.name} has no scans as a whole, whose size could be chosen.")
    return replace(protocol, inputs=tuple(_of_size(item, size) for item in protocol.inputs))


def _of_size(item: Mapping[str, Any], size: int) -> dict[str, Any]:
    if item["kind"] != KIND:
        return dict(item)
    chosen = {"size": size, "slices": round(item.get("slices", 0) * size / item["size"])}
    build(VolumeInput, chosen)
    return {**item, **chosen}
