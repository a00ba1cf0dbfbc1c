"""A stretch dragged over the timeline of a recording in Chromium: anew, moved, and by an edge."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser_app import IS_MISSING, at_rest, in_place

pytestmark = [pytest.mark.browser, IS_MISSING]
START = "/predict?task=digits&sample=test-0004&methods=joint&on=pen&view=damage&damage=pen:blanked:10-30"


def stretch(page: Any) -> tuple[float, float]:
    """That of the address."""
    found = re.fullmatch(r"pen:blanked:([\d.]+)-([\d.]+)", parse_qs(urlsplit(page.url).query)["damage"][0])
    assert found is not None
    return float(found[1]), float(found[2])


def drag(page: Any, first: float, last: float) -> None:
    """From one share of the timeline below the Bench to another."""
    strip = page.locator(".mm-stretch:visible").last
    at_rest(page)
    strip.scroll_into_view_if_needed()
    box = in_place(page, strip)
    y, before = box["y"] + box["height"] / 2, page.url
    page.mouse.move(box["x"] + first * box["width"], y)
    page.mouse.down()
    for share in ((first + last) / 2, last):
        page.mouse.move(box["x"] + share * box["width"], y)
    page.mouse.up()
    page.wait_for_url(lambda url: url != before)
    at_rest(page)


def test_what_is_dragged_over_the_timeline_is_blanked_and_answered(visit: Any) -> None:
    page = visit(START)
    cards = page.locator(".mm-cards").first
    before = cards.inner_text()
    drag(page, 0.4, 0.9)
    assert stretch(page) == pytest.approx((40, 90), abs=1.5)
    page.wait_for_function("(text) => document.querySelector('.mm-cards')?.innerText !== text", arg=before)
    drag(page, 0.6, 0.4)
    assert stretch(page) == pytest.approx((20, 70), abs=2.5), "it was moved"
    drag(page, 0.7, 0.5)
    assert stretch(page) == pytest.approx((20, 50), abs=3.5), "its end was moved"
