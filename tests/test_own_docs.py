"""What README and docs/own-model.md show of models of one's own works as pasted."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import mmlab
from mmlab.cli.app import main
from mmlab.foreign.doctor.examination import FAMILIES
from mmlab.foreign.inputs import Input

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


@pytest.mark.slow
def test_the_five_lines_work_as_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert (
        example("README.md").split("import build")[0][-20:]
        == example("docs/own-model.md").split("import build")[0][-20:]
    )
    monkeypatch.setenv("MMLAB_MODELS", "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(ROOT)
    file = tmp_path / "mymodel.py"
    file.write_text(example("README.md"))
    assert main(["doctor", str(file)]) == 0, capsys.readouterr()
    assert "mine: 0 errors, 0 warnings" in capsys.readouterr().out
    assert main(["measure", str(file)]) == 0
    assert re.search(r"acc-gyro +0\.[67]", capsys.readouterr().out)
