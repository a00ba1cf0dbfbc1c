"""Our own tasks, explainers and metrics keep the contract that `mmlab.testing` gives to others."""

from __future__ import annotations

import pytest

from mmlab.analysis.attribution.registry import EXPLAINERS
from mmlab.core.metric import METRICS
from mmlab.core.task import TASKS
from mmlab.testing import check_explainer, check_metric, check_task


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
