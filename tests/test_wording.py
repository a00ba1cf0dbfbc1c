"""The words of the screen: one file of terms per page, each key once, and every help text there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from mmlab.core.outputs import Classification, Regression
from mmlab.ui.text import bench_summary, language, wording
from mmlab.ui.text.bench_summary import ModelPrediction
from mmlab.ui.text.glossary import FOLDER, PAGES, TERMS, load
from tests.apps import app_at, turn

ROOT = Path(__file__).resolve().parent.parent
UI = Path(wording.__file__).parent.parent
ENTRY = '[kept]\ntitle = "Retained score"\nplain = "What remains."\nhow = "The area."\n'


def written(folder: Path, **files: str) -> list[Path]:
    for name, content in files.items():
        (folder / f"{name}.toml").write_text(content, encoding="utf-8")
    return sorted(folder.glob("*.toml"))


def test_a_file_of_terms_is_read(tmp_path: Path) -> None:
    pages = load(written(tmp_path, robustness=ENTRY))
    assert pages["robustness"]["kept"].title == "Retained score"


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"one": ENTRY, "two": ENTRY}, "already defined in one.toml"),
        ({"one": ENTRY + ENTRY}, "one.toml"),
        ({"one": ENTRY.replace("how =", "hwo =")}, "unknown fields: hwo"),
        ({"one": ENTRY.replace('how = "The area."', "")}, "needs a text for 'how'"),
        ({"one": ENTRY.replace('"The area."', "7")}, "needs a text for 'how'"),
        ({"one": 'kept = "no table"'}, "is not a table"),
    ],
)
def test_a_key_twice_or_a_wrong_entry_is_an_error(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        load(written(tmp_path, **files))


def test_every_page_with_terms_exists() -> None:
    pages = {path.stem for path in (UI / "pages").iterdir() if not path.name.startswith("__")}
    assert set(PAGES) - {"common"} <= pages
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(PAGES)


def test_every_term_is_shown_and_every_help_text_is_defined() -> None:
    """Keys stand in the code as plain literals: `help("seed")`, `numbers_help("kept", ...)`, tuples."""
    places = (*UI.rglob("*.py"), *(UI.parent / "core" / "outputs").glob("*.py"))
    code = "".join(file.read_text(encoding="utf-8") for file in places)
    literals = set(re.findall(r"[\"']([a-z_]+)[\"']", code))
    assert not set(TERMS) - literals, "defined and never shown"
    calls = re.findall(r"(?:wording\.help|numbers_help)\(([^()]*)\)", code)
    asked = {key for call in calls for key in re.findall(r'"([a-z_]+)"', call)}
    assert asked
    assert not asked - set(TERMS), "shown and never defined"


def test_a_help_text_has_the_term_first_and_the_source_last() -> None:
    shown = wording.explained("kept")
    assert shown.startswith("**Retained score.** ")
    assert shown.endswith("*Source: Relative robustness, MultiBench (Liang et al., NeurIPS 2021).*")


@pytest.mark.parametrize("code", list(language.languages()))
def test_a_tooltip_has_two_sentences_at_most(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """How a term is computed is left to the glossary of the page, which `explained` fills."""
    monkeypatch.setattr(language, "current", lambda: code)
    for name in TERMS:
        term = wording.term(name)
        assert wording.help(name) == f"**{term.title}.** {term.plain}"
        assert sentence_count(term.plain) <= 2, f"{code}: {name}"
        assert term.plain in wording.explained(name)
        assert term.how in wording.explained(name)
    for helped in tooltips():
        assert sentence_count(language.translated(helped)) <= 2, f"{code}: {helped}"


def test_sentences_are_counted_whatever_stands_at_their_ends() -> None:
    assert sentence_count("One; still one (Wang et al., NeurIPS 2018).") == 1
    assert sentence_count("*One*. Two, z. B. hier? Three!") == 3
    assert sentence_count("一句。两句。") == 2


def test_a_page_explains_every_term_that_it_has_a_tooltip_for() -> None:
    for name, address in (("dominance", {"aspect": "learning"}), ("compare", {}), ("methods", {}), ("train", {})):
        app = turn(app_at(name), name, task="digits", methods="joint", **address).run()
        assert not app.exception
        shown = " ".join(each.value for each in app.markdown)
        asked = app.session_state[wording.ASKED]
        assert asked, name
        for term in asked:
            assert wording.term(term).how in shown, f"{name}: {term}"


def tooltips() -> set[str]:
    """The plain sentences that the code hands over as `help`, at once or by a table of phrases."""
    found = set()
    for file in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "help" and isinstance(node.value, ast.Call):
                first = next(iter(node.value.args), None)
                if isinstance(first, ast.Constant) and ast.unparse(node.value.func) == "say":
                    found.add(str(first.value))
    assert found
    return found


def sentence_count(text: str) -> int:
    """How many sentences a text has, in any of our languages."""
    plain = re.sub(r"`[^`]*`|\b(?:al|z|d)\.(?: ?[A-Z]\.)?", "", text)
    return len(re.findall(r"(?<=[\w)*”’])[.!?](?=\W*(?:\s|$))|[。！？]", plain))


def test_bench_and_explain_each_show_their_own_shift() -> None:
    assert "number" in wording.help("prediction_shift")
    assert "attribution map" in wording.help("map_shift")


def test_certainty_in_words_follows_the_probability_that_is_shown() -> None:
    shown = [wording.certainty(probability) for probability in (0.999, 0.946, 0.9, 0.7, 0.599, 0.2)]
    assert shown == ["very sure", "very sure", "fairly sure", "unsure", "unsure", "very unsure"]
    assert wording.percent(0.946) == "95 %", "the word and the number say the same"


def test_an_answer_has_a_real_minus_where_it_is_a_number() -> None:
    assert wording.answer("-0.85 (on the left)") == "−0.85 (on the left)"
    assert wording.answer("T1-weighted, 3-phase") == "T1-weighted, 3-phase"


def test_what_happened_is_one_sentence_made_from_the_answers() -> None:
    said = [
        ModelPrediction("Joint training", "5", 0.97, good=False),
        ModelPrediction("Modality dropout", "3", 0.7, good=True),
        ModelPrediction("DMRNet", "5", 0.99, good=False),
    ]
    digits = Classification(tuple("0123456789"))
    told = bench_summary.sentence(digits, bench_summary.inputs(["Image"], ["Image", "Sound", "Pen"]), said)
    assert told == (
        "With Image alone: Joint training and DMRNet are wrong and very sure; Modality dropout is right but unsure."
    )
    assert bench_summary.inputs(["Image", "Pen"], ["Image", "Sound", "Pen"]) == "Without Sound"
    assert bench_summary.inputs(["Image", "Pen"], ["Image", "Pen"]) == "With all inputs"
    unknown = bench_summary.sentence(
        digits, "With all inputs", [ModelPrediction("Joint training", "5", 0.97, good=None)]
    )
    assert unknown == "With all inputs: Joint training says 5, very sure."
    number = bench_summary.sentence(
        Regression(-3, 3), "Without Text", [ModelPrediction("GMD", "+0.52", None, good=False)]
    )
    assert number == "Without Text: GMD is on the wrong side (+0.52)."
