"""Addresses of every page, as a link that somebody else wrote may have them."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode

from mmlab.storage.library import SHIPPED
from mmlab.testing.page_contract import app_at
from mmlab.ui.session.page_registry import pages
from tests.attack.readers import Files, reader

SOUND = {
    "task": "watch",
    "sample": "test-0003",
    "methods": "gmd.joint",
    "runs": "gmd:seed0",
    "on": "accelerometer",
    "damage": "gyroscope:noise:3,accelerometer:blanked:0.2-0.55",
    "blank": "gyroscope:random:3",
    "lattice": "gmd",
    "method": "mmanet",
    "run": "watch/gmd/seed0",
    "explainer": "gradcam",
    "metric": "accuracy",
}


def _addresses(place: Path) -> Files:
    """One sound address for each page, with a value for each field that it declares."""
    fields = {page.name: {**SOUND, **{name: SOUND.get(name, "x") for name in page.fields}} for page in pages()}
    return {name: b"?" + urlencode(found).encode() for name, found in fields.items()}


@reader("the address of a page", _addresses, 1)
def opened(content: bytes, name: str, place: Path) -> None:
    """The page opens: what the address names and is not there is said in a sentence, and nothing ends in an error."""
    found = dict(parse_qsl(content.decode("utf-8", "replace").lstrip("?"), keep_blank_values=True, max_num_fields=2000))
    with patch.dict(os.environ, {"MMLAB_CHECKPOINTS": str(SHIPPED), "MMLAB_CACHE": str(place / "cache")}):
        app = app_at(name, **found).run()
    assert not app.exception, [each.value for each in app.exception]
    for each in app.error:
        assert each.value.rstrip().endswith((".", "!", "?", ")", "`")), each.value
        each.value.encode()
