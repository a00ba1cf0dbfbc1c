"""The contract, run on every registered method, every kind of output and two to six modalities."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mmlab.core.batch import Batch
from mmlab.core.errors import CheckpointError, Unsupported
from mmlab.core.method import METHODS, Method
from mmlab.inference.sweep import fuse_all, sweep
from mmlab.methods.dmrnet import DMRNet
from mmlab.methods.gmd import GMD
from mmlab.methods.mmanet import MMANet
from mmlab.testing import method_contract
from mmlab.testing.method_contract import made, settled, trainer
from mmlab.testing.toy_task import OUTPUTS, SIZES, ToyTask
from mmlab.training.loop import Trainer
from mmlab.training.resume_state import STATE

LEARNED = [(name, kind) for name in METHODS for kind in OUTPUTS if kind in METHODS[name].supports]


@pytest.fixture(scope="module", autouse=True)
def one_batch() -> Iterator[None]:
    """Regions of a few pixels are measured in one batch: small batches are for the pictures of real tasks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmlab.inference.sweep.DENSE_BATCH", SIZES["valid"])
        yield


@lru_cache(maxsize=1)  # the checks of a case follow each other
def case(name: str, kind: str, count: int) -> tuple[Method, Batch]:
    return settled(name, kind, count)


@pytest.mark.parametrize("check", method_contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    ("name", "kind", "count"), [(name, *case) for name in METHODS for case in method_contract.cases(name)]
)
def test_the_contract(check: Callable[[Method, Batch], None], name: str, kind: str, count: int):
    check(*case(name, kind, count))


@dataclass(frozen=True)
class Learned:
    """What was seen of a whole training with every option as it is unless said otherwise."""

    run: Trainer
    scores: list[float]
    asked: list[str]  # the splits


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Learned]:
    """Trained once for every test that asks about it."""

    @cache
    def go(name: str) -> Learned:
        asked: list[str] = []

        class Watched(ToyTask):
            def samples(self, split, source="built-in"):
                asked.append(split)
                return super().samples(split, source)

        run = trainer(name, folder=tmp_path_factory.mktemp(name))
        run.task = Watched()
        full = run.method.modalities.full.key
        return Learned(run, [progress.metrics[full]["accuracy"] for progress in run.epochs()], asked)

    return go


@pytest.mark.parametrize(("name", "kind"), LEARNED)
def test_every_parameter_learns_and_every_term_is_alive(name: str, kind: str):
    method_contract.every_parameter_learns(method_contract.learner(name, kind))


@pytest.mark.parametrize("name", list(METHODS))
def test_training_helps_on_complete_input(name: str, learned: Callable[[str], Learned]):
    assert max(learned(name).scores) > 0.7


@pytest.mark.parametrize("name", list(METHODS))
def test_a_killed_run_goes_on_to_the_same_result(name: str, tmp_path: Path, learned: Callable[[str], Learned]):
    straight = learned(name).run
    assert straight.folder is not None
    for _ in range(4):  # killed twice in the middle of each pair of epochs, and once after the last
        broken = trainer(name, folder=tmp_path)
        for _, _ in zip(range(2), broken.epochs(), strict=False):
            pass
    finished = trainer(name, folder=tmp_path)
    for _ in finished.epochs():
        pass
    for key, value in straight.method.state_dict().items():
        torch.testing.assert_close(finished.method.state_dict()[key], value, rtol=0, atol=0, msg=key)
    assert log(tmp_path) == log(straight.folder)
    assert (straight.folder / STATE).is_file()


def test_an_unfinished_run_with_other_options_is_not_mixed_with_this_one(tmp_path: Path):
    next(trainer("dmrnet", folder=tmp_path).epochs())
    with pytest.raises(CheckpointError, match="had other options"):
        next(trainer("dmrnet", folder=tmp_path, alpha=0.5).epochs())
    (tmp_path / STATE).write_bytes((tmp_path / STATE).read_bytes()[:500])
    with pytest.raises(CheckpointError, match="is damaged"):
        next(trainer("dmrnet", folder=tmp_path).epochs())


def log(folder: Path) -> list[dict[str, object]]:
    lines = (folder / "progress.jsonl").read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]


@pytest.mark.parametrize(("name", "kind"), LEARNED)
def test_samples_that_lack_modalities_are_learnt_from(name: str, kind: str):
    run = shorter(trainer(name, kind, 2 if kind == "segmentation" else 3, gaps=0.5))
    assert not run.training.present.all()
    for progress in run.epochs():
        assert all(torch.isfinite(torch.tensor(value)) for value in progress.losses.values())
    found = sweep(run.method, run.validation)
    assert torch.isfinite(torch.from_numpy(found.logits)).all()


@pytest.mark.parametrize("name", list(METHODS))
def test_six_modalities(name: str):
    method, batch = settled(name, "classification", 6)
    assert len(fuse_all(method, batch.inputs, method.modalities.subsets())) == 63


@pytest.mark.parametrize("name", list(METHODS))
def test_no_method_reaches_the_test_split(name: str, learned: Callable[[str], Learned]):
    assert "test" not in learned(name).asked


@dataclass(frozen=True)
class Ablation:
    method: str
    option: str
    value: object


ABLATIONS = [
    Ablation("dmrnet", "probabilistic", False),
    Ablation("dmrnet", "embedding", 64),
    Ablation("dmrnet", "heads_on", "mixture"),
    Ablation("dmrnet", "hcr", "broadcast"),
    Ablation("dmrnet", "hard_head", "separate"),
    Ablation("dmrnet", "fixed", "m0,m0-m1"),
    Ablation("dmrnet", "kl_from_start", False),
    Ablation("mmanet", "relation", "similarity"),
    Ablation("mmanet", "weight", "column"),
    Ablation("mmanet", "blocks", 2),
    Ablation("mmanet", "mar", "broadcast"),
    Ablation("mmanet", "candidates", "all"),
    Ablation("mmanet", "softened", False),
    Ablation("mmanet", "pixels", "pooled"),
    Ablation("mmanet", "doubt", "entropy"),
    Ablation("dimml", "dimensions", "all"),
    Ablation("dimml", "weighting", False),
    Ablation("dimml", "voters", "shared"),
    Ablation("dimml", "fusion_training", "votes"),
    Ablation("dimml", "fusion_heads", "each"),
    Ablation("dimml", "refresh", 2),
    Ablation("gmd", "decouple", False),
    Ablation("gmd", "sharing", False),
    Ablation("gmd", "convolutions", False),
    Ablation("gmd", "per_step", 3),
    Ablation("gmd", "reduction", "sum"),
    Ablation("gmd", "order", "fixed"),
    Ablation("gmd", "scope", "shared"),
    Ablation("m3ixup", "update", "representation"),
    Ablation("m3ixup", "update", "none"),
    Ablation("m3ixup", "input_share", 1.0),
    Ablation("m3ixup", "unimodal_loss", "contrast"),
    Ablation("m3ixup", "labels", "probe"),
    Ablation("m3ixup", "classifier", "residual"),
]


ONLY_REGIONS = {"convolutions", "pixels", "doubt"}
ON_REGIONS = {
    "heads_on",
    "hard_head",
    "fusion_heads",
    "unimodal_loss",
    "classifier",
    "relation",
    "dimensions",
    "weighting",
    "voters",
    "update",
    "sharing",
    *ONLY_REGIONS,
}


SEEN_LATE = {"refresh", "order"}  # what they change shows after more than three epochs


def outcome(run: Trainer) -> dict[str, Tensor]:
    for _ in run.epochs():
        pass
    return {"logits": torch.from_numpy(sweep(run.method, run.validation).logits), **run.method.state_dict()}


def inputs_of(method: str, kind: str) -> int:
    """Two where regions are answered, which cost most; some options of these two methods change nothing then."""
    return 2 if kind == "segmentation" and method not in ("mmanet", "dimml") else 3


@cache
def usual(method: str, kind: str, is_short: bool) -> dict[str, Tensor]:
    """The outcome with every option as it is unless said otherwise: it does not depend on the option that is tested."""
    run = trainer(method, kind, inputs_of(method, kind))
    return outcome(shorter(run) if is_short else run)


def shorter(run: Trainer) -> Trainer:
    """Long enough for two stages, and for what is done every second epoch."""
    run.plan = replace(run.plan, epochs=3)
    return run


@pytest.mark.parametrize(
    ("ablation", "kind"),
    [(Ablation("mmanet", "margin", "batch"), "regression")]
    + [(a, "classification") for a in ABLATIONS if a.option not in ONLY_REGIONS]
    + [(a, "segmentation") for a in ABLATIONS if a.option in ON_REGIONS],
    ids=lambda value: "-".join(map(str, vars(value).values())) if isinstance(value, Ablation) else value,
)
def test_every_option_trains_and_changes_the_result(ablation: Ablation, kind: str):
    count = inputs_of(ablation.method, kind)
    changed_run = trainer(ablation.method, kind, count, **{ablation.option: ablation.value})
    is_short = ablation.option not in SEEN_LATE
    changed = outcome(shorter(changed_run) if is_short else changed_run)
    default = usual(ablation.method, kind, is_short)
    assert torch.isfinite(changed["logits"]).all()
    assert changed["logits"].shape == default["logits"].shape
    assert changed.keys() != default.keys() or any(not torch.equal(changed[k], default[k]) for k in default)


def test_without_labels_codes_come_first_and_then_a_head_alone() -> None:
    """GMC's protocol: nothing of a label reaches the codes, and the epoch before the head learns is the last one."""
    run = trainer("m3ixup", count=3, labels="probe")
    target = run.training.target.clone()
    method = run.method
    seen = []
    for progress in run.epochs():
        seen.append((progress.stage, set(progress.losses)))
        if progress.stage == "codes":
            codes = {name: value.clone() for name, value in method.state_dict().items()}
    assert [stage for stage, _ in seen] == ["codes"] * (len(seen) - 2) + ["head"] * 2, "a quarter of eight epochs"
    assert seen[0][1] == {"contrast", "unimodal", "adapt", "explore"} - ({"explore"} if method.config.start else set())
    assert seen[-1][1] == {"task"}
    moved = {name.split(".")[0] for name, value in method.state_dict().items() if not torch.equal(value, codes[name])}
    assert moved <= {"refine", "head"}
    assert "head" in moved
    again = trainer("m3ixup", count=3, labels="probe")
    again.training.target.copy_(target.flip(0))
    for _ in zip(range(len(seen) - 2), again.epochs(), strict=False):
        other = {name: value.clone() for name, value in again.method.state_dict().items()}
    assert all(torch.equal(codes[name], other[name]) for name in codes), "other labels, the same codes"
    with pytest.raises(Unsupported, match="nothing to learn"):
        made("m3ixup", labels="probe", contrast=0.0, unimodal=0.0, adapt=0.0, explore=0.0)


def test_a_seldom_seen_combination_is_ranked_by_those_of_its_size():
    method = made("dmrnet", count=3)
    assert isinstance(method, DMRNet)
    method.seen[1, 1:] = 100.0
    method.seen[0, 1:] = torch.tensor([1.0, 3.0, 2.0, 5.0, 4.0, 6.0, 1.0]) * 100
    assert method._hard_codes().tolist() == [6, 4, 5]
    method.seen[:, 4] = torch.tensor([0.5, 1.0])  # hardly seen: takes the mean of all single modalities
    total, number = method._backed_off()[:, 4]
    assert float(total / number) == pytest.approx((100 + 300 + 0.5) / 201)


def test_mining_by_overlap_names_the_combination_whose_regions_are_worst_and_only_that() -> None:
    """With the truth as answers, but for m0 and m1 together, of which nothing is found."""
    run = trainer("mmanet", "segmentation", 3, miner="iou")
    method, truth = run.method, run.validation.target
    assert isinstance(method, MMANet)

    def answers(present: Tensor) -> Tensor:
        blind = present[:, 0] & present[:, 1] & ~present[:, 2]
        return torch.where(blind[:, None, None, None], -5.0, 10 * truth.float() - 5)

    seen = run._run(method.stages(8)[0], 0)
    seen.validation = answers
    method.on_epoch_end(seen)
    assert method.logs() == {"mined": ["m0-m1"], "divergence": {"m0-m1": 1.0}}
    with pytest.raises(Unsupported, match="Only regions"):
        made("mmanet", miner="iou")


def test_gradients_of_combinations_conflict_and_are_decoupled():
    run = trainer("gmd", count=3)
    assert isinstance(run.method, GMD)
    records = [progress.logs for progress in run.epochs()]
    assert sum(record["conflicts"] for record in records) > 0
    before, after = ([sum(r[key][9:]) for r in records] for key in ("angles_before", "angles_after"))
    assert sum(after) < sum(before)


@pytest.mark.parametrize("name", METHODS)
def test_features_say_which_input_they_came_from(name: str) -> None:
    method = made(name).eval()
    generator = torch.Generator().manual_seed(1)
    inputs = {m.name: torch.rand((4, *m.shape), generator=generator) for m in method.modalities}
    first, *others = method.modalities.names
    changed = {**inputs, first: inputs[first].flip(0)}
    with torch.no_grad():
        one, other = method.encode(inputs), method.encode(changed)
    assert {*one.alone, *one.beside} <= set(method.modalities.names)
    for part in ("alone", "beside"):
        for modality in set(getattr(one, part)) & set(others):
            pairs = zip(getattr(one, part)[modality], getattr(other, part)[modality], strict=True)
            assert all(torch.equal(*pair) for pair in pairs), (part, modality)
    if one.shared:
        with pytest.raises(ValueError, match="taken apart"):
            one.replaced(other, others)
        return
    full = method.modalities.mask(method.modalities.full, 4)
    with torch.no_grad():
        assert torch.equal(method.fuse(one.replaced(other, others), full).logits, method.fuse(other, full).logits)


def test_cosines_are_those_in_the_parameters_that_all_share() -> None:
    """Two single modalities of a model with encoders of their own share a layer and the head, and nothing else."""
    run = trainer("gmd", count=2)
    method, batch = run.method, run.training.batch(range(32))
    assert isinstance(method, GMD)
    method.train()
    losses = method.losses(batch, run._run(method.stages(8)[0], 0))
    shared = [*method.backbone.parameters(), *method.head.parameters()]
    first, second = (
        torch.cat([each.flatten() for each in torch.autograd.grad(losses[name], shared, retain_graph=True)])
        for name in ("m0", "m1")
    )
    method.backward(losses, run._run(method.stages(8)[0], 0))
    found = method.logs()
    assert found["parameters"] == "shared"
    expected = float(torch.nn.functional.cosine_similarity(first, second, 0))
    assert found["cosines"][0][1] == pytest.approx(expected, abs=1e-4)
    assert found["lengths"][0] == pytest.approx(float(first.norm()), abs=1e-4)


def test_scans_of_one_size_share_every_convolution_and_only_the_normalisation_is_their_own() -> None:
    method = made("gmd", "segmentation", 3)
    assert isinstance(method, GMD)
    assert method.network is not None
    own = {id(p) for name in method.modalities.names for p in method.modality_parameters(name)}
    for name, parameter in method.named_parameters():
        assert (id(parameter) in own) == (".norms." in name), name
    picture = ToyTask("segmentation", 3).samples("train").inputs["m0"][:4]
    answers = method.eval().encode(dict.fromkeys(method.modalities.names, picture)).alone
    assert torch.equal(answers["m0"][0], answers["m1"][0])  # the same network, as long as nothing was learned
    with torch.no_grad():
        next(iter(method.modality_parameters("m1"))).mul_(2)
    changed = method.encode(dict.fromkeys(method.modalities.names, picture)).alone
    assert torch.equal(changed["m0"][0], answers["m0"][0])
    assert not torch.equal(changed["m1"][0], answers["m1"][0])
    assert len(method._objectives(trainer("gmd", "segmentation", 3)._run(method.stages(1)[0], 0))) == 7


def test_a_gmd_of_the_first_version_has_encoders_of_its_own() -> None:
    info = ToyTask("segmentation", 2).info
    old = {"decouple": True, "sharing": True, "per_step": 0, "reduction": "mean", "order": "random", "scope": "all"}
    assert GMD.stored_config(info, old) == {**old, "convolutions": False}
    assert GMD.stored_config(info, {**old, "convolutions": True})["convolutions"]
    assert made("gmd", "segmentation", 2, convolutions=False).network is None
