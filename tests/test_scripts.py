"""JavaScript stands in files of its own, and node can read each of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parent.parent / "mmlab" / "ui"
OURS = sorted(UI.parent.rglob("*.js"))
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="node is not installed, which checks JavaScript")
@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_node_can_read_it(path: Path, tmp_path: Path) -> None:
    module = tmp_path / f"{path.stem}.mjs"  # components are modules
    module.write_text(path.read_text("utf-8"), "utf-8")
    found = subprocess.run([str(NODE), "--check", str(module)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


@pytest.mark.skipif(NODE is None, reason="node is not installed, which checks JavaScript")
def test_what_is_no_javascript_does_not_pass(tmp_path: Path) -> None:
    module = tmp_path / "broken.mjs"
    module.write_text("const draw = (box => {", "utf-8")
    assert subprocess.run([str(NODE), "--check", str(module)], capture_output=True, check=False).returncode != 0


def test_no_script_stands_in_python() -> None:
    marks = ("export default function", "addEventListener(", 'document.createElement("div")')
    for path in UI.rglob("*.py"):
        text = path.read_text("utf-8")
        assert not [mark for mark in marks if mark in text], path
    assert OURS
