"""CMU-MOSI (Zadeh et al., IEEE Intelligent Systems 2016): sentiment about films, from -3 to 3, by words, voice and
face.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mmlab.tasks.official.affect import Affect
from mmlab.tasks.official.affect_layouts import Layout, layouts, protocols
from mmlab.tasks.official.benchmark import BENCHMARKS, Protocol

LAYOUTS = layouts("mosi", "mosi", {"voice": 5, "face": 20}, {"voice": 74, "face": 47})


@BENCHMARKS.register("mosi")
class Mosi(Affect):
    """93 videos of people who speak about films, cut into 2,199 opinions."""

    title = "CMU-MOSI"
    about = "How good somebody finds a film, from the words, the voice and the face."
    licence = "For research; the videos are those of YouTube's users"
    origin = "https://github.com/CMU-MultiComp-Lab/CMU-MultimodalSDK, or the features of MulT, MMSA, MultiBench or GMC"
    layouts: ClassVar[Mapping[str, Layout]] = LAYOUTS
    protocols: ClassVar[tuple[Protocol, ...]] = protocols(LAYOUTS, {"train": 1_284, "valid": 229, "test": 686})
