"""mmlab: inference and analysis of multimodal models whose inputs go missing.

>>> model = mmlab.load("digits", "dmrnet")
>>> answers = model.predict({"image": "a.png", "sound": "b.wav"})
>>> answers["image-sound"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmlab.inference.predictor import Model

__version__ = "0.1.0"


def load(task: str, method: str, tag: str = "") -> Model:
    """A trained model from the library, ready to predict. `tag` picks a run (`seed1`); the first by default.

    Raises UnknownName or CheckpointError. Imports torch on first use, so that `import mmlab` stays quick.
    """
    from mmlab.inference.predictor import Model
    from mmlab.storage.library import Library

    return Model.open(Library().find(task, method, tag))
