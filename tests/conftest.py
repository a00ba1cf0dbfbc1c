"""One thread, no GPU by chance, a library of its own: what every test starts from."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("MMLAB_DEVICE", "cpu")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from tests import lengths
from tests.browser_app import (  # noqa: F401  (fixtures: one server for all files)
    address,
    browser,
    browser_models,
    chromium,
    kept_context,
    profile,
    visit,
)


def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.getoption("numprocesses", None):
        return  # it only starts the workers, which need not wait until it has imported torch

    import torch
    from streamlit.components.v2 import manifest_scanner
    from streamlit.testing.v1 import local_script_runner

    from mmlab.core.process_end import end_quickly

    end_quickly()
    torch.set_num_threads(1)
    # Each `AppTest` reads the metadata of every installed package for components: most of the work of a page's test
    manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
    local_script_runner.require_widgets_deltas = functools.partial(
        _until_run, local_script_runner.require_widgets_deltas
    )


def _until_run(ask: Callable[[Any, float], None], runner: Any, timeout: float) -> None:
    """Wait for the thread of a page. `AppTest` asks every millisecond, and holds up the page each time."""
    runner._script_thread.join(timeout)
    ask(runner, 1.0 if runner.script_stopped() else 0.0)  # what stands still is stopped there, with its sentence


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--keep-lengths", action="store_true", help="write how long each file took into tests/lengths.json"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("keep_lengths") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(lengths.Keeper())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return lengths.ByGroup(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lengths.longest_first(items)


def pytest_collection_finish() -> None:
    """What was imported stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def the_same_settings_for_every_test() -> Iterator[None]:
    """A command that runs in this process sets variables for all that follows, as `--checkpoints` does."""
    before = {name: value for name, value in os.environ.items() if name.startswith("MMLAB_")}
    yield
    for name in [name for name in os.environ if name.startswith("MMLAB_")]:
        if name not in before:
            del os.environ[name]
    os.environ.update(before)
