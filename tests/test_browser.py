"""The app in Chromium, as people meet it: click, type, upload, draw, record, share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from mmlab.inference.predictor import Model
from mmlab.storage.library import Library
from tests.browser_app import IS_MISSING, at_rest, in_place
from tests.unpacked import pack

ROOT = Path(__file__).resolve().parent.parent
PACK, SLICES = pack("digits"), pack("brain")

pytestmark = [pytest.mark.browser, IS_MISSING]


def answers(page: Any) -> str:
    return str(page.locator(".mm-cards").first.inner_text())


def without_remarks(text: str) -> str:
    """Without what is measured beside the page, and said of an input when it is there."""
    return "\n".join(line for line in text.splitlines() if line.strip() and "far from the training data" not in line)


def switch(page: Any, label: str) -> None:
    page.locator(".stCheckbox", has_text=label).first.locator("label").first.click()


def changed(page: Any, before: str) -> str:
    page.wait_for_function("(text) => document.querySelector('.mm-cards')?.innerText !== text", arg=before)
    return answers(page)


TABS = {  # pages behind another one: the entry of the navigation, and the name in the line under the title
    "Explain": ("Bench", re.compile("Where it looks|Explain →")),
    "Embed": ("Bench", re.compile("Embedding map|Embed →")),
    "Robustness": ("Compare", "If sensors fail"),
}


def hop(page: Any, title: str) -> None:
    """To another page, by the navigation; behind its entry, by the line of its group."""
    entry, tab = TABS.get(title, (title, ""))
    line = page.locator(".st-key-mm-tabs a, .st-key-mm-views a", has_text=tab) if tab else None
    if line is None or not line.count():
        page.locator('[data-testid="stSidebar"] a', has_text=entry).first.click()
        page.wait_for_selector(f"h1:has-text('{entry}')")
    if line is not None:
        line.first.click()
        page.wait_for_selector(f"h1:has-text('{title}')")


def chosen(page: Any, key: str) -> None:
    page.wait_for_selector(f'.mm-lattice [data-pick="{key}"][aria-pressed="true"]')


def test_switching_the_sound_off_and_on_changes_the_answer_and_back(visit: Any) -> None:
    page = visit("/predict?sample=test-0001")
    whole = answers(page)
    switch(page, "Sound")
    without = changed(page, whole)
    chosen(page, "image-pen")
    assert "on=image-pen" in page.url
    switch(page, "Sound")
    assert changed(page, without) == whole
    chosen(page, "image-sound-pen")


def test_a_severity_that_is_picked_below_changes_the_picture_above(visit: Any) -> None:
    """The view is part of the panel that a toggle redraws; pictures and menus are not. The page around stays."""
    messages: list[bytes] = []
    view = "/predict?task=digits&sample=test-0003&view=damage"
    page = visit(view, selector=".mm-answers [data-pick]", heard=messages.append)
    at_rest(page)
    messages.clear()
    seen = page.locator(".st-key-mm-input-0 .mm-pair img").nth(1)
    before = seen.get_attribute("src")
    page.locator('.mm-answers [data-pick="4"]').click()
    page.wait_for_selector(".st-key-mm-head-0 :text('Noise 4')")
    assert seen.get_attribute("src") != before
    switch(page, "Pen")
    chosen(page, "image-sound")
    assert page.locator(".st-key-mm-head-0", has_text="Noise 4").count() == 1
    assert parse_qs(urlsplit(page.url).query)["damage"] == ["image:noise:4"]
    at_rest(page)
    ends = [each.script_finished for each in map(ForwardMsg.FromString, messages) if each.HasField("script_finished")]
    assert ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY in ends
    assert ForwardMsg.FINISHED_SUCCESSFULLY not in ends, "the whole page was made again"


def test_switches_that_are_clicked_in_one_go_are_all_switched(visit: Any) -> None:
    page = visit("/predict?task=digits&sample=test-0003&methods=joint")
    switches = page.locator(".st-key-mm-inputs input[type=checkbox]")
    page.wait_for_selector(".st-key-mm-inputs >> text=Pen")  # they come after the answers
    switches.evaluate_all("all => all.forEach(each => each.click())")
    page.get_by_text("No input is switched on.").wait_for()
    assert [each.is_checked() for each in switches.all()] == [False, False, False]
    switches.evaluate_all("all => all.forEach(each => each.click())")
    page.wait_for_selector("[data-answer]")
    assert [each.is_checked() for each in switches.all()] == [True, True, True]


def test_a_link_opens_the_same_view_in_another_browser(visit: Any) -> None:
    page = visit("/predict?sample=test-0005")
    before = answers(page)
    switch(page, "Image")
    changed(page, before)
    page.wait_for_function("location.search.includes('on=sound-pen')")
    other = visit(urlsplit(page.url).path + "?" + urlsplit(page.url).query)
    chosen(other, "sound-pen")
    assert answers(other) == answers(page)


def test_the_lattice_is_worked_by_mouse_and_by_keyboard(visit: Any) -> None:
    page = visit("/predict?sample=test-0001")
    page.locator('.mm-lattice [data-pick="sound-pen"]').click()
    chosen(page, "sound-pen")
    page.locator('.mm-lattice [data-pick="sound-pen"]').focus()
    page.keyboard.press("ArrowDown")
    reached = page.evaluate("document.activeElement.dataset.pick")
    assert reached in ("image", "sound", "pen")
    page.keyboard.press("Enter")
    chosen(page, reached)
    assert page.evaluate("document.activeElement.dataset.pick") == reached, "the focus stays where it was"


def samples(page: Any) -> None:
    """Open what is behind the button of the samples on the Bench."""
    page.locator(".st-key-mm-samples button").first.click()
    page.get_by_role("tab", name="Upload").wait_for()


def close(page: Any) -> None:
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Upload").wait_for(state="hidden")


def test_a_sample_is_picked_from_the_gallery_which_closes_and_is_searched(visit: Any) -> None:
    page = visit("/predict?sample=test-0001")
    before = answers(page)
    samples(page)
    page.locator('[data-pick="test-0007"]').click()
    changed(page, before)
    page.wait_for_function("location.search.includes('test-0007')")
    page.get_by_role("tab", name="Upload").wait_for(state="hidden")
    samples(page)
    page.get_by_role("button", name="→").click()
    page.wait_for_selector('[data-pick="test-0050"]')
    page.get_by_role("textbox", name="Find by name").fill("test-0123")
    page.keyboard.press("Enter")
    page.wait_for_selector('[data-pick="test-0123"]')
    assert page.locator(".mm-gallery [data-pick]").count() == 1


def bring(page: Any, column: int, *files: Path) -> None:
    if not page.get_by_role("tab", name="Upload").is_visible():
        samples(page)
    page.get_by_role("tab", name="Upload").click()
    page.locator("input[type=file]").nth(column).wait_for(state="attached")
    at_rest(page)
    page.locator("input[type=file]").nth(column).set_input_files([str(file) for file in files])


def test_a_link_is_followed_at_the_first_click_although_the_samples_are_open(visit: Any) -> None:
    page = visit("/predict?sample=test-0001")
    samples(page)
    page.locator('[data-testid="stSidebar"] a', has_text="Models").click()
    page.wait_for_selector("h1:has-text('Models')")


def test_a_picture_and_a_recording_are_brought_and_carried_to_another_browser(visit: Any, tmp_path: Path) -> None:
    page = visit("/predict?sample=test-0002")
    before = answers(page)
    bring(page, 0, PACK / "test-0001.png")
    picture = changed(page, before)
    bring(page, 1, PACK / "test-0001.flac")
    both = changed(page, picture)
    page.wait_for_selector('.mm-lattice [data-pick="image-sound"][aria-pressed="true"]')

    other = visit(urlsplit(page.url).path + "?" + urlsplit(page.url).query)
    other.get_by_text("uploads are not part of a link").wait_for()
    assert answers(other) != both

    close(page)
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Bundle (zip)").click()
    bundle = tmp_path / "view.zip"
    download.value.save_as(bundle)
    before = answers(other)
    samples(other)
    other.get_by_role("tab", name="Upload").click()
    other.get_by_role("button", name="Open a bundle").click()
    other.locator("input[type=file]").last.set_input_files(str(bundle))
    assert changed(other, before) == both


def test_the_numbers_that_are_taken_along_are_those_of_python(visit: Any, browser_models: Path) -> None:
    page = visit("/predict?sample=test-0001")
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers (JSON)").click()
    found = json.loads(Path(download.value.path()).read_text())
    model = Model.open(Library(browser_models).find("digits", "joint"))
    inputs = {"image": PACK / "test-0001.png", "sound": PACK / "test-0001.flac"}
    said = model.predict(dict(inputs))["image-sound"]
    shown = found["methods"]["joint"]["combinations"]["image-sound"]
    assert shown["probabilities"] == pytest.approx(said.probabilities, abs=1e-6)
    assert shown["uncertainty"] == pytest.approx(said.uncertainty, abs=1e-6)

    for name, start in (("Numbers (CSV)", "method,"), ("This view (HTML)", "<!doctype"), ("DMRNet (SVG)", "<svg")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert Path(download.value.path()).read_text().startswith(start)


def test_a_bad_file_is_a_sentence_beside_it(visit: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"this is no picture")
    page = visit("/predict")
    bring(page, 0, file)
    page.get_by_text("is not a picture that can be read").wait_for()
    assert page.locator("[data-answer]").count() == 2


def test_a_digit_is_drawn_with_the_mouse(visit: Any) -> None:
    page = visit("/predict")
    before = answers(page)
    samples(page)
    page.get_by_role("tab", name="Upload").click()
    canvas = page.locator("canvas").first
    canvas.wait_for()
    at_rest(page)
    box = in_place(page, canvas)
    page.mouse.move(box["x"] + 50, box["y"] + 40)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(box["x"] + 50 + 4 * step, box["y"] + 40 + 6 * step)
    page.mouse.up()
    drawn_answers = changed(page, before)
    chosen(page, "image-pen")
    close(page)

    for name in ("Explain", "Bench"):
        hop(page, name)
        samples(page)
        page.locator("canvas").first.wait_for()
        at_rest(page)
        assert "sample=own-" in page.url, "the drawing goes along"
    page.wait_for_selector("[data-answer]")
    assert without_remarks(answers(page)) == without_remarks(drawn_answers)


def test_a_digit_is_spoken_into_the_microphone(visit: Any) -> None:
    page = visit("/predict", permissions=["microphone"])
    before = answers(page)
    samples(page)
    page.get_by_role("tab", name="Upload").click()
    page.get_by_role("radio", name="Microphone").or_(page.get_by_role("button", name="Microphone")).first.click()
    page.get_by_test_id("stAudioInput").get_by_role("button", name="Record").click()
    page.wait_for_timeout(1500)
    page.get_by_test_id("stAudioInput").get_by_role("button", name="Stop recording").click()
    changed(page, before)
    chosen(page, "sound")


def test_the_first_screen_of_the_bench_holds_switches_answers_and_lattice(visit: Any) -> None:
    page = visit("/predict?sample=test-0001", viewport={"width": 1280, "height": 720})
    page.wait_for_selector(".mm-lattice")
    at_rest(page)
    for part in (".st-key-mm-inputs", ".st-key-mm-bench .mm-cards", ".mm-lattice", ".mm-told"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] + box["height"] <= 720, part
        assert box["x"] + box["width"] <= 1280, part
    page.locator("body").press("Tab")
    page.keyboard.press("Enter")  # past the navigation
    presses = 2
    while page.evaluate("document.activeElement.type") != "checkbox":
        page.keyboard.press("Tab")
        presses += 1
        assert presses <= 10, "the first switch is further away"


@pytest.mark.parametrize("path", ["/", "/predict"])
def test_a_narrow_screen_needs_no_scrolling_sideways(visit: Any, path: str) -> None:
    page = visit(path, "h1", viewport={"width": 390, "height": 800})
    page.wait_for_selector("[data-answer]")
    at_rest(page)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    wide = page.evaluate(
        "[...document.querySelectorAll('.stMainBlockContainer *')].filter((item) => !item.closest('.mm-scroll') && "
        "item.getBoundingClientRect().right > 391).map((item) => [item.closest('[class*=st-key]')?.className, "
        "item.textContent.slice(0, 60), item.getBoundingClientRect().right]).slice(0, 5)"
    )
    assert not wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_and_buttons_have_names(visit: Any, scheme: str) -> None:
    page = visit("/predict", color_scheme=scheme)
    assert page.evaluate("[...document.images].filter((image) => !image.alt).length") == 0
    nameless = page.evaluate(
        "[...document.querySelectorAll('[data-pick]')].filter((item) => !item.getAttribute('aria-label')).length"
    )
    assert nameless == 0


def test_the_lattice_of_the_test_set_is_walked_and_a_slider_changes_its_number(visit: Any) -> None:
    page = visit("/robustness?section=failures", ".mm-lattice")
    page.locator('.mm-lattice [data-pick="image-sound-pen"]').focus()
    page.keyboard.press("ArrowDown")
    chosen_now = page.wait_for_function(
        "() => { const key = document.querySelector('.mm-lattice [aria-pressed=true]')?.dataset.pick; "
        "return key !== 'image-sound-pen' && key }"
    ).json_value()
    assert len(chosen_now.split("-")) == 2, "one input was taken away"
    assert page.evaluate("document.activeElement.dataset.pick") == chosen_now
    page.keyboard.press("ArrowUp")
    chosen(page, "image-sound-pen")
    page.keyboard.press("s")
    chosen(page, "image-pen")
    page.wait_for_function("location.search.includes('on=image-pen')")

    number = "document.querySelector('[data-expected]').innerText"
    before = page.evaluate(number)
    page.get_by_role("slider").first.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(f"(text) => {number} !== text", arg=before)
    page.wait_for_function("location.search.includes('fail=30')")


def test_a_chart_is_saved_in_the_browser_and_the_report_opens_alone(visit: Any, browser: Any, tmp_path: Path) -> None:
    page = visit("/robustness?section=report", ".mm-lattice")
    for kind, start in (("svg", b"<svg"), ("png", b"\x89PNG"), ("csv", b"# ")):
        with page.expect_download() as download:
            page.locator(f'[data-save="{kind}"]').first.click()
        assert Path(download.value.path()).read_bytes().startswith(start)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the report (HTML)").click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    context = browser.new_context(offline=True)
    alone, asked = context.new_page(), []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(report.as_uri())
    assert alone.locator("svg").count() >= 8
    assert asked == [report.as_uri()]
    assert alone.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    context.close()


def drawn(page: Any, key: str) -> str:
    """Which picture a figure of Embed shows, once it is painted; another one after each change."""
    selector = f".st-key-{key.replace('.', '-')} .mm-figure[data-drawn]"
    page.wait_for_selector(selector)
    return str(page.locator(selector).get_attribute("data-drawn"))


def redrawn(page: Any, key: str, before: str) -> str:
    selector = f".st-key-{key.replace('.', '-')} .mm-figure"
    page.wait_for_function(
        "([selector, before]) => document.querySelector(selector)?.dataset.drawn !== before", arg=[selector, before]
    )
    return drawn(page, key)


SAYS = """(address) => new Promise((done) => {
    const end = Date.now() + 10_000;
    const look = () => {
        if (location.search.includes(address) || Date.now() > end) done(location.search.includes(address));
        else setTimeout(look, 50);
    };
    look();
})"""


def pick(page: Any, name: str, address: str) -> None:
    """One of a few, until the address says so: what a page draws last can take the place of the button that is being
    clicked, and then nothing is. A second click on what is chosen changes nothing."""
    one = page.get_by_role("button", name=name).or_(page.get_by_role("radio", name=name))
    for _ in range(20):
        one.click()
        if page.evaluate(SAYS, address):
            return
    pytest.fail(f"'{name}' cannot be chosen.")


def test_an_upload_is_placed_in_the_map_and_a_recolouring_keeps_what_was_caught(visit: Any) -> None:
    page = visit("/embed?picture=pca", ".mm-figure[data-drawn]")
    whole, path = drawn(page, "embed.map"), drawn(page, "embed.path")
    page.evaluate("document.querySelector('.st-key-embed-map .js-plotly-plot').dataset.same = 'yes'")
    bring(page, 0, PACK / "test-0001.png")
    page.get_by_text("This sample is new to the map").wait_for()
    placed = redrawn(page, "embed.map", whole)
    redrawn(page, "embed.path", path)

    page.get_by_role("textbox", name="Find samples").fill("5")
    page.keyboard.press("Enter")
    page.wait_for_function("location.search.includes('chosen=')")
    redrawn(page, "embed.map", placed)
    lit = "document.querySelector('.st-key-embed-map .js-plotly-plot').data[0].selectedpoints?.length"
    count = page.evaluate(lit)
    assert count > 0
    at_rest(page)
    caught = drawn(page, "embed.map")
    pick(page, "Right or wrong", "colour=answer")
    redrawn(page, "embed.map", caught)
    assert page.evaluate(lit) == count
    assert page.evaluate("document.querySelector('.st-key-embed-map .js-plotly-plot').dataset.same") == "yes"

    page.get_by_role("link", name="In Robustness").click()
    page.wait_for_selector(".mm-lattice")
    page.get_by_text("selected on Embed").wait_for()
    assert "chosen=" in page.url


def test_a_slice_of_a_scan_is_placed_in_the_map_of_its_task(visit: Any) -> None:
    page = visit("/embed?task=brain&picture=pca", ".mm-figure[data-drawn]")
    whole = drawn(page, "embed.map")
    bring(page, 0, SLICES / "test-001-05-flair.png")
    page.get_by_text("This sample is new to the map").wait_for()
    redrawn(page, "embed.map", whole)


def test_dots_are_caught_with_the_mouse_and_the_map_is_saved(visit: Any) -> None:
    page = visit("/embed?picture=pca", ".mm-figure[data-drawn]")
    drawn(page, "embed.map")
    figure = page.locator(".st-key-embed-map .js-plotly-plot")
    figure.evaluate("(figure) => figure.scrollIntoView({block: 'center'})")
    box = figure.bounding_box()
    x, y = figure.evaluate(
        "({data, _fullLayout: {xaxis, yaxis}}) => { const far = data[0].x.indexOf(Math.max(...data[0].x)); "
        "return [xaxis._offset + xaxis.d2p(data[0].x[far]), yaxis._offset + yaxis.d2p(data[0].y[far])]; }"
    )
    corners = [(-16, -16), (16, -16), (16, 16), (-16, 16), (-16, -16)]
    page.mouse.move(box["x"] + x - 16, box["y"] + y - 16)
    page.mouse.down()
    for across, down in corners[1:]:
        page.mouse.move(box["x"] + x + across, box["y"] + y + down, steps=8)
    page.mouse.up()
    page.wait_for_function("location.search.includes('chosen=')")
    page.get_by_text("selected samples").first.wait_for()
    for kind, start in (("svg", b"<svg"), ("png", b"\x89PNG"), ("html", b"<!doctype")):
        with page.expect_download() as download:
            page.locator(f'.st-key-embed-map [data-save="{kind}"]').click()
        assert Path(download.value.path()).read_bytes().startswith(start)


def test_a_map_becomes_solid_and_flat_again(visit: Any) -> None:
    """Two builds of the drawing library take turns in one figure."""
    page = visit("/embed?picture=pca", ".mm-figure[data-drawn]")
    kind = "document.querySelector('.st-key-embed-map .js-plotly-plot').data[0].type"
    before = drawn(page, "embed.map")
    for axes, expected in (("3-D", "scatter3d"), ("2-D", "scattergl")):
        page.get_by_role("button", name=axes).or_(page.get_by_role("radio", name=axes)).click()
        before = redrawn(page, "embed.map", before)
        assert page.evaluate(kind) == expected
    figure = page.locator(".st-key-embed-map .js-plotly-plot")
    assert figure.count() == 1
    assert "lasso" in figure.evaluate("(each) => each.layout.dragmode")


def test_the_dots_are_seen_before_the_drawing_library_is_there(visit: Any) -> None:
    page, held = visit("/library", ".mm-head"), []
    page.route("**/plotly-gl2d.min.js", lambda route: held.append(route))
    page.goto(page.url.replace("/library", "/embed"))
    page.wait_for_selector(".st-key-embed-map .mm-figure[data-sketched]")
    coloured = "(sheet) => sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height).data.some((v) => v)"
    assert page.locator(".st-key-embed-map .mm-preview").evaluate(coloured)
    for route in held:
        route.continue_()
    drawn(page, "embed.map")
    assert page.locator(".st-key-embed-map .mm-preview").count() == 0


@pytest.mark.parametrize("page_name", ["explain", "robustness", "dominance"])
def test_one_press_of_back_leaves_a_page_and_its_view_stays(page_name: str, visit: Any) -> None:
    page = visit("/predict?task=digits&sample=test-0001&methods=joint.dropout&on=image&lattice=joint")
    at_rest(page)
    before = page.url
    hop(page, page_name.capitalize())
    page.wait_for_url(f"**/{page_name}?*")
    for field in ("task=digits", "sample=test-0001", "methods=joint.dropout", "on=image"):
        assert field in page.url
    at_rest(page, page_name.capitalize())
    page.wait_for_timeout(1500)  # whatever it may still put into the history
    for _ in range(2 if page_name == "robustness" else 1):
        page.go_back()
        at_rest(page)
    page.wait_for_selector("h1:has-text('Bench')")
    page.wait_for_url(before)
    chosen(page, "image")


def test_a_switch_that_was_just_turned_goes_along_to_the_next_page(visit: Any) -> None:
    page = visit("/predict?task=digits&sample=test-0001&methods=joint.dropout&lattice=joint")
    before = answers(page)
    switch(page, "Sound")
    changed(page, before)
    hop(page, "Explain")
    page.wait_for_url("**/explain?*")
    page.wait_for_function("() => location.search.includes('on=image-pen')")


def test_a_class_votes_on_a_lesson_from_a_phone(visit: Callable[..., Any]) -> None:
    teacher = visit("/lessons", ".st-key-mm-school")
    teacher.get_by_role("button", name="Open a class").click()
    code = teacher.locator(".st-key-mm-class h3").inner_text().split()[-1]
    pupil = visit("/join?hide=sidebar", "input", viewport={"width": 390, "height": 844})
    pupil.locator("input").first.fill(code.lower())
    pupil.get_by_role("button", name="Join").click()
    pupil.get_by_text("has not asked a question yet").wait_for()
    teacher.locator(".st-key-mm-go-lesson-mine a").first.click()
    pupil.get_by_role("button", name="Right, sure").click()
    pupil.get_by_role("button", name="Not, sure").click()
    teacher.get_by_text("1 of 1 voted.").wait_for()
    assert "on=image-pen" not in teacher.url
    teacher.get_by_role("button", name="Show the answer").click()
    teacher.locator(".mm-reveal").wait_for()
    assert "on=image-pen" in teacher.url
    pupil.locator(".mm-vote-right").wait_for()
    assert "your vote" in pupil.locator(".mm-votes").inner_text()
    assert not pupil.locator("[data-testid=stSidebar]").is_visible()
    assert pupil.evaluate("document.documentElement.scrollWidth") <= 390
