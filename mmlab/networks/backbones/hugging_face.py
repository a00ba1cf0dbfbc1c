"""Hugging Face encoders from a folder or the user's cache: texts, spectrograms, waveforms and images. Never online.

A text comes as the tokens of the model itself, where its input in task.json asks for them (`"tokens": "hf:FOLDER"`), or
as numbers of its words (`mmlab.core.modality.WORD_IDS`). These name words, so that the words of the model's own
vocabulary are found again; every other word is the model's unknown one. Either way a place of the input is one token,
which keeps the places of maps those of what was read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlab.core.backbone import Backbone
from mmlab.core.backbone_families import BACKBONES, BackboneFamily
from mmlab.core.errors import DataError, MissingExtra, Unsupported
from mmlab.core.modality import WORD_IDS, Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.token_numbers import token_of
from mmlab.networks import backbone_weights
from mmlab.networks.backbones.timm_models import INSTALL, on_grid

LEAST_WAVE = 400  # samples of a wave that make one place
ENDS = 2  # tokens that begin and end a text


@BACKBONES.register("hf")
class HuggingFaceFamily(BackboneFamily):
    """`hf:FOLDER`: a folder with config.json, or the name of a model in the user's cache."""

    title = "Hugging Face"
    has_tokens = True

    def build(self, modality: Modality, backbone: Backbone, levels: bool) -> nn.Module:
        if levels:
            raise Unsupported("Regions need the levels of a picture model.", "Take a model of timm.")
        transformers = _imported()
        name = str(Path(backbone.name).expanduser())
        config = _found(lambda: transformers.AutoConfig.from_pretrained(name, local_files_only=True), name)
        network: Any = _network(transformers, config, backbone, name)
        asked = str(network.main_input_name)
        if hasattr(network, "encoder") and asked == "input_features":
            network = network.get_encoder()
        if asked == "input_ids" and modality_kind(modality.kind).discrete:
            words = _found(lambda: transformers.AutoTokenizer.from_pretrained(name, local_files_only=True), name)
            return TextBody(network, words, backbone, modality)
        if asked in ("input_values", "input_features", "pixel_values"):
            return ArrayBody(network, asked, backbone, modality)
        raise Unsupported(f"'{modality.label}' cannot be read by {network.config.model_type}.", "Take another model.")


class TextBody(nn.Module):
    """A text `[B, 2, L]` to the last states `[B, D, L]`, zero where there is no word or token."""

    table: Tensor

    def __init__(self, network: nn.Module, tokenizer: Any, backbone: Backbone, modality: Modality) -> None:
        super().__init__()
        self.network = network
        self.reads_tokens = _reads_tokens(modality, backbone)
        _check_length(network, modality)
        read_as = "its own tokens" if self.reads_tokens else "whole words of its vocabulary"
        self.facts = {**_facts(network, backbone, modality.shape), "tokens": read_as}
        table = torch.zeros(0, dtype=torch.int32)
        if not self.reads_tokens:
            table = torch.full((WORD_IDS * WORD_IDS,), int(tokenizer.unk_token_id or 0), dtype=torch.int32)
            places = known_words(tokenizer, modality.kind)
            table[torch.tensor(list(places), dtype=torch.long)] = torch.tensor(list(places.values()), dtype=torch.int32)
        self.register_buffer("table", table, persistent=False)
        first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
        self.first = int(first if first is not None else tokenizer.bos_token_id or 0)
        self.last = int(last if last is not None else tokenizer.eos_token_id or 0)
        self.pad = int(tokenizer.pad_token_id or 0)

    def tokens(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens `[B, L + 2]` with a beginning and an end, and where there are any."""
        ids = inputs.nan_to_num(0.0, 0.0, 0.0).clamp(0, WORD_IDS - 1).long()
        said = ids[:, 0] > 0
        if self.reads_tokens:
            known = token_of(ids[:, 0], ids[:, 1]).clamp(max=self._vocabulary() - 1)
        else:
            known = self.table[ids[:, 0] * WORD_IDS + ids[:, 1]].long()
        words = torch.where(said, known, self.pad)
        tokens = functional.pad(words, (1, 1), value=self.pad)
        there = functional.pad(said, (1, 1))
        ends = said.sum(1) + 1
        tokens[:, 0], there[:, 0] = self.first, True
        rows = torch.arange(len(tokens), device=tokens.device)
        tokens[rows, ends], there[rows, ends] = self.last, True
        return tokens, there

    def forward(self, inputs: Tensor) -> Tensor:
        tokens, there = self.tokens(inputs)
        states: Tensor = self.network(input_ids=tokens, attention_mask=there.long()).last_hidden_state
        said = (inputs[:, :1] > 0).to(states.dtype)
        return states[:, 1:-1].transpose(1, 2) * said

    def _vocabulary(self) -> int:
        return int(cast(Any, self.network).config.vocab_size)

    def pool(self, maps: Tensor) -> Tensor:
        """The mean over the words that there are."""
        said = (maps != 0).any(1, keepdim=True).sum(2).clamp(min=1)
        return maps.sum(2) / said


class ArrayBody(nn.Module):
    """Spectrograms and pictures `[B, C, H, W]`, or waves `[B, C, T]`, to the last states on their places."""

    def __init__(self, network: nn.Module, asked: str, backbone: Backbone, modality: Modality) -> None:
        super().__init__()
        self.network, self.asked = network, asked
        config = cast(Any, network).config
        self.is_wave = asked == "input_values" and not hasattr(config, "num_mel_bins")
        self.size = _size(config, asked)
        self.channels = int(getattr(config, "num_channels", 1)) if asked == "pixel_values" else 1
        self.facts = _facts(network, backbone, self.size or modality.shape)
        if self.is_wave != (len(modality.shape) == 2) or modality_kind(modality.kind).discrete:
            wanted = "a wave, [C, T]" if self.is_wave else "a picture or spectrogram, [C, H, W]"
            raise Unsupported(f"'{modality.label}' is not {wanted}, which {config.model_type} reads.", "Take another.")
        if self.is_wave and modality.shape[-1] < LEAST_WAVE:
            raise Unsupported(
                f"{modality.shape[-1]} numbers are too few for {config.model_type}.", f"Give {LEAST_WAVE} or more."
            )

    def forward(self, inputs: Tensor) -> Tensor:
        mono = inputs.mean(1)
        flat = mono.flatten(1)
        spread = flat.std(1).clamp(min=1e-5)
        mono = (mono - flat.mean(1).view(-1, *[1] * (mono.dim() - 1))) / spread.view(-1, *[1] * (mono.dim() - 1))
        if self.is_wave:
            states: Tensor = self.network(mono).last_hidden_state
            return states.transpose(1, 2)
        shown = functional.interpolate(mono[:, None], self.size, mode="bilinear", align_corners=False)
        if self.asked == "pixel_values":
            found = self.network(pixel_values=shown.expand(-1, self.channels, -1, -1)).last_hidden_state
        elif self.asked == "input_values":
            found = self.network(input_values=shown[:, 0].transpose(1, 2)).last_hidden_state  # [B, time, mel]
        else:
            found = self.network(shown[:, 0]).last_hidden_state
        return self._maps(found)

    def _maps(self, found: Tensor) -> Tensor:
        """`[B, D, h, w]` of tokens of patches, `[B, D, t]` of places in time."""
        if found.dim() == 4:
            return found
        if self.asked == "input_features":
            return found.transpose(1, 2)
        before = 2 if self.asked == "input_values" else 1  # a token for the class, and one for the teacher
        return on_grid(found, before, self._grid(found.shape[1] - before))

    def _grid(self, count: int) -> tuple[int, int]:
        config = cast(Any, self.network).config
        if self.asked == "input_values":
            return max(1, (self.size[0] - config.patch_size) // config.frequency_stride + 1), max(
                1, (self.size[1] - config.patch_size) // config.time_stride + 1
            )
        return self.size[0], self.size[1]


def _reads_tokens(modality: Modality, backbone: Backbone) -> bool:
    """Whether a text comes as the tokens of this model. Raises Unsupported for those of another vocabulary."""
    if not modality.tokens:
        return False
    if modality.tokens.partition(":")[2] != backbone.name or not modality.tokens.startswith("hf:"):
        hint = f'Write "tokens": "{backbone.encoder}" in task.json, or: python -m mmlab tokens FOLDER.'
        raise Unsupported(f"'{modality.label}' comes as tokens of {modality.tokens}, not of {backbone.encoder}.", hint)
    return True


def _check_length(network: nn.Module, modality: Modality) -> None:
    """Raise Unsupported where a text is longer than the places that a model has."""
    config: Any = cast(Any, network).config
    places = getattr(config, "max_position_embeddings", None)
    if not isinstance(places, int):
        return
    taken = ENDS + (int(config.pad_token_id or 0) + 1 if "roberta" in str(config.model_type) else 0)
    if modality.shape[-1] + taken > places:
        hint = f'Write "length": {places - taken} in task.json, or less.'
        raise Unsupported(
            f"'{modality.label}' has {modality.shape[-1]} tokens and {config.model_type} has no place for "
            f"more than {places - taken}.",
            hint,
        )


def known_words(tokenizer: Any, kind: str) -> dict[int, int]:
    """By the two numbers of a word, joined, the token of each whole word of the vocabulary."""
    ids_of = modality_kind(kind).word_ids
    found: dict[int, int] = {}
    for token, number in sorted(tokenizer.get_vocab().items(), key=lambda item: -item[1]):
        word = token.removeprefix("▁").removeprefix("Ġ")
        if word and not token.startswith("##"):
            first, second = ids_of(word.casefold())
            found[first * WORD_IDS + second] = int(number)
    return found


def _imported() -> Any:
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise MissingExtra(f"Encoders of Hugging Face need the package {error.name}.", INSTALL) from error
    return transformers


def _found(load: Callable[[], Any], name: str) -> Any:
    try:
        return load()
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"There is no model of Hugging Face in '{name}', nor in the cache.",
            "Give the folder that holds its config.json; nothing is downloaded.",
        ) from error


def _network(transformers: Any, config: Any, backbone: Backbone, name: str) -> nn.Module:
    if backbone.pretrained == "no":
        made: nn.Module = transformers.AutoModel.from_config(config)
        return made
    if backbone.pretrained == "yes":
        own = {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}
        loaded: nn.Module = _found(lambda: transformers.AutoModel.from_pretrained(name, **own), name)
        return loaded
    made = transformers.AutoModel.from_config(config)
    tensors = backbone_weights.read(backbone.pretrained)
    backbone_weights.fit(made, tensors, f"hf:{name}", Path(backbone.pretrained).name)
    return made


def _size(config: Any, asked: str) -> tuple[int, ...]:
    if asked == "pixel_values":
        return (int(config.image_size), int(config.image_size))
    if hasattr(config, "num_mel_bins"):
        length = config.max_length if asked == "input_values" else 2 * config.max_source_positions
        return (int(config.num_mel_bins), int(length))
    return ()


def _facts(network: nn.Module, backbone: Backbone, shape: tuple[int, ...]) -> dict[str, Any]:
    weights = {"no": "random", "yes": backbone.encoder}.get(backbone.pretrained, backbone.pretrained)
    licence = "" if backbone.pretrained == "no" else _licence(Path(backbone.name).expanduser() / "README.md")
    return {"input": list(shape), "weights": weights, "licence": licence}


def _licence(readme: Path) -> str:
    """What the model's card beside it says."""
    if readme.is_file():
        for line in readme.read_text("utf-8", errors="replace")[:4000].splitlines():
            if line.startswith("license:"):
                return line.partition(":")[2].strip()[:80]
    return "not stated"
