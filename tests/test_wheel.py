"""The package as people install it: built, put into an environment of its own, and used away from the checkout."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from mmlab.core.version import __version__
from mmlab.storage.cache_folder import cache_folder
from mmlab.ui.session.page_registry import navigation
from tests import documented, hub_server
from tests.brought import bring
from tests.installed import ROOT, Forks, Installed, build_wheel, free_port
from tests.unpacked import pack

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINNED = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE))
OPEN_PAGES = """
from streamlit.testing.v1 import AppTest
from mmlab.storage import shipped_files

app = AppTest.from_file(str(shipped_files.APP), default_timeout=400).run()
assert not app.exception, app.exception
assert not app.error, [each.value for each in app.error]
print(len(app.sidebar.get("page_link")), shipped_files.APP)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


def test_what_is_declared_is_what_the_suite_runs_with() -> None:
    declared = {each.name: each for each in map(Requirement, PROJECT["dependencies"])}
    assert set(declared) == set(PINNED)
    assert [name for name, each in declared.items() if Version(PINNED[name]) not in each.specifier] == []


def test_all_extras_are_in_all() -> None:
    extras: Mapping[str, list[str]] = PROJECT["optional-dependencies"]
    (whole,) = map(Requirement, extras["all"])
    assert whole.extras == set(extras) - {"all"}


@pytest.mark.slow
def test_the_wheel_holds_what_the_checkout_has_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        text = archive.read(f"mmlab-{__version__}.dist-info/METADATA").decode()
    folders = {"mmlab": "mmlab", "pages": "mmlab/_shipped/pages", "checkpoints": "mmlab/_shipped/checkpoints"}
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        files = [line.split("/", 1) for line in listed.stdout.split("\n") if line]
        assert {f"{folders[first]}/{rest}" for first, rest in files} <= names
    assert {"mmlab/_shipped/app.py", "mmlab/_shipped/.streamlit/config.toml", "mmlab/py.typed"} <= names
    assert {name.split("/")[0] for name in names} == {"mmlab", f"mmlab-{__version__}.dist-info"}
    assert [name for name in names if name.endswith((".pyc", ".log", "resume.safetensors"))] == []
    assert text.count("License-File:") == len([name for name in names if "/licenses/" in name]) >= 5


@pytest.mark.slow
def test_the_command_line_works_from_the_installed_package(installed: Installed) -> None:
    whole = installed.json("list")
    assert {"digits", "watch"} <= {task["name"] for task in whole["tasks"]}
    assert all(task["methods"]["joint"]["mean"] > 0 for task in whole["tasks"] if task["name"] in ("digits", "watch"))
    assert installed.run("python", "-m", "mmlab", "list").stdout == installed.run("mmlab", "list").stdout
    sample = pack("digits", installed.packages) / "test-0000.png"
    answers = installed.json("predict", "--task", "digits", "--method", "joint", "--input", f"image={sample}")
    assert "image" in json.dumps(answers)


@pytest.mark.slow
def test_the_library_of_a_person_lies_in_their_own_folder(installed: Installed) -> None:
    before = sorted(path for path in installed.packages.rglob("*") if "__pycache__" not in path.parts)
    trained = installed.run(
        *("mmlab", "train", "--task", "watch", "--method", "joint", "--tag", "mine"),
        *("--plan", "epochs=1", "--plan", "samples=64"),
    )
    assert trained.returncode == 0, trained.stderr
    library = installed.library
    assert (library / "watch" / "joint" / "mine" / "model.safetensors").is_file()
    assert (library / "digits" / "dmrnet" / "seed0" / "model.safetensors").is_file()
    assert sorted(path for path in installed.packages.rglob("*") if "__pycache__" not in path.parts) == before


@pytest.mark.slow
def test_the_app_that_the_command_opens_is_that_of_the_package(installed: Installed) -> None:
    said = installed.json("app")
    assert Path(said["app"]).is_relative_to(installed.packages)
    assert Path(said["library"]).is_relative_to(installed.home)


@pytest.mark.slow
def test_the_app_opens_from_the_installed_package(installed: Installed) -> None:
    found = installed.run("python", "-c", OPEN_PAGES)
    assert found.returncode == 0, found.stderr
    links, app = found.stdout.split(maxsplit=1)
    assert int(links) == 1 + len(navigation())
    assert Path(app.strip()).is_relative_to(installed.packages)


@pytest.mark.slow
def test_the_start_command_of_a_space_serves_the_app_from_the_wheel(installed: Installed) -> None:
    text = re.sub(r"\\\n\s*", "", (ROOT / "deploy" / "space" / "Dockerfile").read_text("utf-8"))
    settings = dict(pair.split("=") for pair in re.findall(r"^ENV (.*)$", text, re.MULTILINE)[0].split())
    command = json.loads(re.findall(r"^CMD (.*)$", text, re.MULTILINE)[0])
    own = {**settings, "STREAMLIT_SERVER_ADDRESS": "127.0.0.1", "SPACE_HOST": "me-mmlab.hf.space"}
    line = shlex.join((*command[:-1], f"{command[-1]} --port {(port := free_port())}"))
    assert installed.serve(line, f"http://127.0.0.1:{port}/_stcore/health", installed.elsewhere, **own) == "ok"


@pytest.fixture(scope="module")
def forks(installed: Installed, hub: hub_server.Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """In an empty folder, but for the files that the documentation supposes a person to have."""
    variables = {"HF_ENDPOINT": hub.address, "HF_HUB_DISABLE_XET": "1", "MMLAB_CACHE": str(cache_folder())}
    with installed.forks(tmp_path_factory.mktemp("desk"), **variables) as found:
        bring(installed, found)
        yield found


@pytest.fixture(scope="module")
def extras(installed: Installed) -> set[str]:
    """The packages of extras that are here; without one, a command says how to install it."""
    return installed.importable({each.extra for each in documented.KNOWN.values() if each.extra})


@pytest.fixture(scope="module")
def typed() -> set[str]:
    """The commands that were run: what two pages show is run once."""
    return set()


@pytest.fixture(scope="module")
def hub() -> Iterator[hub_server.Hub]:
    with hub_server.running() as found:
        yield found


def test_every_command_of_the_documentation_is_known_and_what_is_known_stands_there() -> None:
    known = {*documented.KNOWN, *documented.OF_THE_CHECKOUT, *documented.SPOKEN_OF}
    there = {documented.key(line) for page in documented.PAGES for line in documented.commands(page)}
    extras = {found[1]: line for line in there if (found := documented.EXTRA.fullmatch(line))}
    assert {"hub", "notebook"} <= set(extras) <= set(PROJECT["optional-dependencies"])
    assert there - known - set(extras.values()) == set()
    assert known - there == set()
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {line.split("make ")[1] for line in documented.OF_THE_CHECKOUT if "make " in line} <= set(targets)


@pytest.mark.slow
@pytest.mark.timeout(3600)  # sixty commands
@pytest.mark.parametrize("page", documented.PAGES)
def test_the_commands_of_the_documentation_do_what_it_says(
    page: str, installed: Installed, forks: Forks, typed: set[str], extras: set[str]
) -> None:
    """With nothing but the wheel; trainings of one epoch; the Hub is a server of this machine."""
    variables = {} if page == "docs/hub.md" else {"HF_TOKEN": hub_server.TOKEN}  # that page logs in
    wrong = []
    for line in documented.commands(page):
        known = documented.KNOWN.get(documented.key(line))
        if known is not None and line not in typed:
            typed.add(line)
            wrong += problems(line, known, extras, installed, forks, variables)
    assert wrong == []


def problems(
    line: str,
    known: documented.Documented,
    extras: set[str],
    installed: Installed,
    forks: Forks,
    variables: Mapping[str, str],
) -> list[str]:
    """What is wrong with what a command does."""
    words = documented.pasted(line, known, port=(port := free_port()), token=hub_server.TOKEN)
    if known.asked:
        said = installed.serve(
            words, f"http://127.0.0.1:{port}{known.asked}", forks.folder, **forks.variables, **variables
        )
        return [] if said == "ok" else [f"{words} answers {said}"]
    there = not known.extra or known.extra in extras
    found = forks.type(words, **variables)
    code, says, leaves = known.code, known.says, known.leaves or "*"
    if not there:
        code, says, leaves = 2, r"pip install .mmlab\[\w+\]", "*"
    if (
        found.returncode == code
        and re.search(says, found.stdout + found.stderr)
        and any(list(place.glob(leaves)) for place in (forks.folder, installed.library))
    ):
        return []
    return [f"{words}: {found.returncode}\n{found.stdout[-2000:]}\n{found.stderr[-2000:]}"]


@pytest.mark.slow
def test_the_python_of_the_readme_answers(forks: Forks) -> None:
    (lines,) = re.findall(
        r"```python\n(import mmlab\n\nmodel = .*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    *before, last = lines.strip().splitlines()
    (forks.folder / "ask.py").write_text("\n".join((*before, f"print({last})")))
    found = forks.type("python ask.py")
    assert "probabilities" in found.stdout, found.stderr
