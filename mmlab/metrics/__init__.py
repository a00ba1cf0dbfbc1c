"""The metrics, one file each (or one for a family), found because they are there (`mmlab/core/metric.py`)."""
