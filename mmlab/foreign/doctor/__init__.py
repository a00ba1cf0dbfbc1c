"""The diagnosis of a registered model, before anybody trusts its numbers: one file per family of checks.

>>> report = examine(registration)
>>> report.errors, report.text(), report.card()
"""

from __future__ import annotations

from mmlab.foreign.doctor.examination import examine
from mmlab.foreign.doctor.findings import Finding, Report

__all__ = ["Finding", "Report", "examine"]
