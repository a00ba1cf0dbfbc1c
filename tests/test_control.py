"""Controllers on frozen codes: episodes, policies and their files, measurements, the film on the Bench, the command."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

from mmlab.cli.app import main
from mmlab.core.environment import environment_of
from mmlab.core.errors import CheckpointError, Unsupported
from mmlab.core.method import METHODS, Method
from mmlab.core.options import build
from mmlab.core.task import TASKS
from mmlab.experiments.control import film, measure, policy, rollouts
from mmlab.experiments.control.policy import About, Policy
from mmlab.inference.representation import represent
from mmlab.storage import checkpoints
from mmlab.storage.library import SHIPPED, Library
from mmlab.tasks.generators.pendulum.swing_up import SwingUp
from mmlab.tasks.pendulum import Pendulum
from tests.apps import app_at, healthy, html
from tests.library import untrained

ROOT = Path(__file__).resolve().parents[1]
ABOUT = About("d" * 64, 0, 200, "SAC")


@pytest.fixture(scope="module")
def environment() -> SwingUp:
    found = environment_of(Pendulum())
    assert isinstance(found, SwingUp)
    found.steps = 12
    return found


@pytest.fixture(scope="module")
def method() -> Method:
    torch.manual_seed(0)
    kind = METHODS["dropout"]
    return kind(Pendulum.info, build(kind.Config, {})).eval()


def wide(method: Method) -> int:
    """How many numbers its codes have."""
    inputs = {"image": torch.zeros(1, 1, 32, 32), "sound": torch.zeros(1, 6)}
    return int(represent(method, inputs, method.modalities.full).shape[1])


@pytest.fixture(scope="module")
def acting(method: Method) -> Policy:
    torch.manual_seed(1)
    return Policy((wide(method), 8), 2.0).eval()


def test_only_tasks_with_a_world_can_be_acted_in() -> None:
    assert environment_of(TASKS["digits"]()) is None
    assert environment_of(TASKS["pendulum"]()) is not None


def test_what_is_observed_is_prepared_as_the_samples_are(environment: SwingUp) -> None:
    seen = environment.observe(environment.start(3, np.random.default_rng(0)), np.random.default_rng(1))
    for modality in Pendulum.info.modalities:
        assert seen[modality.name].shape == (3, *modality.shape)
        assert torch.equal(seen[modality.name], seen[modality.name].half().float())


def test_an_episode_is_a_chain_of_steps_and_its_return_their_sum(environment: SwingUp) -> None:
    begin = rollouts.starts(environment, 4, 7)
    found = rollouts.play(environment, lambda state, random: np.full(len(state), 1.0), begin, 7)
    assert found.states.shape == (13, 4, 2)
    state, total = begin, np.zeros(4)
    for step in range(12):
        state, worth = environment.act(state, np.full(4, 1.0))
        total += worth
        np.testing.assert_array_equal(found.states[step + 1], state)
    np.testing.assert_allclose(found.returns, total)


def test_an_input_that_is_gone_has_no_say(environment: SwingUp, method: Method, acting: Policy) -> None:
    """Deaf, two pendulums that look alike get the same push however fast they are."""
    modalities = method.modalities
    state = np.array([[2.0, 4.0], [2.0, -4.0]])

    class Quiet(SwingUp):
        def observe(self, state: np.ndarray, random: np.random.Generator) -> dict[str, torch.Tensor]:
            same = super().observe(np.repeat(state[:1], len(state), 0), np.random.default_rng(0))
            other = super().observe(state, np.random.default_rng(0))
            return {"image": same["image"][:1].expand(len(state), -1, -1, -1), "sound": other["sound"]}

    quiet = Quiet(environment._prepare)
    pushes = {
        key: rollouts.by_codes(quiet, method, modalities.parse(key), acting)(state, np.random.default_rng(0))
        for key in ("image", "image-sound")
    }
    assert pushes["image"][0] == pytest.approx(pushes["image"][1], abs=1e-6)
    assert abs(pushes["image-sound"][0] - pushes["image-sound"][1]) > 1e-6


def test_a_policy_goes_to_its_file_and_back(tmp_path: Path, acting: Policy) -> None:
    file = policy.save(tmp_path, acting, ABOUT)
    there, about = policy.load(file)
    codes = torch.randn(5, acting.sizes[0])
    assert torch.equal(there(codes), acting(codes))
    assert about == ABOUT
    assert measure.policies_in(tmp_path) == [file]
    assert float(there(100 * codes).detach().abs().max()) <= 2.0


@pytest.mark.parametrize(
    "card",
    [
        {"sizes": [10**9]},
        {"sizes": [8] * 50},
        {"sizes": []},
        {"sizes": [True]},
        {"strongest": float("inf")},
        {"version": 9},
        {"algorithm": "x" * 5000},
        {"digest": 3},
    ],
)
def test_a_policy_that_lies_is_a_sentence(card: dict, tmp_path: Path, acting: Policy) -> None:
    file = policy.save(tmp_path, acting, ABOUT)
    state = safetensors.torch.load_file(file)
    usual = {"version": 1, "sizes": list(acting.sizes), "strongest": 2.0, **vars(ABOUT)}
    file.write_bytes(safetensors.torch.save(state, {policy.ENTRY: json.dumps({**usual, **card})}))
    with pytest.raises(CheckpointError, match=r"policy-seed0.safetensors"):
        policy.load(file)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(CheckpointError):
        policy.load(file)


def test_every_combination_is_measured_on_the_same_beginnings(
    environment: SwingUp, method: Method, acting: Policy, tmp_path: Path
) -> None:
    found = measure.measured(environment, method, [acting, acting], episodes=3)
    assert set(found) == {"image", "sound", "image-sound"}
    assert all(each["episodes"] == 3 and each["over_seeds"] == 0 for each in found.values()), "twice the same policy"
    chance = measure.of_chance(environment, 3)
    assert chance["over_seeds"] is None
    whole: measure.Control = {
        "version": 1,
        "digest": "a",
        "steps": 200,
        "algorithm": "SAC",
        "combinations": found,
        "state": chance,
        "chance": chance,
    }
    measure.write(tmp_path, whole)
    assert measure.read(tmp_path, "a") == whole
    with pytest.raises(CheckpointError, match="another checkpoint"):
        measure.read(tmp_path, "b")
    with pytest.raises(CheckpointError, match="No controller"):
        measure.read(tmp_path / "nowhere", "a")


def test_the_upper_line_is_measured_once_for_all_models(tmp_path: Path) -> None:
    """It says nothing of a model, so that a measurement beside another one will do: the same training, enough seeds."""
    line: measure.Returns = {
        "mean": -150.0,
        "over_seeds": 3.0,
        "over_episodes": 80.0,
        "seeds": [-148.0, -152.0],
        "episodes": 9,
    }
    (reference,) = untrained(tmp_path, "pendulum", "dropout")
    found = {"version": 1, "digest": "a", "steps": 500, "algorithm": "SAC", "combinations": {"image": line}}
    measure.write(Path(reference.path), {**found, "state": line, "chance": line})  # type: ignore[typeddict-item]
    library = Library(tmp_path)
    assert measure.state_known(library, "pendulum", ("SAC", 500), seeds=1, episodes=9) == line
    for asked in (("DDPG", 500), 1, 9), (("SAC", 501), 1, 9), (("SAC", 500), 3, 9), (("SAC", 500), 1, 10):
        assert measure.state_known(library, "pendulum", *asked) is None
    (Path(reference.path) / measure.CONTROL).write_text("{}")
    assert measure.state_known(library, "pendulum", ("SAC", 500), seeds=1, episodes=9) is None


def test_only_what_declares_a_representation_is_observed(environment: SwingUp) -> None:
    """Specialists have a network for every combination, whose codes have nothing in common."""
    assert [name for name in METHODS if not METHODS[name].representation] == ["specialists"]
    kind = METHODS["specialists"]
    alone = kind(Pendulum.info, build(kind.Config, {})).eval()
    seen = environment.observe(environment.start(2, np.random.default_rng(0)), np.random.default_rng(1))
    with pytest.raises(Unsupported, match="Specialists has no representation"):
        represent(alone, seen, alone.modalities.full)


def test_a_controller_of_other_codes_is_refused(tmp_path: Path, acting: Policy) -> None:
    with pytest.raises(CheckpointError, match="are not there"):
        measure.controller(tmp_path, ABOUT.digest)
    policy.save(tmp_path, acting, ABOUT)
    assert measure.controller(tmp_path, ABOUT.digest).sizes == acting.sizes
    with pytest.raises(CheckpointError, match="another checkpoint"):
        measure.controller(tmp_path, "e" * 64)


def test_what_ships_can_be_played_from_a_clone() -> None:
    """The models that the controllers need are among the files of the repository, too."""
    runs = measure.runs(Library(SHIPPED), "pendulum")
    assert {(run.method, run.tag) for run in runs} >= {
        *(("m3ixup", f"ablation-{step}-seed0") for step in ("unlabelled", "unlabelled-contrast")),
        *((name, "seed0") for name in ("joint", "dropout", "ensemble")),
    }
    for run in runs:
        folder, digest = Path(run.path), checkpoints.load(Path(run.path)).digest
        assert measure.read(folder, digest)["digest"] == digest
        for file in measure.policies_in(folder):
            assert policy.load(file)[1].digest == digest
    listed = subprocess.run(
        ["git", "ls-files", "checkpoints/pendulum"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0 and listed.stdout:
        needed = {f"checkpoints/pendulum/{run.method}/{run.tag}/model.safetensors" for run in runs}
        assert needed <= set(listed.stdout.split())


def test_a_film_keeps_what_was_seen_and_goes_on_with_what_is_on(
    environment: SwingUp, method: Method, acting: Policy
) -> None:
    modalities = method.modalities
    first = film.continued(film.begun(environment, 3), environment, method, acting, modalities.full, 0)
    assert len(first) == film.AHEAD
    deaf = film.continued(first, environment, method, acting, modalities.parse("image"), 30)
    assert len(deaf) == 30 + film.AHEAD
    np.testing.assert_array_equal(deaf.states[:31], first.states[:31])
    assert not np.array_equal(deaf.states[31:40], first.states[31:40])
    assert deaf.inputs[:31] == ("image-sound",) * 30 + ("image",)
    same = film.continued(first, environment, method, acting, modalities.full, 30)
    np.testing.assert_allclose(same.states[: len(first.states)], first.states, atol=1e-6)


def test_what_a_film_is_worth_and_how_long_it_is_upright_by_hand(environment: SwingUp) -> None:
    angles = np.array([np.pi, 0.0, 0.4, 0.5, -0.4])  # hanging; then within and beyond the angle whose cosine is 0.9
    states = np.stack([angles, np.zeros(5)], 1)
    whole = film.Film(0, states, np.array([-2.0, -0.5, 0.25, -1.0]), ("image",) * 4)
    assert whole.worth == [0.0, -2.0, -2.5, -2.25, -3.25]
    assert film.share_upright(whole, environment, 0) == pytest.approx(3 / 5)
    assert film.share_upright(whole, environment, 3) == pytest.approx(1 / 2)


def test_the_command_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untrained(tmp_path, "digits", "joint")
    words = ["control", "--task", "digits", "--method", "joint", "--checkpoints", str(tmp_path)]
    assert main(words) == 2
    assert "Nothing can be done in the task" in capsys.readouterr().err


def test_on_the_bench_the_film_goes_on_with_what_is_switched_on(
    tmp_path: Path, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    (reference,) = untrained(tmp_path, "pendulum", "dropout")
    folder, digest = Path(reference.path), checkpoints.load(Path(reference.path)).digest
    torch.manual_seed(1)
    returns: measure.Returns = {
        "mean": -1234.0,
        "over_seeds": None,
        "over_episodes": 56.0,
        "seeds": [-1234.0],
        "episodes": 9,
    }
    combinations = dict.fromkeys(("image", "sound", "image-sound"), returns)
    found = {"version": 1, "digest": digest, "steps": 200, "algorithm": "SAC", "combinations": combinations}
    measure.write(folder, {**found, "state": returns, "chance": returns})  # type: ignore[typeddict-item]
    policy.save(folder, Policy((wide(method), 8), 2.0), replace(ABOUT, digest=digest))
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr(film, "AHEAD", 10)
    st.cache_data.clear()
    st.cache_resource.clear()
    app = app_at("predict", 120, task="pendulum", sample="test-000-0", methods="dropout", view="control").run()
    healthy(app)
    first = films(app)
    assert [each["inputs"] for each in first] == [[["image", "sound"]] * 10]
    assert "-1234" in html(app).replace("−", "-")
    app.toggle(key="on.sound").set_value(False).run()
    healthy(app)
    (deaf,) = films(app)
    start = deaf["from"]
    assert deaf["inputs"] == [["image", "sound"]] * start + [["image"]] * 10
    assert deaf["poses"][: start + 1] == first[0]["poses"][: start + 1]
    other = app_at("predict", 120, task="digits", view="control").run()
    assert not films(other), "nothing can be done with digits"


def films(app: AppTest) -> list[dict]:
    found = [json.loads(each.proto.json) for each in app.get("bidi_component") if each.proto.json]
    return [each for each in found if "poses" in each]
