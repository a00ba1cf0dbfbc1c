"""What mkdocs does not do by itself for `make docs` (hooks in mkdocs.yml): pages from outside `docs/`, links, formulas.

The pages read the same in the repository and on the site: README is the first page, CONTRIBUTING and CHANGES are pages,
and any other file of the repository that a page links to is copied into the site.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGES.md": "changes.md"}
COPIED = "files"
LINK = re.compile(r"(\]\(|(?:href|src)=\")(?![a-z]+:|#|/)([^)\"\s#]+)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that stand in the root, and what pages link to outside `docs/`."""
    for source, name in PAGES.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    for page in (*PAGES, *(f"docs/{each.name}" for each in (ROOT / "docs").glob("*.md"))):
        for _, link in LINK.findall(_shown(page)):
            target = _in_repository(page, link)
            name = _on_site(target)
            if name.startswith(COPIED) and (ROOT / target).is_file() and files.get_file_from_path(name) is None:
                files.append(
                    File.generated(config, name, abs_src_path=str(ROOT / target), inclusion=InclusionLevel.NOT_IN_NAV)
                )
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let each link lead to where its file stands on the site."""
    name = page.file.src_uri
    source = {site: there for there, site in PAGES.items()}.get(name, f"docs/{name}")

    def moved(found: re.Match[str]) -> str:
        there = _on_site(_in_repository(source, found[2]))
        return found[1] + os.path.relpath(there, PurePosixPath(name).parent)

    return LINK.sub(moved, markdown)


def math(source: str, *_: Any, **__: Any) -> str:
    """A block of LaTeX as MathML, which browsers draw without a script."""
    from latex2mathml.converter import convert

    return f'<div class="arithmatex">{convert(source, display="block")}</div>'


def _shown(page: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def _in_repository(page: str, link: str) -> str:
    return os.path.normpath(PurePosixPath(page).parent / link)


def _on_site(path: str) -> str:
    """Where a file of the repository stands among those of the site."""
    if path in PAGES:
        return PAGES[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else f"{COPIED}/{path}"
