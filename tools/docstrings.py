"""How the docstrings of the source are shown by `make docs`: examples as code, `name: what it is` as a list."""

from __future__ import annotations

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\n).*)*", re.MULTILINE)
FIELD = re.compile(r"^([a-z_]\w*(?:, [a-z_]\w*)*): +(.*(?:\n {2,}.*)*)", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Rewrites the text of a docstring as Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each object that was read."""
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(text: str) -> str:
    """Fences around what begins with `>>>`; a list of what is said of arguments."""
    text = FIELD.sub(lambda found: f"\n- `{found[1]}`: {' '.join(found[2].split())}", text)
    return EXAMPLE.sub(lambda found: f"```python\n{found[0]}\n```", text)
