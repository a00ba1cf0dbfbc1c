"""Registered models and their data among the tasks and methods: from the files in `MMLAB_MODELS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from torch import Tensor

from mmlab.core.declarations import Card
from mmlab.core.errors import CheckpointError, MmlabError, PluginError
from mmlab.core.method import METHODS, Method
from mmlab.core.task import TASKS, Task, TaskInfo
from mmlab.foreign.adapter import RegisteredModel
from mmlab.foreign.fingerprint import fingerprint
from mmlab.foreign.inputs import absence_in_words
from mmlab.foreign.opening import adapted, of_card
from mmlab.foreign.outputs_file import Outputs
from mmlab.foreign.outputs_model import outputs_method, outputs_task
from mmlab.foreign.registration import Registration, registrations
from mmlab.foreign.task import task_class


def task_names(found: list[Registration]) -> dict[int, str]:
    """The task of each registration, by its id: what it says, else that of an earlier one of the same data.

    The same data are the same object (the same objects, split by split), with the same inputs and the same answer.
    """
    names: dict[int, str] = {}
    for place, each in enumerate(found):
        same = next((other for other in found[:place] if _alike(each, other)), None)
        names[id(each)] = each.task or (names[id(same)] if same is not None else each.name)
    return names


def _alike(one: Registration, other: Registration) -> bool:
    return (
        _ids(one.data) == _ids(other.data)
        and one.output == other.output
        and one.target == other.target
        and one.samples == other.samples
        and {n: (i.keys, i.channels, i.axes, i.kind) for n, i in one.inputs.items()}
        == {n: (i.keys, i.channels, i.axes, i.kind) for n, i in other.inputs.items()}
    )


def _ids(data: Any) -> Any:
    return tuple(sorted((name, id(value)) for name, value in data.items())) if isinstance(data, Mapping) else id(data)


def method_class(runs: list[Registration], task: str) -> type[RegisteredModel]:
    """The registrations of one name, which differ in their seed, as a method."""
    first = runs[0]
    kept: tuple[list[Registration], type[RegisteredModel]] | None = first.kept.get(("method", task))
    if kept is None or [id(each) for each in kept[0]] != [id(each) for each in runs]:
        title = first.title or first.name.replace("_", " ").capitalize()
        about = {"about": first.about} if first.about else {}
        attributes: dict[str, Any] = {"title": title, "task": task, "missing_hint": first.command, **about}
        missing = absence_in_words(first.inputs, first.absent, first.present)
        attributes["card"] = Card(attributes.get("about", ""), "", missing, "", "")
        attributes |= {"runs": {each.tag: each for each in runs}, "rebuild": classmethod(_rebuild)}
        kept = first.kept["method", task] = (runs, type("OneRegisteredModel", (RegisteredModel,), attributes))
    return kept[1]


def _once(make: Callable[[Registration], Any], registration: Registration) -> Any:
    """What `make` gives for this registration: the same each time."""
    if make not in registration.kept:
        registration.kept[make] = make(registration)
    return registration.kept[make]


def _rebuild(
    cls: type[RegisteredModel], info: TaskInfo, card: Mapping[str, Any], state: Mapping[str, Tensor], place: Any
) -> Method:
    """The module that is registered now, if its weights, code and samples are still those that were measured."""
    kept = card.get("registered", {})
    registration = cls.runs.get(f"seed{card.get('seed', 0)}")
    if registration is None:
        raise CheckpointError(f"'{card['method']}' is not registered with this seed any more.", cls.missing_hint)
    now = TASKS[cls.task]().info
    method = adapted(registration, now, cls, place, lambda each: of_card(each, kept.get("trace", {})))
    changed = [what for what, value in fingerprint(method).items() if kept.get("fingerprint", {}).get(what) != value]
    if changed:
        raise CheckpointError(
            f"The {' and the '.join(changed)} of '{registration.name}' changed since it was measured.",
            registration.command,
        )
    return method


def _supplied() -> tuple[list[Registration], dict[int, str], dict[str, MmlabError]]:
    found, problems = registrations()
    return found, task_names(found), problems


@TASKS.supply
def registered_tasks() -> Mapping[str, type[Task] | Exception]:
    """The data of the registered models, by the name of their task, or why a file gives none."""
    found, names, problems = _supplied()
    tasks: dict[str, type[Task] | Exception] = dict(problems)
    for name in dict.fromkeys(names.values()):
        ours = [each for each in found if names[id(each)] == name]
        if TASKS.is_registered(name):
            tasks[f"{name} (registered)"] = PluginError(
                f"A task of mmlab is named '{name}'.", "Give task= another name."
            )
            continue
        if isinstance(ours[0].model, Outputs):
            tasks[name] = cast(type[Task], _once(outputs_task, ours[0]))
            continue
        titles = tuple(dict.fromkeys(each.title or each.name for each in ours))
        tasks[name] = cast(type[Task], task_class(ours[0], name, titles))
    return tasks


@METHODS.supply
def registered_methods() -> Mapping[str, type[Method] | Exception]:
    """The registered models by name."""
    found, names, problems = _supplied()
    methods: dict[str, type[Method] | Exception] = dict(problems)
    for name in dict.fromkeys(each.name for each in found):
        ours = [each for each in found if each.name == name]
        if METHODS.is_registered(name):
            problem = PluginError(f"A method of mmlab is named '{name}'.", "Register the model under another name.")
            methods[f"{name} (registered)"] = problem
        elif len({(each.seed) for each in ours}) < len(ours) or len({names[id(each)] for each in ours}) > 1:
            problem = PluginError(f"'{name}' is registered twice.", "Give each a name, or a seed=, of its own.")
            methods[f"{name} (registered)"] = problem
        elif isinstance(ours[0].model, Outputs):
            methods[name] = _once(outputs_method, ours[0])
        else:
            methods[name] = method_class(ours, names[id(ours[0])])
    return methods
