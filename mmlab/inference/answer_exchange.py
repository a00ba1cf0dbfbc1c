"""Requests to a model in another process, and the responses: safetensors both ways, with names beside them.

A question is the tensors of one sample and which trained model it is for, by name and by the digest of its file, so
that nobody gets the answer of another training. An answer is the logits of every combination.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import safetensors
import safetensors.torch
from torch import Tensor

from mmlab.core.errors import DataError, MmlabError
from mmlab.core.reference import Reference
from mmlab.inference.model_pool import ModelPool, Sample
from mmlab.storage.library import Library

LARGEST = 64 * 2**20  # bytes of a question or an answer
WELL, OTHER, REFUSED = 200, 409, 422  # as HTTP has them: answered; another training; cannot be answered
NAMES = ("task", "method", "tag", "digest")


@dataclass(frozen=True)
class AnswerRequest:
    """A request: the model and the sample."""

    task: str
    method: str
    tag: str
    digest: str
    content: bytes


@dataclass(frozen=True)
class AnswerReply:
    """A response: a status, and the predictions (WELL) or the reason why there are none."""

    status: int
    content: bytes


def packed(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors by name as one file."""
    return safetensors.torch.save({name: value.contiguous() for name, value in tensors.items()})


def unpacked(content: bytes) -> dict[str, Tensor]:
    """The tensors in `content`. Raises DataError for what is none, or too large."""
    if len(content) > LARGEST:
        raise DataError(f"That is larger than {LARGEST >> 20} MB.", "Ask about one sample at a time.")
    try:
        return safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DataError("That is no safetensors file.", "Send the tensors of a sample.") from error


def replies(pool: ModelPool, library: Library, questions: Sequence[AnswerRequest]) -> list[AnswerReply]:
    """The reply to each request; those for the same model are answered together."""
    found: dict[int, AnswerReply] = {}
    groups: dict[Reference, dict[int, Sample]] = {}
    for place, question in enumerate(questions):
        try:
            reference = library.find(question.task, question.method, question.tag)
            with pool.lend(reference) as model:
                if model.digest != question.digest:
                    found[place] = _refusal(OTHER, f"{reference.name} is another training here.", "Share the library.")
                    continue
                groups.setdefault(reference, {})[place] = model.prepare(unpacked(question.content))
        except MmlabError as error:
            found[place] = _refusal(REFUSED, error.message, error.hint)
    for reference, samples in groups.items():
        try:
            answers = pool.logits_many(reference, list(samples.values()))
        except MmlabError as error:
            found |= {place: _refusal(REFUSED, error.message, error.hint) for place in samples}
        else:
            found |= {place: AnswerReply(WELL, packed(each)) for place, each in zip(samples, answers, strict=True)}
    return [found[place] for place in range(len(questions))]


def _refusal(status: int, message: str, hint: str) -> AnswerReply:
    return AnswerReply(status, json.dumps({"message": message, "hint": hint}).encode())
