"""What is wrong with a registered model, found before anybody believes a number: one file per family of checks.

>>> report = examine(registration)
>>> report.errors, report.text(), report.card()
"""

from __future__ import annotations

from mmlab.foreign.doctor.examination import examine
from mmlab.foreign.doctor.findings import Finding, Report

__all__ = ["Finding", "Report", "examine"]
