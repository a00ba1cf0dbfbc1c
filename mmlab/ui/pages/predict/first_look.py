"""The first view of the Bench: computed once, for the caches that all sessions share."""

from __future__ import annotations

from contextlib import suppress

from mmlab.core.errors import MmlabError
from mmlab.ui.bar import bar, opening
from mmlab.ui.components import model_picker
from mmlab.ui.pages.predict import page as page
from mmlab.ui.session import cache


def make() -> None:
    """The answers of the first models to the sample that the Bench opens on. What is not there, the page says."""
    with suppress(MmlabError):
        task = cache.task(cache.task_names()[0])
        there = {each.reference.method: each.reference for each in cache.entries(task.name) if each.problem is None}
        first = model_picker.usual_first(there)[: bar.AT_FIRST]
        references = [reference for method, reference in there.items() if method in first]
        for found in opening.notable(task, references)[:1]:
            for reference in references:
                cache.answers(reference, found.sample)
