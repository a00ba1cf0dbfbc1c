"""The contracts of plug-ins, as functions for their own tests: the same that mmlab's tests run.

>>> from mmlab.testing import check_method
>>> check_method("echo")
"""

from mmlab.testing.benchmark_contract import check_benchmark
from mmlab.testing.explainer_contract import check_explainer
from mmlab.testing.measure_contract import check_measure
from mmlab.testing.method_contract import check_method
from mmlab.testing.metric_contract import check_metric
from mmlab.testing.modality_contract import check_modality
from mmlab.testing.page_contract import check_page
from mmlab.testing.task_contract import check_task

__all__ = [
    "check_benchmark",
    "check_explainer",
    "check_measure",
    "check_method",
    "check_metric",
    "check_modality",
    "check_page",
    "check_task",
]
