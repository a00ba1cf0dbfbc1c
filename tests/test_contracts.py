"""Our own tasks, explainers and metrics keep the contract that `mmlab.testing` gives to others."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from mmlab.analysis.attribution.registry import EXPLAINERS
from mmlab.analysis.dominance.measure import MEASURES
from mmlab.core.method import METHODS
from mmlab.core.metric import METRICS
from mmlab.core.registry import Registry
from mmlab.core.task import TASKS
from mmlab.tasks.official.benchmark import BENCHMARKS
from mmlab.testing import check_explainer, check_metric, check_task
from mmlab.ui.session.page_registry import PAGES
from mmlab.ui.text import language

TITLED = (TASKS, METHODS, MEASURES, EXPLAINERS, METRICS, PAGES, BENCHMARKS)


@pytest.mark.parametrize("name", list(EXPLAINERS))
def test_explainers(name: str) -> None:
    check_explainer(name)


@pytest.mark.parametrize("name", list(METRICS))
def test_metrics(name: str) -> None:
    check_metric(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TASKS))
def test_tasks(name: str) -> None:
    check_task(name)


@pytest.mark.parametrize("code", ["en", "de", "zh"])
@pytest.mark.parametrize("registry", TITLED, ids=lambda each: each.kind)
def test_no_two_of_a_kind_share_a_title(registry: Registry[Any], code: str) -> None:
    translated = {} if code == "en" else language.sentences(code)
    titles = [translated.get(registry[name].title, registry[name].title).casefold() for name in registry]
    assert len(titles) > 1
    assert not [title for title, count in Counter(titles).items() if count > 1]
