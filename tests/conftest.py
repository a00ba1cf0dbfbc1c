"""One thread, no GPU by chance, a library of its own: what every test starts from."""

from __future__ import annotations

import os

os.environ.setdefault("MMLAB_DEVICE", "cpu")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

torch.set_num_threads(1)
