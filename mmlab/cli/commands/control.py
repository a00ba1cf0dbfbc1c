"""`control`: reinforcement learning on the frozen representation of a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Json, MethodName, Tag, TaskName, settle
from mmlab.cli.console import bar, emit, number, say, table

if TYPE_CHECKING:
    from mmlab.core.environment import Environment
    from mmlab.core.method import Method
    from mmlab.experiments.control.policy import Policy


def command(
    task: TaskName,
    method: MethodName,
    tag: Tag = "",
    steps: Annotated[int, typer.Option(help="Training steps per controller.", min=200, max=10**7)] = 10_000,
    seeds: Annotated[int, typer.Option(help="How many controllers, from seed 0.", min=1, max=20)] = 3,
    episodes: Annotated[int, typer.Option(help="Episodes per measurement.", min=2, max=10_000)] = 100,
    json: Json = False,
    checkpoints: Checkpoints = None,
) -> None:
    """Train controllers on a model's representation of all inputs, then run them with inputs missing (extra: rl).

    Controllers that are already trained are only measured again. The upper bound observes the true state, the lower one
    acts at random; the upper bound is reused if another model was measured before.
    """
    library = settle(checkpoints=checkpoints)
    from mmlab.core.environment import environment_of
    from mmlab.core.errors import DataError
    from mmlab.experiments.control import learning, measure
    from mmlab.inference.predictor import Model

    model = Model.open(reference := library.find(task, method, tag))
    environment = environment_of(model.task)
    if environment is None:
        raise DataError(f"Nothing can be done in the task '{task}'.", "Use pendulum.")
    folder = Path(reference.path)
    on_codes = [_policy(environment, model.method, model.digest, folder, steps, seed) for seed in range(seeds)]
    upper = measure.state_known(library, task, (learning.ALGORITHM, steps), seeds, episodes)
    if upper is None:
        shared = library.folder(task, "x", "x").parents[1] / "state"
        on_state = [_policy(environment, None, "", shared, steps, seed) for seed in range(seeds)]
        upper = measure.of_state(environment, on_state, episodes)
    with bar("Measuring", None):
        found: measure.Control = {
            "version": measure.VERSION,
            "digest": model.digest,
            "steps": steps,
            "algorithm": learning.ALGORITHM,
            "combinations": measure.measured(environment, model.method, on_codes, episodes),
            "state": upper,
            "chance": measure.of_chance(environment, episodes),
        }
    measure.write(folder, found)
    if json:
        emit(found)
        return
    rows = [*found["combinations"].items(), ("the state itself", found["state"]), ("chance", found["chance"])]
    cells = [
        (name, number(each["mean"], 0), number(each["over_seeds"], 0), number(each["over_episodes"], 0))
        for name, each in rows
    ]
    table(f"Return of an episode, {reference.name}", ("present", "mean", "± seeds", "± episodes"), cells)
    say(environment.reward_words)


def _policy(
    environment: Environment, method: Method | None, digest: str, folder: Path, steps: int, seed: int
) -> Policy:
    """The policy that lies there for these codes and steps, otherwise one that is trained now."""
    from mmlab.core.errors import CheckpointError
    from mmlab.experiments.control import learning, policy

    about = policy.About(digest, seed, steps, learning.ALGORITHM)
    file = folder / policy.POLICY.format(seed=seed)
    if file.is_file():
        try:
            there, known = policy.load(file)
        except CheckpointError as error:
            say(str(error))
        else:
            if known == about:
                return there
    with bar(f"Learning, seed {seed}", float(steps)) as shown:
        trained = learning.train(environment, method, steps, seed, lambda step: shown.move(float(step)))
    policy.save(folder, trained, about)
    return trained
