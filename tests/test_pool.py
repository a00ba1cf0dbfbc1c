"""The pool of models: one load for many, a budget, and a second chance after a failure."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mmlab.core.errors import CheckpointError
from mmlab.core.reference import Reference
from mmlab.inference.model_pool import ModelPool

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
