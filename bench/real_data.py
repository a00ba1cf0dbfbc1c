"""The folder of real recordings that some benches need."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mmlab.tasks.generators.digits import real_recordings


def folder(parser: argparse.ArgumentParser) -> Path:
    """`MMLAB_DATA`; without recordings there, the bench ends with a sentence."""
    found = real_recordings.data_folder()
    if found is None:
        parser.error(f"No real recordings. {real_recordings.HINT} MMLAB_DATA is '{os.environ.get('MMLAB_DATA', '')}'.")
    return found
