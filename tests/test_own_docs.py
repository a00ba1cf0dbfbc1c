"""What README and docs/own-model.md show of models of one's own works as pasted."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import mmlab
from mmlab.foreign.doctor.examination import FAMILIES
from mmlab.foreign.inputs import Input
from tests import documented

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "own-model.md").read_text("utf-8")


def example(page: str) -> str:
    """The file that a page begins with `# mymodel.py`."""
    return re.findall(r"```python\n(# mymodel\.py\n.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)[0]


def test_every_argument_is_explained() -> None:
    table = DOCUMENT.split("## What `register` takes")[1].split("## Five kinds")[0]
    for name in [*inspect.signature(mmlab.register).parameters, *inspect.signature(Input).parameters]:
        assert f"`{name}`" in table, name
    for name in FAMILIES:
        assert re.search(rf"^\| {name} \|", DOCUMENT, re.MULTILINE), name


def test_both_pages_show_the_same_lines() -> None:
    """That they do what is said, as pasted: tests/test_wheel.py."""
    shown = [re.sub(r"  # .*", "", example(page)) for page in ("README.md", "docs/own-model.md")]
    assert shown[0] == shown[1]
    assert {"mmlab doctor mymodel.py", "mmlab measure mymodel.py"} <= set(documented.KNOWN)
