"""The metrics, one file each (or one per family), discovered because they are here (`mmlab/core/metric.py`)."""
