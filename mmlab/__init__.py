"""mmlab: inference and analysis of multimodal models whose inputs go missing.

>>> import mmlab
>>> model = mmlab.load("watch", "dropout")
>>> sample = model.task.example(model.task.gallery()[0])
>>> answers = model.predict(sample.raw)  # or paths of files, or their contents; any input may be left out
>>> list(answers)
['accelerometer', 'gyroscope', 'accelerometer-gyroscope']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mmlab.core.version import __version__

if TYPE_CHECKING:
    from mmlab.core.outputs import Classification, Multilabel, Regression, Segmentation
    from mmlab.foreign.answers import log_odds
    from mmlab.foreign.inputs import Input
    from mmlab.foreign.notebook import adapt
    from mmlab.foreign.outputs_file import write_outputs
    from mmlab.foreign.registration import register
    from mmlab.notebook.trained_model import TrainedModel

__all__ = [
    "Classification",
    "Input",
    "Multilabel",
    "Regression",
    "Segmentation",
    "__version__",
    "adapt",
    "load",
    "log_odds",
    "register",
    "write_outputs",
]
PLACES = {
    "Classification": "mmlab.core.outputs",
    "Multilabel": "mmlab.core.outputs",
    "Regression": "mmlab.core.outputs",
    "Segmentation": "mmlab.core.outputs",
    "Input": "mmlab.foreign.inputs",
    "adapt": "mmlab.foreign.notebook",
    "log_odds": "mmlab.foreign.answers",
    "register": "mmlab.foreign.registration",
    "write_outputs": "mmlab.foreign.outputs_file",
}


def __getattr__(name: str) -> Any:
    """What is imported on first use, so that `import mmlab` stays quick."""
    if name not in PLACES:
        raise AttributeError(f"module 'mmlab' has no attribute '{name}'")
    return getattr(import_module(PLACES[name]), name)


def load(task: str, method: str, tag: str = "") -> TrainedModel:
    """A trained model from the library, with predictions and views. `tag` selects a run (`seed1`), else the first.

    task: its name, or the path of your own data folder.

    Raises UnknownName or CheckpointError. Imports torch on first use, so that `import mmlab` stays quick.

    >>> model = mmlab.load("watch", "dropout")
    >>> model.method.modalities.names
    ('accelerometer', 'gyroscope')
    """
    from mmlab.notebook.trained_model import TrainedModel
    from mmlab.storage.library import Library
    from mmlab.tasks.custom.locations import name_of

    return TrainedModel.open(Library().find(name_of(task), method, tag))
