"""Reads a whole folder once: rows known to be valid are not read again, large folders are read by several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mmlab.tasks.custom.levels import Levels, merge
from mmlab.tasks.custom.manifest import Row
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.remembered import Remembered
from mmlab.tasks.custom.row_reading import Job, ReadPart, ReadRow, Spread, jobs_of, read_job, read_rows, standardised
from mmlab.tasks.custom.scales import Moments
from mmlab.tasks.custom.task_json import Description

ALONE = 1500  # rows that are read before other processes would have started
PART = 64  # rows that another process reads at a time
OnProgress = Callable[[float, Problems], None]


class Reading:
    """One pass over the rows of a folder.

    moments: what the training samples hold in each standardised modality; levels: and in deep pictures; done: how many
    rows were read or known.
    """

    def __init__(
        self, description: Description, rows: Sequence[Row], before: Problems, on_progress: OnProgress
    ) -> None:
        self.moments: dict[str, Moments] = {}
        self.levels: dict[str, Levels] = {}
        self._description, self._rows, self._on_progress = description, rows, on_progress
        self._read: dict[str, ReadRow] = {}
        self._sofar = Problems(errors=before.errors, warnings=before.warnings)

    @property
    def done(self) -> int:
        """How many rows were read, or are known from before."""
        return len(self._read)

    def in_order(self) -> list[ReadRow]:
        """What was read, in the order of the manifest."""
        return [self._read[row.id] for row in self._rows if row.id in self._read]

    def run(self, spread: Spread | None) -> bool:
        """Read; whether it came to its end: Ctrl-C stops it, and what was found until then is kept."""
        remembered = Remembered(self._description)
        known = remembered.training(self._rows)
        unread = []
        for row in self._rows:
            before = remembered.read(row)
            if before is None or (known is None and row.split == "train"):
                unread.append(row)
            else:
                self._read[row.id] = before
        parts: dict[Job, ReadPart] = {}
        spread = spread if len(unread) > ALONE else None
        jobs = jobs_of(self._description, unread, 1 if spread is None else PART)
        try:
            for job, part in self._parts(jobs, spread):
                parts[job] = part
                self._take(part)
        except KeyboardInterrupt:
            remembered.save(self._read.values(), None, self._rows)
            return False
        if known is None:
            self.moments = self._added_up([parts[job] for job in jobs])
            for part in parts.values():
                merge(self.levels, part.levels)
        else:
            self.moments, self.levels = known
        if unread:
            remembered.save(self._read.values(), (self.moments, self.levels), self._rows)
        return True

    def _parts(self, jobs: Sequence[Job], spread: Spread | None) -> Iterator[tuple[Job, ReadPart]]:
        if spread is None:
            yield from ((job, read_rows(self._description, job.rows)) for job in jobs)
            return
        for job, part in spread(read_job, jobs):
            if isinstance(part, Exception):
                raise part
            yield job, part

    def _take(self, part: ReadPart) -> None:
        for each in part.rows:
            self._read[each.row.id] = each
            self._sofar.errors += each.problems.errors
            self._sofar.warnings += each.problems.warnings
        self._on_progress(self.done / max(len(self._rows), 1), self._sofar)

    def _added_up(self, parts: Sequence[ReadPart]) -> dict[str, Moments]:
        """The moments of all parts, added in the manifest's order, so that they are the same however it was read."""
        found = {name: Moments(count) for name, count in standardised(self._description).items()}
        for part in parts:
            for name, each in part.moments.items():
                found[name].merge(each)
        return found
