"""The length and the settings of a training."""

from __future__ import annotations

from dataclasses import dataclass

from mmlab.core.errors import DataError
from mmlab.core.options import option


@dataclass(frozen=True)
class Plan:
    """How long and how fast a method is trained."""

    epochs: int = option(16, "Epochs: passes over the training data", 1, 1000)
    batch_size: int = option(128, "Samples per step", 2, 4096, symbol="B")
    learning_rate: float = option(3e-3, "Peak learning rate; `schedule` says how it rises and falls", 1e-6, 1.0)
    weight_decay: float = option(0.01, "Weight decay", 0.0, 1.0)
    optimiser: str = option(
        "adamw",
        "AdamW; or Adam, or gradient descent with momentum 0.9, or with Nesterov's, as in the papers' code",
        choices=("adamw", "adam", "sgd", "nesterov"),
    )
    schedule: str = option(
        "cycle",
        "Learning rate: a rise and half a cosine; always the same; to a tenth after each share `fall`; a rise over 5 % "
        "and to a tenth at 1/6, 2/6 and 3/6; or a polynomial decay of power 0.9",
        choices=("cycle", "constant", "tenths", "sixths", "polynomial"),
    )
    fall: float = option(0.7, "With schedule=tenths: share of the training after which the rate falls", 0.01, 1.0)
    select: str = option(
        "mean",
        "Keep the epoch that is best on validation: on the mean over combinations, on complete input, or on one "
        "combination for each sample, drawn at random (as the released code of DMRNet and MMANet). Or the last one, "
        "where validation is too small, or too much like the training data, to choose by",
        choices=("mean", "full", "random_mask", "last"),
    )
    source: str = option(
        "both", "Training data: built-in, real recordings, or both", choices=("built-in", "real", "both")
    )
    samples: int = option(0, "Use only this many training samples; 0 is all", 0)
    missing: str = option(
        "",
        "Share of samples that lack an input: 0.3 for all, image=0.5,sound=0.1, shared or imbalanced; a rule such as "
        "id:0.3; or the file of a missing table (python -m mmlab missing). Empty is none",
    )
    balance: bool = option(
        False,
        "Draw all classes equally often in training, however rare they are (the same as weights of classes); of "
        "regions, or several labels at once, samples by the rarest one that is in them",
    )
    augment: bool = option(True, "Vary the training samples: noise, shifts, turns, as the task says")
    move: bool = option(
        False, "Mirror, turn, scale and shift the training pictures and their regions, all inputs of a sample alike"
    )
    warp: bool = option(
        False, "Bend the training pictures and their regions, all inputs alike, and vary brightness and contrast"
    )
    foreground: bool = option(
        False,
        "Regions, or several labels at once: rare ones weigh more in the loss (weighted cross-entropy; for regions, "
        "also Dice over the whole batch)",
    )
    patience: int = option(0, "Stop after so many epochs without a better one on validation; 0 is never", 0, 1000)
    input_dropout: float = option(
        0.0, "Share of the numbers of each row (inputs of kind vector) that are hidden in a step of training", 0.0, 0.9
    )
    encoder: str = option(
        "hidden",
        "What reads rows of numbers (inputs of kind vector): a network of one hidden layer, or a linear map",
        choices=("hidden", "linear"),
    )
    encoders: str = option(
        "",
        "Large networks that read inputs, such as image.encoder=timm:resnet18; image.training=cached; none by default",
    )
    embedding: int = option(
        0, "Numbers in the feature of an input and in the embedding; 0 for the usual 64", 0, 4096, symbol="D"
    )
    window: int = option(
        0,
        "Regions in scans as a whole (kind volume): voxels along each side of the windows that are learned from and "
        "answered in; 0 is whole scans",
        0,
        256,
    )
    windows: int = option(8, "Windows of each scan in an epoch, half of them around a voxel of a region", 1, 1000)
    precision: str = option(
        "auto",
        "Numbers that losses are computed in: bfloat16 where it keeps enough of them (weights stay float32), or "
        "float32; auto is bfloat16 on CUDA and float32 elsewhere",
        choices=("auto", "float32", "bfloat16"),
    )
    accumulate: int = option(
        1, "Parts that each step is computed in, one after the other, so that large steps fit into memory", 1, 256
    )
    search: bool = option(
        False,
        "Find epochs (up to those given), augmentation, input dropout and encoder on validation before the training",
    )

    def __post_init__(self) -> None:
        """Raise DataError for a single sample at a time, in which batch normalisation has nothing to compare."""
        if self.samples == 1:
            raise DataError("One training sample is too few: there is nothing to compare it with.", "Use 2 or more.")
        if self.batch_size < 2 * self.accumulate:
            raise DataError(
                f"A step of {self.batch_size} samples cannot be computed in {self.accumulate} parts of 2 and more.",
                "Give a larger batch_size, or accumulate less.",
            )
