"""The grid of pixels that scans are brought to."""

from __future__ import annotations

SIDE = 56  # pixels of a slice
PIXEL = 3.6  # mm: 202 mm across, the longest template brain (180 mm) enlarged by a tenth
APART = 4.0  # mm between slices
