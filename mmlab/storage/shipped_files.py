"""What ships beside the package: the app, its pages and settings, and trained models.

In a checkout they lie in its root, where Streamlit and its hosts look for them; an installed package has them in
`mmlab/_shipped/` (`pyproject.toml` puts them there).
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
PACKED = PACKAGE / "_shipped"
IS_INSTALLED = PACKED.is_dir()
ROOT = PACKED if IS_INSTALLED else PACKAGE.parent
APP, PAGES, CHECKPOINTS = ROOT / "app.py", ROOT / "pages", ROOT / "checkpoints"
