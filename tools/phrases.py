"""What the screen says, by the file of a language in which it stands, and what a language lacks of it.

python tools/phrases.py fr              writes into mmlab/ui/text/fr/ every sentence and term that French lacks, with ""
                                        for its translation: what is empty is said in English. Begins a new language
python tools/phrases.py fr --check      writes nothing; names what is missing, exit code 1 if anything is

A sentence belongs to the page that says it (`phrases/compare.toml`), or to `app.toml` where several do; what tasks,
methods, measures and the like call themselves has files of its own. `tests/test_languages.py` holds every file that
exists to being complete.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SHARED = "app"
REFUSALS = "refusals"
MARKS = ("say", "phrase")
OURS = ("digits", "faces", "brain", "watch", "opinion", "pendulum", "objects", "rooms", "actions")
GROUPS = (
    "sample",
    "person",
    "voice",
    "head",
    "group",
    "video",
    "seed",
    "model",
    "case",
    "photo",
    "object",
    "room",
    "epoch",
    "input",
    "minute",
    "step",
)
FOLDERS = {  # what the parts of the package are said on, where that is one page
    "analysis/dominance": "dominance",
    "analysis/attribution": "explain",
    "viz/predict": "predict",
    "viz/dominance": "dominance",
    "viz/compare": "compare",
    "viz/explain": "explain",
    "viz/embed": "embed",
    "viz/train": "train",
    "viz/methods": "methods",
    "viz/robustness": "robustness",
    "ui/pages/home": "predict",
    "ui/pages/sandbox": "dominance",
    "tasks": "tasks",
}


def needed() -> dict[str, tuple[str, ...]]:
    """The sentences of each file, in the order in which the code says them."""
    from tools import refusals

    homes: dict[str, set[str]] = {}
    for area, sentence in (*_literals(), *_declared()):
        homes.setdefault(sentence, set()).add(area)
    found: dict[str, list[str]] = {}
    for sentence, areas in homes.items():
        found.setdefault(next(iter(areas)) if len(areas) == 1 else SHARED, []).append(sentence)
    found[REFUSALS] = [sentence for sentence in refusals.sentences() if sentence not in homes]
    return {area: tuple(found[area]) for area in sorted(found)}


def area_of(file: Path) -> str:
    """The file of a language for what a source file says."""
    inside = file.relative_to(ROOT / "mmlab").as_posix()
    for folder, area in FOLDERS.items():
        if inside.startswith(f"{folder}/"):
            return area
    parts = inside.split("/")
    return parts[2] if parts[:2] == ["ui", "pages"] and len(parts) > 3 else SHARED


def missing(code: str, area: str) -> tuple[str, ...]:
    """What a language has no words for, of one file. Raises KeyError for a file that nobody needs."""
    from mmlab.ui.text import language

    there = language.sentences(code)
    return tuple(sentence for sentence in needed()[area] if sentence not in there)


def _literals() -> Iterator[tuple[str, str]]:
    """The plain first arguments of `say` and `phrase`, with the area of their file."""
    for file in sorted((ROOT / "mmlab").rglob("*.py")):
        text = file.read_text("utf-8")
        if "from mmlab.core.phrases import" not in text:
            continue
        calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and node.args)
        for call in calls:
            first = call.args[0]
            if ast.unparse(call.func) in MARKS and isinstance(first, ast.Constant):
                yield area_of(file), str(first.value)


def _declared() -> Iterator[tuple[str, str]]:
    """What is said and stands in declarations: of pages, tasks, methods, measures, explainers, metrics, corruptions."""
    for area, sentences in (
        (SHARED, _pages()),
        ("tasks", _tasks()),
        (SHARED, _outputs()),
        ("methods", _methods()),
        ("dominance", _measures()),
        ("explain", _explainers()),
        ("metrics", _metrics()),
        ("corruptions", _corruptions()),
    ):
        yield from ((area, sentence) for sentence in sentences if sentence)


def _pages() -> Iterator[str]:
    from mmlab.ui.session.page_registry import PAGES

    for page in map(PAGES.__getitem__, PAGES):
        yield from (page.title, page.about, page.tab, page.group)


def _tasks() -> Iterator[str]:
    from mmlab.core.task import TASKS
    from mmlab.tasks.generators.actions.catalogue import MOTIONS, SCENES
    from mmlab.tasks.generators.objects.catalogue import KINDS

    for task in map(TASKS.__getitem__, OURS):
        yield from (task.title, task.about, *(each.label for each in task.info.modalities))
        output = task.info.output
        yield from (name for name in (*output.class_names, *output.targets) if not name.isdigit())
        yield from getattr(output, "region_names", ())
        yield from map(str, TASKS[task.name]().describe().get("simulated", ()))
    for pair in KINDS.values():
        yield from pair
    yield from (*SCENES.values(), *MOTIONS.values())


def _outputs() -> Iterator[str]:
    from mmlab.core.group_name import several
    from mmlab.core.outputs import Multilabel
    from mmlab.core.task import TASKS

    outputs = [TASKS[name].info.output for name in OURS]
    for output in (*outputs, Multilabel(("this", "that"))):  # labels: of official data sets, and of none of our tasks
        yield from (*output.verdicts(known=True), *output.verdicts(known=False))
        yield from (output.good, output.error_name, output.goodness_name)
        yield "{count} of {total} combinations " + f"{output.changed}."
    for noun in GROUPS:
        yield noun
        yield from (f"{{count}} {several(count, noun).partition(' ')[2]}" for count in (1, 2))


def _methods() -> Iterator[str]:
    from mmlab.core.method import METHODS
    from mmlab.core.options import describe
    from mmlab.core.training_plan import Plan

    for method in map(METHODS.__getitem__, METHODS):
        yield from (method.about, method.representation or method.about)
        yield from method.diagram.texts if method.diagram else ()
        if card := method.card:
            yield from (card.idea, card.trained, card.missing, card.look, card.warning, *card.departs)
            if not any(letter.isdigit() for letter in card.paper):  # a paper is called what it is called
                yield card.paper
        yield from (option.help for option in describe(method.Config))
    yield from (option.help for option in describe(Plan))


def _measures() -> Iterator[str]:
    from mmlab.analysis.dominance.measure import measures, pair_measures

    for measure in (*measures(), *pair_measures()):
        yield from (measure.title, measure.question, measure.about)
        if not any(letter.isdigit() for letter in measure.source):  # a paper is called what it is called
            yield measure.source
        yield from (text for truth in measure.truths for text in (truth.why, truth.blind))
    for pair in pair_measures():
        yield from (text for column in pair.columns for text in (column.label, column.note))
    for measure in measures():
        yield getattr(measure, "rule", "")


def _explainers() -> Iterator[str]:
    from mmlab.analysis.attribution.registry import AT_LAYERS, EXPLAINERS, find

    for explainer in map(find, EXPLAINERS):
        yield from (explainer.title, explainer.about, *((explainer.shares,) if explainer.shares != AT_LAYERS else ()))


def _metrics() -> Iterator[str]:
    from mmlab.core.metric import METRICS

    for metric in map(METRICS.__getitem__, METRICS):
        yield from (metric.title, metric.about, *filter(None, metric.of_pictures))


def _corruptions() -> Iterator[str]:
    from mmlab.core.modality_kinds import MODALITY_KINDS
    from mmlab.modalities.corruption import table_of

    for kind in MODALITY_KINDS:
        yield from (text for damage in table_of(kind).values() for text in (damage.label, damage.unit))


@cache
def terms() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The terms of the glossary by file and key, in English: title, plain and how."""
    from mmlab.ui.text.glossary import PAGES

    return {
        page: {key: {"title": term.title, "plain": term.plain, "how": term.how} for key, term in found.items()}
        for page, found in PAGES.items()
    }


def write(code: str) -> list[Path]:
    """Every file of a language with all that it needs; what it has is kept, what nobody says any more goes."""
    from mmlab.ui.text import language

    folder = language.FOLDER / code
    (folder / "phrases").mkdir(parents=True, exist_ok=True)
    there = language.sentences(code)
    files = {folder / "phrases" / f"{area}.toml": _phrases(found, there) for area, found in needed().items()}
    for page, found in terms().items():
        files[folder / f"{page}.toml"] = _terms(found, language.terms(code, page))
    if not (folder / "language.toml").exists():
        files[folder / "language.toml"] = f'name = "{code}"  # what the language calls itself\n'
    for file, text in files.items():
        file.write_text(text, "utf-8")
    return list(files)


def _phrases(sentences: Iterable[str], there: Mapping[str, str]) -> str:
    return "".join(f"{_quoted(sentence)} = {_quoted(there.get(sentence, ''))}\n" for sentence in sentences)


def _terms(found: Mapping[str, Mapping[str, str]], there: Mapping[str, Mapping[str, str]]) -> str:
    """English stands as a comment beside what is not translated yet."""
    tables = []
    for key, english in found.items():
        lines = [f"[{key}]"]
        for part, text in english.items():
            said = there.get(key, {}).get(part, "")
            lines += [f"{part} = {_quoted(said)}"] if said else [f'{part} = ""  # {text}']
        tables.append("\n".join(lines))
    return "\n\n".join(tables) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main() -> int:
    """See the top of the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("code", help="of the language, as it stands in addresses: fr")
    parser.add_argument("--check", action="store_true", help="name what is missing and write nothing")
    options = parser.parse_args()
    if not options.check:
        for file in write(options.code):
            print(file.relative_to(ROOT))
        return 0
    lacking = {area: missing(options.code, area) for area in needed()}
    for area, sentences in lacking.items():
        for sentence in sentences:
            print(f"{area}: {sentence}")
    return int(any(lacking.values()))


if __name__ == "__main__":
    sys.exit(main())
