"""The tool that reads and draws who imports whom, on small packages made up here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools import architecture
from tools.architecture import Code, circles, read, upward, without_floor
from tools.architecture_svg import draw

ROOT = Path(__file__).resolve().parent.parent


def package(root: Path, **files: str) -> Code:
    """Write `core__a="from ..."` as `mmlab/core/a.py`, and read it."""
    for name, text in {"__init__": "", **files}.items():
        path = root / "mmlab" / f"{'__init__' if name == '__init__' else name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return read(root)


def test_imports_are_found_wherever_they_stand(tmp_path: Path) -> None:
    code = package(
        tmp_path,
        core__a="",
        core__b="",
        core__c="",
        ui__page=(
            "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nimport json\nimport mmlab.core.a\n"
            "if TYPE_CHECKING:\n    from mmlab.core.b import B\ndef late():\n    from ..core import c\n"
        ),
    )
    assert {(item.importer, item.imported) for item in code.imports} == {
        ("mmlab.ui.page", f"mmlab.core.{name}") for name in "abc"
    }
    assert sorted(item.place for item in code.imports) == [f"mmlab/ui/page.py:{line}" for line in (4, 6, 8)]


@pytest.mark.parametrize(
    ("importer", "imported", "wrong"),
    [
        ("ui__page", "mmlab.core.a", False),
        ("core__a", "mmlab.ui.page", True),
        ("methods__m", "mmlab.tasks.t", True),  # side by side
        ("analysis__dominance__d", "mmlab.analysis.base.b", False),
        ("analysis__base__b", "mmlab.analysis.dominance.d", True),
        ("viz__new__n", "mmlab.viz.base.b", False),  # a folder that `*` stands for
        ("viz__base__b", "mmlab.viz.new.n", True),
    ],
)
def test_an_import_that_does_not_point_downwards_is_found(
    tmp_path: Path, importer: str, imported: str, wrong: bool
) -> None:
    files = {importer: f"import {imported}", imported.removeprefix("mmlab.").replace(".", "__"): ""}
    code = package(tmp_path, **files)
    found = [str(item) for folder in architecture.FLOORS for items in upward(code, folder).values() for item in items]
    assert found == ([f"mmlab/{importer.replace('__', '/')}.py:1 imports {imported}"] if wrong else [])


def test_a_circle_of_modules_is_shown_by_its_shortest_way(tmp_path: Path) -> None:
    code = package(
        tmp_path,
        core__a="from mmlab.core import b",
        core__b="from mmlab.core import c, d",
        core__c="from mmlab.core import d",
        core__d="def late():\n    from mmlab.core.a import thing\n",
    )
    assert circles(code) == ["modules: mmlab.core.a → mmlab.core.b → mmlab.core.d → mmlab.core.a"]


def test_folders_can_form_a_circle_where_no_modules_do(tmp_path: Path) -> None:
    code = package(tmp_path, losses__a="import mmlab.storage.b", storage__b="", storage__c="import mmlab.losses.a")
    assert circles(code) == ["folders of mmlab/: losses → storage → losses"]


def test_a_folder_or_a_loose_file_without_a_floor_is_named(tmp_path: Path) -> None:
    code = package(tmp_path, attic__a="", loose="", ui__cellar__c="", ui__pages__new__page="")
    assert [line for line in without_floor(code) if line.endswith("no floor")] == [
        "mmlab/attic has no floor",
        "mmlab/ui/cellar has no floor",
        "loose has no floor",
    ]
    assert "/core is not there" in without_floor(code)


def test_the_picture_shows_every_room_and_every_arrow(tmp_path: Path) -> None:
    code = package(tmp_path, core__a="", tasks__t="import mmlab.core.a", ui__page="import mmlab.core.a, mmlab.tasks.t")
    picture = draw(code)
    texts = [node.text for node in ElementTree.fromstring(picture).iter() if node.text]
    assert {"core/", "tasks/", "ui/"} <= set(texts)
    assert [text for text in texts if " → " in text] == [
        "tasks → core: 1 imports",
        "ui → core: 1 imports",
        "ui → tasks: 1 imports",
    ]
    assert 'class="way red' not in picture


def test_an_upward_arrow_is_red(tmp_path: Path) -> None:
    code = package(tmp_path, core__a="import mmlab.ui.page", ui__page="")
    assert draw(code).count('class="way red') == 1


def test_the_same_code_gives_the_same_picture_and_more_of_the_same_imports_nearly_always(tmp_path: Path) -> None:
    first = package(tmp_path / "one", core__a="", core__b="", ui__a="import mmlab.core.a, mmlab.core.b")
    again = package(tmp_path / "two", core__a="", core__b="", ui__a="import mmlab.core.b, mmlab.core.a")
    more = package(
        tmp_path / "more",
        core__a="",
        core__b="",
        ui__a="import mmlab.core.a, mmlab.core.b",
        ui__b="import mmlab.core.a",
    )
    assert draw(first) == draw(again) == draw(more)


def test_the_check_fails_on_code_with_faults_and_writes_nothing(tmp_path: Path) -> None:
    package(tmp_path, core__a="import mmlab.ui.page", ui__page="")
    command = [sys.executable, "tools/architecture.py", "--check", "--root", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "core must not know ui: mmlab/core/a.py:1 imports mmlab.ui.page" in result.stdout
    assert not (tmp_path / "docs").exists()


def test_the_picture_in_the_documentation_is_of_this_code() -> None:
    drawn = (ROOT / architecture.PICTURE).read_text("utf-8")
    assert drawn == draw(read()), "python tools/architecture.py draws it again"
