"""task.json as objects: the name, output and inputs of a folder's task. All errors are collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmlab.core.backbone import merged, written
from mmlab.core.backbone_families import chosen
from mmlab.core.errors import DataError, MmlabError
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality import Modalities, Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.options import as_dict, build
from mmlab.core.outputs import Output
from mmlab.core.plain_text import plain
from mmlab.core.task import TaskInfo
from mmlab.core.training_plan import Plan
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.folds import Fold
from mmlab.tasks.custom.input_kinds import kinds
from mmlab.tasks.custom.locations import TASK_FILE
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.targets import IGNORE, output_from

LEAST, MOST = 2, 6
LONGEST_LABEL = 40
KEYS = (
    "name",
    "title",
    "about",
    "output",
    "modalities",
    "simulated",
    "plan",
    "grouped_by",
    "missing",
    "split",
    "protocol",
)
MISSING = ("error", "drop")
COLUMNS = ("id", "split", "target", "group", "note")
COMMON = ("name", "kind", "label", "letter", "inline", "vary", "encoder")


@dataclass(frozen=True)
class Input:
    """One modality with the way to read it. inline: the manifest holds the content; vary: varied while training."""

    modality: Modality
    kind: FolderInput
    inline: bool
    vary: bool


@dataclass(frozen=True, eq=False)  # compared by identity: one per version of a task.json, and a key of caches
class Description:
    """What a task.json says, checked.

    regions: for label maps, the labels that make up each region of the output. plan: what of the training plan
    differs. simulated: in words, what of the data is not measured; None where it does not say. grouped_by: what a
    group of samples is, such as "patient"; empty where it does not say. drops: whether an input that cannot be used
    counts as missing, rather than as an error. split_column: the column of the manifest that says the split. protocol:
    of an official data set, the published way to measure that it was opened with; empty for any other. fold: where the
    splits are those of a fold (`mmlab.tasks.custom.folds`) rather than the manifest's.
    """

    folder: Path
    title: str
    about: str
    info: TaskInfo
    inputs: tuple[Input, ...]
    regions: tuple[tuple[int, ...], ...] = ()
    simulated: tuple[str, ...] | None = None
    plan: Mapping[str, Any] = field(default_factory=dict)
    grouped_by: str = ""
    drops: bool = False
    split_column: str = "split"
    protocol: str = ""
    fold: Fold | None = None

    def __getitem__(self, modality: str) -> Input:
        return self.inputs[self.info.modalities.names.index(self.info.modalities[modality].name)]

    @property
    def has_label_maps(self) -> bool:
        """Whether the right answers are files: maps of the labels of each pixel."""
        return self.info.output.dense  # the one place where reading a folder asks

    @property
    def ignored(self) -> tuple[int, ...]:
        """Of label maps, the labels of pixels that nobody labelled; none where every pixel counts."""
        return tuple(self.info.output.card().get(IGNORE, ()))

    def settings(self) -> dict[str, Any]:
        """All that the prepared samples depend on, as plain values."""
        said = [{key: value for key, value in vars(item.modality).items() if key != "backbone"} for item in self.inputs]
        inputs = [
            {"modality": modality, "options": as_dict(item.kind)}
            for modality, item in zip(said, self.inputs, strict=True)
        ]
        drops = {"missing": "drop"} if self.drops else {}
        return {"inputs": inputs, "output": self.info.output.card(), "regions": self.regions, **drops}


def read_description(folder: Path, problems: Problems, stated: Mapping[str, Any] | None = None) -> Description | None:
    """The description in a folder; nothing, and the reasons in `problems`, where it cannot be used.

    stated: what its task.json would say, instead of what it does.
    """
    try:
        found = locations.load(folder) if stated is None else stated
    except DataError as error:
        problems.caught(error, file=TASK_FILE)
        return None
    before = problems.errors
    for key in found:
        if key not in KEYS:
            problems.error(f"'{key[:40]}' is not known here.", f"There are: {', '.join(KEYS)}.", file=TASK_FILE)
    name = _name(found, problems)
    output, regions = _output(found.get("output"), problems)
    inputs = _inputs(found.get("modalities"), folder, problems)
    if output is not None and output.dense and inputs:  # before there is a description to ask
        _check_dense(inputs, problems)
    plan = _plan(found.get("plan", {}), problems)
    if encoders := _encoders(found.get("modalities"), inputs, problems):
        plan = {**plan, "encoders": merged(encoders, str(plan.get("encoders", "")))}
    simulated = found.get("simulated", [])
    if not isinstance(simulated, list):
        hint = 'Write "simulated": ["noise"], or [] where all is measured.'
        problems.error("What is simulated is not a list of texts.", hint, column="simulated", file=TASK_FILE)
    if found.get("missing", "error") not in MISSING:
        hint = 'Write "missing": "drop" where an input that cannot be used shall count as missing.'
        problems.error(
            "What becomes of inputs that cannot be used is not said.", hint, column="missing", file=TASK_FILE
        )
    if not isinstance(found.get("split", ""), str) or found.get("split") == "":
        hint = 'Write "split": "official", the name of a column that holds train, valid or test.'
        problems.error("The column of the splits has no name.", hint, column="split", file=TASK_FILE)
    if problems.errors > before or output is None:
        return None
    return Description(
        folder=folder,
        title=plain(found.get("title") or name, locations.LONGEST_TITLE),
        about=plain(found.get("about", ""), locations.LONGEST_ABOUT),
        info=TaskInfo(name, Modalities(item.modality for item in inputs), output),
        inputs=tuple(inputs),
        regions=regions,
        simulated=_simulated(found.get("simulated")),
        plan=plan,
        grouped_by=plain(found.get("grouped_by", ""), LONGEST_LABEL),
        drops=found.get("missing") == "drop",
        split_column=str(found.get("split", "split")),
        protocol=plain(found.get("protocol", ""), LONGEST_LABEL),
    )


def _plan(found: Any, problems: Problems) -> dict[str, Any]:
    """Settings of the training, each within its bounds: what shows them offers no others."""
    try:
        if not isinstance(found, dict):
            raise DataError("The plan is not a list of settings.", 'Write "plan": {"epochs": 40}.')
        build(Plan, found)
    except MmlabError as error:
        problems.caught(error, column="plan", file=TASK_FILE)
        return {}
    return found


def _encoders(found: Any, inputs: Sequence[Input], problems: Problems) -> str:
    """What reads each input, as a plan says it: `"encoder": "timm:resnet18"`, or an object with its options."""
    pairs = {}
    for item in found if isinstance(found, list) else ():
        said = item.get("encoder") if isinstance(item, dict) else None
        if said is not None and item.get("name") in {made.modality.name for made in inputs}:
            pairs[item["name"]] = said if isinstance(said, dict) else {"encoder": said}
    text = written(pairs)
    try:
        chosen(text, Modalities(item.modality for item in inputs))
    except MmlabError as error:
        problems.caught(error, column="encoder", file=TASK_FILE)
        return ""
    return text


def _encoder(found: Mapping[str, Any]) -> str:
    """The large network that one modality names; empty where it names none."""
    said = found.get("encoder", "")
    name = said.get("encoder", "") if isinstance(said, dict) else said
    return name if isinstance(name, str) else ""


def _simulated(found: Any) -> tuple[str, ...] | None:
    return tuple(plain(part, locations.LONGEST_TITLE) for part in found) if isinstance(found, list) else None


def _name(found: Mapping[str, Any], problems: Problems) -> str:
    try:
        return locations.checked_name(found.get("name"))
    except DataError as error:
        problems.caught(error, column="name", file=TASK_FILE)
        return ""


def _output(found: Any, problems: Problems) -> tuple[Output | None, tuple[tuple[int, ...], ...]]:
    try:
        return output_from(found)
    except MmlabError as error:
        problems.caught(error, column="output", file=TASK_FILE)
        return None, ()


def _inputs(found: Any, folder: Path, problems: Problems) -> list[Input]:
    """The modalities; each that cannot be used is named with its place in the list."""
    if not isinstance(found, list) or not LEAST <= len(found) <= MOST:
        hint = f'Write "modalities": [{{"name": "photo", "kind": "image"}}, ...], {LEAST} to {MOST} of them.'
        count = len(found) if isinstance(found, list) else 0
        many = f"There are {count} modalities" if count > 1 else "There is one modality only"
        problems.error(
            f"{many if count else 'There is no list of modalities'}.", hint, column="modalities", file=TASK_FILE
        )
        return []
    inputs: list[Input] = []
    for place, item in enumerate(found):
        try:
            inputs.append(_input(item, folder, inputs))
        except MmlabError as error:
            problems.caught(error, column=f"modalities[{place}]", file=TASK_FILE)
    for twice in _repeated([item.modality.name for item in inputs]):
        problems.error(f"Two modalities are named '{twice}'.", "Give each its own name.", file=TASK_FILE)
    return inputs


def _input(found: Any, folder: Path, others: Sequence[Input]) -> Input:
    """One modality of a folder; `others` stand before it, with labels and letters of their own. Raises DataError."""
    letters = {made.modality.letter for made in others}
    if not isinstance(found, dict):
        raise DataError("This is not an object.", 'Write {"name": "photo", "kind": "image"}.')
    name, kind = found.get("name"), found.get("kind")
    if not isinstance(name, str) or not locations.NAME.fullmatch(name) or name in COLUMNS:
        taken = f" {', '.join(COLUMNS)} are columns of their own."
        raise DataError(f"'{str(name)[:40]}' cannot name a modality.", f"Use 1 to 40 of a-z, 0-9 and _ only.{taken}")
    known = kinds()
    if not isinstance(kind, str) or kind not in known:
        raise DataError(f"'{name}' is of the unknown kind '{str(kind)[:40]}'.", f"There are: {', '.join(known)}.")
    try:
        stated = {key: value for key, value in found.items() if key not in COMMON}
        made = build(known[kind], stated).read_by(_encoder(found), stated).placed(folder)
        tokens = made.vocabulary
    except MmlabError as error:
        raise DataError(f"'{name}': {error.message}", error.hint) from error
    inline, vary = _flag(found, "inline", False), _flag(found, "vary", True)
    if inline and not made.inline:
        able = " and ".join(each for each, made in known.items() if made.inline)
        raise DataError(f"'{name}' cannot be inline.", f"Only {able} can; give paths of files.")
    label = plain(found.get("label") or name.replace("_", " ").capitalize(), LONGEST_LABEL) or name
    if label in {made.modality.label for made in others}:  # two switches of one name could not be told apart
        label = f"{label[: LONGEST_LABEL - len(name) - 3]} ({name})"
    letter = plain(found.get("letter", ""), 2) or _letter(label, letters)
    if letter in letters:
        raise DataError(f"'{name}' has the letter of another modality.", "Give each its own.")
    return Input(Modality(name, made.seen_as, made.shape, label, letter, tokens), made, inline, vary)


def _flag(found: Mapping[str, Any], key: str, default: bool) -> bool:
    value = found.get(key, default)
    if not isinstance(value, bool):
        raise DataError(f"'{key}' is neither true nor false.", f'Write "{key}": {str(not default).lower()}.')
    return value


def _letter(label: str, taken: set[str]) -> str:
    """The first letter of the label that is free."""
    letters = [letter.upper() for letter in label if letter.isalnum()]
    return next((letter for letter in [*letters, *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"] if letter not in taken), "?")


def _check_dense(inputs: list[Input], problems: Problems) -> None:
    """Regions are found in pictures, or whole scans, that lie on each other: all of one size."""
    shapes = {item.modality.shape[1:] for item in inputs}
    if not all(modality_kind(item.modality.kind).spatial for item in inputs) or len(shapes) > 1:
        able = [name for name, made in kinds().items() if modality_kind(made.seen_as).spatial]
        hint = f"Use the kinds {' and '.join(able)} only, with the same size for all; volume only beside volume."
        problems.error("Regions need pictures of one size.", hint, column="modalities", file=TASK_FILE)


def _repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
