"""CMU-MOSEI (Bagher Zadeh et al., ACL 2018): sentiment from -3 to 3 in 23,000 clips of a thousand speakers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mmlab.tasks.official.affect import Affect
from mmlab.tasks.official.affect_layouts import Layout, layouts, protocols
from mmlab.tasks.official.benchmark import BENCHMARKS, Protocol

LAYOUTS = layouts("mosei", "mosei_senti", {"voice": 74, "face": 35}, {"voice": 74, "face": 35})


@BENCHMARKS.register("mosei")
class Mosei(Affect):
    """Monologues from YouTube on many subjects; of its labels the sentiment is read."""

    title = "CMU-MOSEI"
    about = "How somebody feels about a subject, from the words, the voice and the face."
    licence = "For research; the videos are those of YouTube's users"
    origin = "https://github.com/CMU-MultiComp-Lab/CMU-MultimodalSDK, or the features of MulT, MMSA, MultiBench or GMC"
    layouts: ClassVar[Mapping[str, Layout]] = LAYOUTS
    protocols: ClassVar[tuple[Protocol, ...]] = protocols(LAYOUTS, {"train": 16_326, "valid": 1_871, "test": 4_659})
