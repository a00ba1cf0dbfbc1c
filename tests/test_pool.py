"""The pool of models: one load for many, a budget, and a second chance after a failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mmlab.core.errors import CheckpointError, DataError, MmlabError
from mmlab.core.reference import Reference
from mmlab.core.task import TASKS
from mmlab.inference.batching import Batcher, in_halves
from mmlab.inference.device import device, label
from mmlab.inference.model_pool import ModelPool
from mmlab.ui.pages.library import models_in_memory
from tests.library import untrained

SIZE = 4 * 100


def reference(name: str) -> Reference:
    return Reference(f"/x/{name}", "digits", name, "seed0")


class Opener:
    """Stands for `Model.open`: models of SIZE bytes; notes what was opened."""

    def __init__(self, wait: float = 0.0, fail: int = 0) -> None:
        self.opened: list[str] = []
        self.wait, self.fail = wait, fail

    def __call__(self, wanted: Reference) -> Any:
        self.opened.append(wanted.method)
        time.sleep(self.wait)
        if len(self.opened) <= self.fail:
            raise CheckpointError("It is damaged.")
        return SimpleNamespace(method=torch.nn.Linear(10, 10, bias=False))


def take(pool: ModelPool, name: str) -> Any:
    with pool.lend(reference(name)) as model:
        return model


def test_a_model_is_loaded_once_for_everyone() -> None:
    opener = Opener(wait=0.05)
    pool = ModelPool(opener=opener)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(take(pool, "a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opener.opened == ["a"]
    assert len({id(model) for model in found}) == 1


def test_the_least_recently_used_goes_first() -> None:
    opener = Opener()
    pool = ModelPool(budget=2 * SIZE, opener=opener)
    for name in ("a", "b", "a", "c"):
        take(pool, name)
    assert [item.method for item in pool.references] == ["a", "c"]
    assert pool.size == 2 * SIZE
    take(pool, "b")
    assert opener.opened == ["a", "b", "c", "b"]


def test_a_model_larger_than_the_budget_is_lent_all_the_same() -> None:
    pool = ModelPool(budget=1, opener=Opener())
    assert take(pool, "a") is not None
    take(pool, "b")
    assert [item.method for item in pool.references] == ["b"]


def test_a_failed_load_is_tried_again() -> None:
    pool = ModelPool(opener=Opener(fail=1))
    with pytest.raises(CheckpointError):
        take(pool, "a")
    assert pool.references == ()
    assert take(pool, "a") is not None


def test_alone_means_one_at_a_time() -> None:
    pool = ModelPool(opener=Opener())
    inside, most = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with pool.lend(reference("a"), alone=True):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.02)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_dropped_models_are_forgotten() -> None:
    pool = ModelPool(opener=Opener())
    take(pool, "a")
    pool.drop(reference("a"))
    assert pool.references == ()
    take(pool, "a")
    pool.clear()
    assert pool.size == 0


GPU = torch.device("cuda")


class Network:
    """Stands for a method of 400 bytes that can be moved to a device that is not there."""

    def __init__(self, place: torch.device) -> None:
        self.place = place

    def to(self, place: torch.device) -> Network:
        self.place = place
        return self

    def parameters(self) -> list[torch.Tensor]:
        return [torch.zeros(100)]

    def buffers(self) -> list[torch.Tensor]:
        return []


class Card:
    """A device of `room` bytes, and the models that were put on it."""

    def __init__(self, room: int, machine: int = 100 * SIZE) -> None:
        self.room, self.machine = room, machine
        self.made: list[Network] = []

    def open(self, wanted: Reference) -> Any:
        self.made.append(Network(GPU))
        return SimpleNamespace(method=self.made[-1], name=wanted.method)

    def free(self, place: torch.device) -> int:
        return (self.room if place == GPU else self.machine) - SIZE * sum(each.place == place for each in self.made)

    def pool(self) -> ModelPool:
        return ModelPool(opener=self.open, free=self.free, place=lambda: GPU, spare=2 * SIZE)


def test_idle_models_make_way_on_a_full_device_and_come_back() -> None:
    card = Card(room=3 * SIZE)
    pool = card.pool()
    for name in ("a", "b", "c"):
        take(pool, name)
    assert [(each.reference.method, each.place.type) for each in pool.held] == [
        ("a", "cpu"),
        ("b", "cuda"),
        ("c", "cuda"),
    ]
    assert take(pool, "a").method.place == GPU
    assert len(card.made) == 3, "it was moved, not loaded again"
    assert {each.reference.method: each.place.type for each in pool.held} == {"a": "cuda", "b": "cpu", "c": "cpu"}


def test_idle_models_are_dropped_where_the_machine_is_full_too() -> None:
    pool = Card(room=2 * SIZE, machine=0).pool()
    for name in ("a", "b", "c"):
        take(pool, name)
    assert [each.method for each in pool.references] == ["c"]


def test_what_somebody_works_with_stays_and_what_has_no_room_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(bytes(SIZE // 2))
    large = Reference(str(tmp_path), "digits", "large", "seed0")
    card = Card(room=SIZE)
    pool = card.pool()
    with pool.lend(reference("a")) as model:
        with pytest.raises(MmlabError, match="There is no memory for digits/large/seed0"), pool.lend(large):
            pass
        assert model.method.place == GPU
        assert [each.is_used for each in pool.held] == [True]
    with pool.lend(large) as found:
        assert found.method.place == GPU
    assert not any(each.is_used for each in pool.held)


def test_a_load_that_meets_a_full_device_is_tried_again_without_the_idle_models() -> None:
    card = Card(room=10 * SIZE)
    first = True

    def opener(wanted: Reference) -> Any:
        nonlocal first
        if wanted.method == "b" and first:
            first = False
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return card.open(wanted)

    pool = ModelPool(opener=opener, free=card.free, place=lambda: GPU, spare=0)
    take(pool, "a")
    assert take(pool, "b").name == "b"
    assert [each.place.type for each in pool.held] == ["cpu", "cuda"]


def test_a_batch_that_does_not_fit_is_answered_in_halves() -> None:
    tried, made_room = [], []

    def work(items: Sequence[int]) -> list[int]:
        tried.append(len(items))
        if len(items) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return [2 * item for item in items]

    assert in_halves(work, range(5), lambda: made_room.append(1)) == [0, 2, 4, 6, 8]
    assert tried == [5, 2, 3, 1, 2]
    assert len(made_room) == 2
    with pytest.raises(ValueError, match="wrong"):
        in_halves(lambda _: (_ for _ in ()).throw(ValueError("wrong")), [1], made_room.clear)


def test_visitors_at_the_same_time_share_a_pass_and_an_error_stays_with_who_made_it() -> None:
    passes: list[list[int]] = []
    gate = threading.Barrier(4)

    def work(key: str, items: Sequence[int]) -> list[int]:
        passes.append(list(items))
        if 3 in items:
            raise DataError("Not three.")
        return [item * 10 for item in items]

    batcher = Batcher(work, wait=30.0, most=4)
    found: dict[int, object] = {}

    def ask(number: int) -> None:
        gate.wait()
        try:
            found[number] = batcher.ask("model", number)
        except DataError as error:
            found[number] = error.message

    threads = [threading.Thread(target=ask, args=(number,)) for number in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {1: 10, 2: 20, 3: "Not three.", 4: 40}
    assert sorted(passes[0]) == [1, 2, 3, 4]
    assert Batcher(work, wait=0.0).ask("model", 7) == 70, "who is alone does not wait for ever"


def test_answers_of_many_are_those_of_each(tmp_path: Path) -> None:
    (wanted,) = untrained(tmp_path, "watch", "joint")
    pool = ModelPool()
    task = TASKS["watch"]()
    samples = task.samples("test").inputs
    rows: list[dict[str, torch.Tensor]] = [
        {name: values[row].float() for name, values in samples.items()} for row in range(3)
    ]
    rows[1].popitem()  # another set of inputs
    together = pool.logits_many(wanted, rows)
    for row, each in zip(rows, together, strict=True):
        (alone,) = pool.logits_many(wanted, [row])
        assert alone.keys() == each.keys()
        assert all(torch.allclose(value, each[key], atol=1e-5) for key, value in alone.items())
    assert pool.answer(wanted, rows[0]).keys() == together[0].keys()
    assert models_in_memory.lines(pool.held)[0].startswith("watch/joint/seed0: ")
    assert models_in_memory.lines(pool.held)[0].endswith(f" MB, {label(device())}")
