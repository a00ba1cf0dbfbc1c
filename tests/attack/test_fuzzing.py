"""Each reader, against sound files that were changed where their format means something: a value, or a sentence.

The same few hundred inputs at every run; `make attack` takes as many as one likes, and holds each call to 2 seconds and
512 MB.
"""

from __future__ import annotations

import warnings
from itertools import islice
from pathlib import Path

import pytest

from mmlab.core.errors import MmlabError
from tests.attack import control_readers, page_readers, recording_readers, stored_readers
from tests.attack.readers import READERS, attacks, outcome

assert control_readers
assert page_readers
assert recording_readers
assert stored_readers  # importing them fills READERS

SEED = 22
FEWEST = 12  # inputs of each reader; more of those that have more weight, fewer of one that takes long


@pytest.mark.parametrize("name", list(READERS))
def test_every_changed_file_ends_in_a_value_or_a_sentence(name: str, tmp_path: Path) -> None:
    read = READERS[name]
    warnings.simplefilter("error", RuntimeWarning)  # a number that overflows is found, not passed on
    count = FEWEST + read.weight if read.weight > 1 else 4
    for file, content in islice(attacks(read, tmp_path, SEED), count):
        try:
            outcome(read, content, file, tmp_path)
        except Exception as error:
            (tmp_path / "input").write_bytes(content)
            raise AssertionError(f"{name}: {file}, kept as {tmp_path / 'input'}") from error


@pytest.mark.parametrize("name", list(READERS))
def test_what_is_changed_was_sound(name: str, tmp_path: Path) -> None:
    read, told = READERS[name], []
    for file, content in read.files(tmp_path).items():
        try:
            read.read(content, file, tmp_path)
        except MmlabError as error:
            told.append(str(error))
    assert len(told) < len(read.files(tmp_path)), told
