"""Colours that can be told apart, lattices that are complete, drawings of every kind."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from mmlab.cli.console import number
from mmlab.core.number_text import digits_of, fixed, on_scale
from mmlab.core.outputs import Prediction, Regression
from mmlab.core.recordings import Picture, Raw, Series, Sound, Strokes, Text
from mmlab.viz.base import svg_chart, theme
from mmlab.viz.base.svg import standalone
from mmlab.viz.compare import many_combinations, method_tables, prediction_scatter, score_table
from mmlab.viz.dominance import seed_bars
from mmlab.viz.explain import attribution_maps
from mmlab.viz.inputs import recordings, text
from mmlab.viz.inputs.raster import heat_table
from mmlab.viz.predict import combination_lattice, node_shape, number_line, prediction_cards

ROOT = Path(__file__).resolve().parent.parent
LETTERS = dict(zip("abcdef", "ABCDEF", strict=True))
COLOURS = dict(zip("abcdef", theme.MODALITIES, strict=True))


def states(count: int) -> list[combination_lattice.State]:
    """The answer is "x" while the first modality is there."""
    names = tuple(LETTERS)[:count]
    subsets = [subset for size in range(1, count + 1) for subset in combinations(names, size)]
    return [
        combination_lattice.State(subset, "x" if "a" in subset else "y", 0.5, "a" in subset, "a" in subset)
        for subset in subsets
    ]


def letters(count: int) -> dict[str, str]:
    return {name: LETTERS[name] for name in tuple(LETTERS)[:count]}


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_a_lattice_has_every_combination_and_every_line(count: int) -> None:
    drawn = combination_lattice.lattice(states(count), letters(count), selected="a")
    assert len(drawn.nodes) == 2**count - 1
    assert len(drawn.edges) == count * 2 ** (count - 1) - count
    assert [node.state.key for node in drawn.nodes if node.selected] == ["a"]
    for edge in drawn.edges:
        upper, lower = drawn.node(edge.upper), drawn.node(edge.lower)
        assert upper.y < lower.y
        assert set(upper.state.names) - set(lower.state.names) == {edge.removed}
        assert edge.flips == (edge.removed == "a")


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_no_two_boxes_of_a_lattice_overlap(count: int) -> None:
    drawn = combination_lattice.lattice(states(count), letters(count))
    for first, second in combinations(drawn.nodes, 2):
        apart = abs(first.x - second.x) >= drawn.shape.wide or abs(first.y - second.y) >= drawn.shape.high
        assert apart, (first.state.key, second.state.key)
    for node in drawn.nodes:
        assert drawn.shape.wide / 2 <= node.x <= drawn.width - drawn.shape.wide / 2
        assert drawn.shape.high / 2 <= node.y <= drawn.height - drawn.shape.high / 2


@pytest.mark.parametrize("count", [2, 3, 4])
def test_no_two_letters_on_the_lines_of_a_lattice_meet(count: int) -> None:
    """As many as can be: with a class per number of inputs, every removal changes the answer."""
    several = [replace(state, answer=str(len(state.names)), same=False, good=None) for state in states(count)]
    for found in (states(count), several):
        drawn = combination_lattice.lattice(found, letters(count))
        flips = [edge for edge in drawn.edges if edge.flips]
        apart = 2 * combination_lattice.LETTER * drawn.shape.several
        for one, other in combinations(combination_lattice.letter_places(drawn, flips), 2):
            assert math.dist(one, other) >= apart * (1 if found is not several or count < 4 else 0.8)


def test_a_box_of_the_lattice_is_read_aloud_with_plain_signs() -> None:
    sure = combination_lattice.State(("a",), "x", 0.999, True, True)
    drawing = combination_lattice.svg(combination_lattice.lattice([sure], letters(1)), COLOURS, LETTERS)
    assert "x, right, &gt; 99 %" in drawing
    assert "&amp;gt;" not in drawing


@pytest.mark.parametrize("count", [2, 3, 6])
def test_a_lattice_is_drawn_with_buttons_that_say_what_they_show(count: int) -> None:
    drawing = combination_lattice.svg(
        combination_lattice.lattice(states(count), letters(count), selected="a"), COLOURS, LETTERS
    )
    buttons = [item for item in ET.fromstring(drawing).iter() if item.get("data-pick")]
    assert len(buttons) == 2**count - 1
    assert all(button.get("role") == "button" and button.get("tabindex") == "0" for button in buttons)
    chosen = next(button for button in buttons if button.get("aria-pressed") == "true")
    assert chosen.get("aria-label") == "A: x, right, 50 %"


def test_right_and_wrong_differ_in_shape_and_sign_not_only_in_colour() -> None:
    drawing = combination_lattice.svg(combination_lattice.lattice(states(2), letters(2)), COLOURS, LETTERS)
    assert "✓" in drawing
    assert "✗" in drawing
    assert len(set(re.findall(r'rx="(\d+)" fill="#', drawing))) == 2


def test_a_lattice_of_what_was_given_only() -> None:
    given = [state for state in states(3) if "c" not in state.names]
    drawn = combination_lattice.lattice(given, letters(3))
    assert drawn.modalities == ("a", "b")
    assert len(drawn.edges) == 2


def test_names_from_data_cannot_break_out_of_a_drawing() -> None:
    evil = combination_lattice.State(("a",), '"><script>', 1.0, None, True)
    drawing = combination_lattice.svg(
        combination_lattice.lattice([evil], {"a": "<"}, {"a": '"x"'}), COLOURS, {"a": "<"}
    )
    assert "<script" not in drawing
    ET.fromstring(drawing)
    card = prediction_cards.Card(
        "<script>", said({'<img src="x">': 1.0}), said({'<img src="x">': 1.0}), "", "<b>", "<i>"
    )
    assert not re.search(r"<(script|img)", prediction_cards.cards([card]))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (node_shape.PLAIN, ["Drama, War", "Drama, War, Sport", "Drama, War +2", "Documentary +2"]),
        (node_shape.NARROW, ["Drama, War", "Drama, War +1", "Drama, War +2", "Documentary +2"]),
    ],
)
def test_as_many_of_several_labels_are_named_as_there_is_room_for(shape: node_shape.NodeShape, said: list[str]) -> None:
    answers = [
        ("Drama", "War"),
        ("Drama", "War", "Sport"),
        ("Drama", "War", "Documentary", "Film-Noir"),
        ("Documentary", "Film-Noir", "Animation"),
    ]
    assert [node_shape.listed(each, shape) for each in answers] == said


def test_a_box_names_labels_and_its_button_says_all_of_them() -> None:
    labels = ("Drama", "War", "History", "Documentary")
    given = combination_lattice.State(("a",), ", ".join(labels), 0.9, True, True, labels)
    drawing = combination_lattice.svg(combination_lattice.lattice([given], letters(1)), COLOURS, letters(1))
    shown = re.sub("<title>.*?</title>", "", drawing)
    assert ">Drama, War<" in shown
    assert "+2" in shown
    assert "Documentary" not in re.sub('aria-label=".*?"', "", shown)
    assert 'aria-label="A: Drama, War, History, Documentary, right, 90 %"' in drawing


def test_a_saved_lattice_has_its_own_ink_and_paper() -> None:
    drawing = standalone(combination_lattice.svg(combination_lattice.lattice(states(2), letters(2)), COLOURS, LETTERS))
    root = ET.fromstring(drawing)
    assert root.get("color")
    assert root[0].get("fill") == "#FFFFFF"


def said(probabilities: dict[str, float], uncertainty: float = 0.3) -> Prediction:
    best = max(probabilities, key=lambda name: probabilities[name])
    return Prediction(best, probabilities, uncertainty, list(probabilities).index(best))


def test_a_card_says_answer_certainty_and_change() -> None:
    now, whole = said({"3": 0.6, "8": 0.4}), said({"3": 0.1, "8": 0.9})
    html = prediction_cards.cards([prediction_cards.Card("Joint", now, whole, "8", "unsure", "Image + Sound")])
    assert "<b data-answer>3</b>" in html
    assert "✗ wrong" in html
    assert "60 %" in html
    assert "Image + Sound it says <b>8</b> (90 %)" in re.sub(r"</?span[^>]*>", "", html)


def test_of_many_classes_the_likeliest_and_the_right_one_are_shown() -> None:
    now = said({f"class {i}": (0.6 if i == 3 else 0.4 / 39) for i in range(40)})
    html = prediction_cards.cards([prediction_cards.Card("Joint", now, now, "class 39", "sure", "")])
    assert html.count('role="listitem"') == prediction_cards.MOST_BARS - 2
    assert "class 39" in html
    assert "and 30 more" in html


def test_a_number_stands_on_its_scale() -> None:
    now, whole = Prediction("+1.50", {}, 0.2, 1.5), Prediction("-3.00", {}, 0.2, -3.0)
    html = prediction_cards.cards(
        [prediction_cards.Card("Joint", now, whole, "", "", "Text", number_line.Scale(-3.0, 3.0, 0.0))]
    )
    assert 'style="left:75.0%"' in html
    assert 'style="left:0.0%"' in html
    assert "Changed sides" in html
    assert "nats" not in html


def test_the_card_of_a_number_says_how_far_off_it_may_be_and_is() -> None:
    now, whole = Prediction("-1.50", {}, 0.2, -1.5), Prediction("-2.00", {}, 0.2, -2.0)
    scale = number_line.Scale(-3.0, 3.0, 0.0, 2, truth=-0.25, reach=2.0)
    html = prediction_cards.cards([prediction_cards.Card("Joint", now, whole, "-0.25", "", "Text", scale)])
    assert "✓ right side" in html
    assert "90 % interval: −3.00 to 0.50 · off\u00a0by\u00a01.25" in html  # cut at the end of the scale
    assert "0.5 higher, on the same side" in html
    assert 'aria-label="Answer −1.5 on a scale from −3 to 3; with all inputs −2; truth −0.25"' in html


def test_a_percentage_on_an_axis_has_a_digit_more_where_a_whole_one_would_be_wrong() -> None:
    steps = svg_chart.Axis("share", 0.0, 0.12)
    assert [steps.shown(tick) for tick in steps.ticks] == ["0.0 %", "2.5 %", "5.0 %", "7.5 %", "10.0 %"]
    whole = svg_chart.Axis("accuracy", 0.9, 0.94)
    assert [whole.shown(tick) for tick in whole.ticks] == ["90 %", "91 %", "92 %", "93 %", "94 %"]


def test_a_scale_has_as_many_numbers_as_fit_beside_each_other() -> None:
    def ticks(low: float, high: float, digits: int) -> list[str]:
        return re.findall(r'%">([^<◆]+)</span>', number_line.line(number_line.Scale(low, high, 0.0, digits), 0.5, 0.5))

    assert ticks(-3, 3, 2) == ["−3", "−2", "−1", "0", "1", "2", "3"]
    assert ticks(-1, 1, 3) == ["−1", "−0.5", "0", "0.5", "1"]


def test_in_a_lattice_of_numbers_only_a_change_of_sides_is_a_change() -> None:
    numbers = {("a", "b"): "+1.00", ("a",): "+0.20", ("b",): "-0.10"}
    drawn = combination_lattice.lattice(
        [combination_lattice.State(k, v, None, None, v[0] == "+") for k, v in numbers.items()], letters(2)
    )
    assert {edge.lower: edge.flips for edge in drawn.edges} == {"a": False, "b": True}
    html = combination_lattice.svg(drawn, COLOURS, letters(2))
    assert "B: -0.10, not as with all inputs</title>" in html
    assert "%" not in re.sub(r"max-width:.*?px|<rect[^>]*>", "", html)


def test_words_break_into_lines_and_carry_their_heat() -> None:
    words = ["not", "a", "very", "good", "film", "<b>", "x" * 200]
    placed, height = text.laid(words, 160, 20)
    assert len({each.y for each in placed}) > 1
    assert all(each.x + each.width <= 160 for each in placed[:-1])
    assert height > max(each.y for each in placed)
    html = attribution_maps.overlay("text", np.ones((2, 32)), np.eye(1, 32, 3)[0], "Text", words=words)
    assert "Most: good 100 %." in html
    assert "No word stands out" in attribution_maps.nothing("text", np.ones((2, 32)), "Text", words=words)


def test_ink_reads_as_text() -> None:
    assert theme.contrast(theme.INK_LIGHT, theme.LIGHT) >= 7
    assert theme.contrast(theme.INK_DARK, theme.DARK) >= 7


def test_the_style_sheet_uses_the_same_colours() -> None:
    sheet = (ROOT / "mmlab" / "ui" / "components" / "style.css").read_text().upper()
    for i, colour in enumerate(theme.MODALITIES):
        assert f".ST-KEY-MM-INPUT-{i} {{ BORDER-TOP-COLOR: {colour}; }}" in sheet


def test_the_heat_palette_gets_steadily_lighter() -> None:
    table = heat_table().astype(float) @ [0.2126, 0.7152, 0.0722]
    assert all(second >= first - 1e-6 for first, second in pairwise(table))


RAWS: dict[str, Raw] = {
    "grey": Picture(np.zeros((28, 28), np.uint8)),
    "colour": Picture(np.zeros((900, 600, 3), np.uint8)),
    "sound": Sound(np.sin(np.arange(8000) / 9).astype(np.float32), 8000),
    "tiny sound": Sound(np.zeros(3, np.float32), 8000),
    "strokes": Strokes((np.array([[0, 0], [1, 2]], np.float32), np.array([[4, 4]], np.float32))),
    "series": Series(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32), 50.0, ("x", "y", "z")),
    "text": Text('<b> & "quotes"' * 9),
}


@pytest.mark.parametrize("name", RAWS)
def test_every_recording_is_drawn(name: str) -> None:
    drawing = recordings.recorded(RAWS[name], theme.ACCENT, "It")
    check(drawing)
    check(recordings.thumbnail({"a": RAWS[name]}, COLOURS))


@pytest.mark.parametrize("heat", [False, True])
@pytest.mark.parametrize(
    ("kind", "shape", "of_heat"),
    [
        ("image", (1, 28, 28), (7, 7)),
        ("image", (3, 16, 16), (16, 16)),
        ("sound", (1, 32, 64), (8, 16)),
        ("path", (2, 16), (4,)),
        ("series", (6, 50), (12,)),
        ("vector", (9,), (9,)),
    ],
)
def test_what_a_model_sees_is_drawn(kind: str, shape: tuple[int, ...], of_heat: tuple[int, ...], heat: bool) -> None:
    rng = np.random.default_rng(0)
    values = rng.random(of_heat) if heat else None
    check(recordings.seen(kind, rng.random(shape).astype(np.float32), theme.ACCENT, "It", values))


def check(drawing: recordings.Drawing) -> None:
    assert drawing.alt
    assert drawing.data_uri.startswith("data:image/")
    if drawing.kind == "png":
        assert drawing.content.startswith(b"\x89PNG")
    else:
        ET.fromstring(drawing.content.decode())
        assert b"nan" not in drawing.content


def test_drawing_needs_neither_torch_nor_streamlit() -> None:
    code = (
        "import sys; import mmlab.viz.predict.prediction_cards, mmlab.viz.predict.combination_lattice;"
        "import mmlab.viz.base.theme, mmlab.viz.inputs.recordings;"
        "sys.exit(bool({'torch', 'streamlit'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_numbers_for_people_have_no_negative_nothing_and_keep_small_units() -> None:
    assert fixed(-0.001, 2) == "0.00"
    assert fixed(-0.001, 2, signed=True) == "0.00"
    assert (fixed(-1.25, 1), fixed(0.25, 1, signed=True), fixed(math.nan, 2)) == ("−1.2", "+0.2", "–")
    small = Regression(0.0, 1e-12)
    assert small.words(5.2e-13) == "5.20e-13"
    assert small.words(0.0) == "0"
    assert number_line.Scale(0.0, 1e-12, 0.0, small.digits).text(5.2e-13) == "5.20e−13"
    assert Regression(-3.0, 3.0).words(-0.001) == "0.00"
    assert Regression(-3.0, 3.0).words(-0.4) == "-0.40"
    assert number_line.number(-0.001, 2) == "0"
    assert method_tables.Scale(is_share=False).text(4.2e-14) == "4.20e−14"
    assert method_tables.Scale(is_share=False).text(-0.0001) == "0.000"
    assert number(-0.0001) == "0.000"
    assert on_scale(3e-15, digits_of([4.2e-14, 3e-15], 3), signed=True) == "+3.00e−15"
    assert digits_of([0.4, 1e-17], 3) == 3


def test_many_combinations_are_rows_by_their_number_of_inputs_with_the_worst_first() -> None:
    keys = ["a", "b", "c", "a-b", "a-c", "b-c", "a-b-c"]
    columns = [
        method_tables.Column(key, tuple((part.upper(), "#123456") for part in key.split("-")), key.replace("-", " + "))
        for key in keys
    ]
    values = (0.9, 0.2, math.nan, 0.5, 0.4, 0.6, 0.8, 0.57, 0.2)
    line = method_tables.Line("m", "M", "1 seed", values, tuple(map(str, range(9))))
    for higher, order in ((True, ["b", "a", "c", "a-c", "a-b", "b-c", "a-b-c"]), (False, ["a", "b", "c", "b-c"])):
        scale = method_tables.Scale(higher_is_better=higher)
        html = many_combinations.tall([line, replace(line, name="n")], columns, columns, scale, "m:a-c")
        assert re.findall(r'data-pick="m:([^"]+)"', html)[: len(order)] == order
        assert re.findall(r"(\d inputs?), worst first", html) == ["1 input", "2 inputs", "3 inputs"]
        assert '"m:a-c" aria-pressed="true"' in html
        assert ">57.0<" in html  # the mean is over all, whatever is shown
        assert 'style="--signs:8"' in html  # `90.0` of each line: what stands beside each other on a narrow screen
    assert [each.key for each in many_combinations.found_in(columns, "A c")] == ["a-c", "a-b-c"]
    assert many_combinations.found_in(columns, "nobody") == []


def test_a_heat_map_marks_what_it_is_sorted_by_and_gets_narrower_with_many_columns() -> None:
    def drawn(count: int, by: str) -> str:
        columns = [method_tables.Column(f"c{n}", (("A", "#2B7BBB"),), f"Combination {n}") for n in range(count)]
        line = method_tables.Line("m", "M", "1 seed", (0.5,) * (count + 2), ("note",) * (count + 2))
        return method_tables.heat([line], columns, method_tables.Scale(), "", by)

    assert drawn(3, "mean").count("aria-sort") == 1
    assert "mean ▾" in drawn(3, "mean")
    assert re.search(r"Combination 1'>.*? ▾</th>", drawn(3, "c1"))
    assert "mm-crowded" not in drawn(method_tables.ROOMY, "mean")
    assert "mm-crowded" in drawn(method_tables.ROOMY + 1, "mean")


def test_a_table_of_scores_says_its_labels_in_every_cell_and_escapes_them() -> None:
    html = score_table.table([score_table.Head("Method"), score_table.Head("<b>", "a & b", True)], [("M<", "1 & 2")])
    assert 'data-label="&lt;b&gt;">1 &amp; 2</td>' in html
    assert "M&lt;" in html
    assert html.count("▾") == 1


def test_bars_per_seed_show_intervals_signs_and_what_a_screen_reader_says() -> None:
    part = seed_bars.Part("D", "Depth", "#2B7BBB", 0.9, "Depth, seed0: 90 %")
    other = seed_bars.Part("C", "Colour", "#B97A00", -0.1, "Colour, seed0: 10 %, against the right answer")
    drawn = seed_bars.drawing([seed_bars.Bar("seed0", (part, other), 0.85, 0.95)], 0.75, "Parts <by seed>")
    assert "95 % interval: 85 % to 95 %" in drawn
    assert "75 %: dominates" in drawn
    assert "against the right answer" in re.findall(r'aria-label="([^"]*)"', drawn)[0]
    assert "&lt;by seed&gt;" in drawn
    bare = seed_bars.drawing([seed_bars.Bar("seed1", (part, other), math.nan, math.nan)], 0.75, "Parts")
    assert "interval" not in bare


def test_the_words_of_a_line_across_stand_at_the_end_where_they_cover_least() -> None:
    def placed(ys: list[float]) -> str:
        axis = svg_chart.Axis("severity", 0, 1, svg_chart.plain)
        chart = svg_chart.Plot("Scores", axis, axis)
        chart.line([0.0, 0.5, 1.0], ys, "#2B7BBB")
        chart.level(0.5, "without Image")
        found = re.search(r'y="([\d.]+)" text-anchor="(\w+)"[^>]*>without Image', chart.svg)
        assert found
        return f"{found[2]} {'above' if float(found[1]) < chart._y(0.5) else 'below'}"

    assert placed([0.9, 0.9, 0.9]) == "end above"
    assert placed([0.9, 0.9, 0.54]) == "start above", "the line comes down at the right end"
    assert placed([0.54, 0.54, 0.54]) == "end below", "it lies above all along"


def test_a_sign_without_a_share_stands_beside_the_number_that_it_judges() -> None:
    assert node_shape.in_lines("mIoU 51 %", "✓", node_shape.PLAIN) == [("mIoU", ""), ("51 %", "✓")]
    assert node_shape.in_lines("Dice 0.9", "✓", node_shape.NARROW)[-1] == ("0.9", "✓")
    assert node_shape.in_lines("hockey shot", "✗ 91 %", node_shape.PLAIN)[-1] == ("", "✗ 91 %")


def test_predictions_of_numbers_say_which_way_they_lean_and_keep_every_pair() -> None:
    output = Regression(-3.0, 3.0)
    pairs = np.array([[1.5, 1.0], [-1.0, -2.0], [0.5, -0.5]])  # answer and truth: 0.83 too high on average
    drawn = prediction_scatter.figure(output, pairs, "Text")
    assert "On average 0.83 too high" in drawn.note
    assert [tuple(row) for row in drawn.rows] == [(1.0, 1.5), (-2.0, -1.0), (-0.5, 0.5)]
    assert "too low" in prediction_scatter.figure(output, -pairs, "Text").note
    many = prediction_scatter.figure(output, np.zeros((prediction_scatter.MOST + 1, 2)), "Text")
    assert f"{prediction_scatter.MOST} of them drawn" in many.note
