"""The job of a request. Separate from the requests, since jobs need torch and waiting for one does not."""

from __future__ import annotations

from mmlab.experiments.background.run_files import TrainRequest
from mmlab.experiments.train_job import TrainJob


def job_of(request: TrainRequest) -> TrainJob:
    """The same run as a job."""
    return TrainJob(request.task, request.method, request.config, request.plan, request.seed, request.tag)
