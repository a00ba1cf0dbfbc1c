"""Two ResNet-18 on one device, and what the parts of mmlab take from it: training, sweep, Grad-CAM, the pool.

    python bench/gpu.py --write docs/tables --fill docs/results.md                 # on a GPU, at 224 pixels
    python bench/gpu.py --small --write docs/tables --fill docs/results.md         # anywhere, in a minute

Each part is set against what a person would write by hand, on the same data: a plain training loop, a pass per
combination, captum called for one map at a time, one visitor alone. On a GPU time is that of the clock, with a wait for
the device at both ends; on a processor it is the processor's own seconds in one thread, so that other work on the
machine does not count (the pool, which waits, goes by the clock everywhere). Both sides of a comparison take turns, and
the least of the rounds counts. Weights and pictures are random: neither changes a time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Barrier
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import optimizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.attribution_speed import one_by_one
from bench.circumstances import circumstances, load
from bench.sweep_speed import OncePerCombination
from mmlab.analysis.attribution.registry import find
from mmlab.core.backbone_families import as_read
from mmlab.core.batch import Samples
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import build
from mmlab.core.outputs import Classification
from mmlab.core.reference import Reference
from mmlab.core.task import TaskInfo
from mmlab.core.training_plan import Plan
from mmlab.experiments.comparison_tables import fill
from mmlab.inference.device import device, label, mixed_precision, one_thread
from mmlab.inference.model_pool import ModelPool
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import batch_size, sweep
from mmlab.storage import checkpoints
from mmlab.training import loop
from mmlab.training.optimisation import LONGEST
from mmlab.training.step_statistics import StepStatistics

NAME, METHOD = "gpu", "dropout"
CLASSES = ("one", "two", "three", "four", "five", "six")
WARM = 3  # steps before the clock starts
GOAL = 0.9  # of the plain loop's throughput
TOLERANCE = 0.02  # of the spread of the logits
ANSWERED = 8  # samples that two devices are compared on
EVERY = 32  # steps between two readings of the losses on a GPU
READING = ("_local_scalar_dense", "nonzero", "masked_select")  # operators whose answer a GPU is waited for
PACKAGE = str(Path(loop.__file__).resolve().parents[1])


@dataclass(frozen=True)
class Size:
    """How large it all is. side: pixels; matrix: rows of the matrices that the peak is measured on."""

    network: str = "resnet18"
    side: int = 224
    batch: int = 64
    steps: int = 30
    swept: int = 1024
    rounds: int = 3
    visitors: int = 30
    questions: int = 10
    matrix: int = 8192


SMALL = Size(side=64, batch=8, steps=10, swept=48, rounds=3, visitors=30, questions=2, matrix=1024)


def torchvision_ready() -> torch.library.Library:
    """timm needs torchvision, which beside a torch without CUDA may lack two operators that nobody here calls."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    if torch.version.cuda is None:
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


class Pictures:
    """A task of two pictures at each sample, as far as a training and a pool look at it."""

    name, title, about, plan = "pictures", "Two pictures", "Noise in two pictures.", {}

    def __init__(self, side: int, network: str) -> None:
        self.network = network
        items = [Modality(name, "image", (3, side, side), name.title(), name[0].upper()) for name in ("front", "rear")]
        self.info = TaskInfo(self.name, Modalities(items), Classification(CLASSES))

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> Mapping[str, Tensor]:
        return inputs

    def samples(self, count: int) -> Samples:
        """Noise, stored in half precision."""
        generator = torch.Generator().manual_seed(count)
        inputs = {
            item.name: torch.rand(count, *item.shape, generator=generator).half() for item in self.info.modalities
        }
        ids = tuple(map(str, range(count)))
        return Samples(
            inputs, torch.ones(count, len(inputs), dtype=torch.bool), torch.arange(count) % len(CLASSES), ids, ids
        )


class Plain(nn.Module):
    """The same two networks and layers as `METHOD`, as one writes them without mmlab."""

    def __init__(self, network: str, width: int = 64) -> None:
        super().__init__()
        import timm

        self.bodies = nn.ModuleList(timm.create_model(network, num_classes=0) for _ in range(2))
        self.necks = nn.ModuleList(
            nn.Sequential(nn.Linear(body.num_features, width, bias=False), nn.BatchNorm1d(width), nn.ReLU())
            for body in self.bodies
        )
        self.joined = nn.Sequential(nn.Linear(2 * width, width, bias=False), nn.BatchNorm1d(width), nn.ReLU())
        self.head = nn.Linear(width, len(CLASSES))

    def forward(self, pictures: list[Tensor]) -> Tensor:
        features = [neck(body(each)) for neck, body, each in zip(self.necks, self.bodies, pictures, strict=True)]
        return self.head(self.joined(torch.cat(features, 1)))


class Clock:
    """Seconds between the first step after the warm-up and the last one; `tick` at the beginning of each step."""

    def __init__(self, place: torch.device, steps: int) -> None:
        self.place, self.steps, self.ticks, self.seconds, self.start = place, steps, 0, 0.0, 0.0

    def tick(self) -> None:
        if self.ticks in (WARM, WARM + self.steps):
            now = moment(self.place)
            self.seconds, self.start = now - self.start, now
        self.ticks += 1


def moment(place: torch.device) -> float:
    """By the clock, when the device has done what it was asked for; of a processor, its own time."""
    if place.type == "cpu":
        return time.process_time()
    getattr(torch, place.type).synchronize()
    return time.perf_counter()


def seconds(work: Callable[[], object], place: torch.device) -> float:
    start = moment(place)
    work()
    return moment(place) - start


def in_turns(first: Callable[[], float], second: Callable[[], float], rounds: int) -> tuple[float, float]:
    """The least of both over the rounds."""
    found = [(first(), second()) for _ in range(rounds)]
    return min(pair[0] for pair in found), min(pair[1] for pair in found)


def plain_loop(task: Pictures, samples: Samples, size: Size, place: torch.device) -> float:
    """Seconds of the steps of a loop by hand that trains alike, its data on the device."""
    torch.manual_seed(0)
    network = Plain(task.network).to(place, memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0.01)
    inputs = [samples.inputs[name].to(place) for name in task.info.modalities.names]
    target, clock = samples.target.to(place), Clock(place, size.steps)
    for rows in torch.randperm(len(samples)).to(place).split(size.batch):
        clock.tick()
        optimiser.zero_grad()
        with mixed_precision(place):
            loss = functional.cross_entropy(network([each[rows].float() for each in inputs]), target[rows])
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), LONGEST)
        optimiser.step()
    return clock.seconds


def trainer(task: Pictures, samples: Samples, size: Size, place: torch.device) -> loop.Trainer:
    """mmlab's own loop on the same samples, one epoch."""
    plan = build(Plan, {"epochs": 1, "batch_size": size.batch, "augment": False, "learning_rate": 1e-3})
    return loop.Trainer(task, model(task), plan, 0, None, place, {}, samples, samples.take(2))  # type: ignore[arg-type]


def own_loop(task: Pictures, samples: Samples, size: Size, place: torch.device) -> float:
    """Seconds of the steps of mmlab's loop."""
    made, clock = trainer(task, samples, size, place), Clock(place, size.steps)
    losses = made.method.losses

    def counted(*given: Any) -> dict[str, Tensor]:
        clock.tick()
        return losses(*given)

    made.method.losses = counted  # type: ignore[method-assign]
    for _ in made.epochs():
        pass
    return clock.seconds


def model(task: Pictures) -> Method:
    """`METHOD` with a network of its own for each picture."""
    info = as_read(task.info, build(Plan, {"encoders": f"*.encoder=timm:{task.network}; *.pixels=-1"}))
    torch.manual_seed(0)
    return METHODS[METHOD](info, METHODS[METHOD].Config())


def training(task: Pictures, size: Size, place: torch.device) -> dict[str, Any]:
    """Samples per second of both loops, and what of them waits for the device."""
    samples = task.samples(size.batch * (WARM + size.steps + 1))
    own, plain = in_turns(
        lambda: own_loop(task, samples, size, place), lambda: plain_loop(task, samples, size, place), size.rounds
    )
    count = size.batch * size.steps
    return {
        "own": count / own,
        "plain": count / plain,
        "share": plain / own,
        "waits": waits(task, samples, size, place),
    }


class Reads(TorchDispatchMode):
    """Counts what would make the processor wait for a GPU, by the function of mmlab that asks, on a processor: reading
    a number. Copies to a GPU cannot be seen there. The optimiser keeps its counters on the processor, and is left out.
    """

    def __init__(self, place: torch.device) -> None:
        super().__init__()
        self.place, self.found, self.is_moving = place, Counter[str](), False
        self.hooks = (
            optimizer.register_optimizer_step_pre_hook(lambda *_: self._move(True)),
            optimizer.register_optimizer_step_post_hook(lambda *_: self._move(False)),
        )

    def _move(self, now: bool) -> None:
        self.is_moving = now

    def __exit__(self, *error: Any) -> None:
        for hook in self.hooks:
            hook.remove()
        super().__exit__(*error)

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = operator(*args, **(kwargs or {}))
        name = operator.overloadpacket.__name__
        is_here = bool(args) and isinstance(args[0], Tensor) and args[0].device.type == self.place.type
        if is_here and not self.is_moving and name in READING:
            self.found[_asker()] += 1
        return found


def _asker() -> str:
    """The innermost function of mmlab that is at work."""
    frame = sys._getframe(1)
    while frame is not None and not frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back  # type: ignore[assignment]
    return "torch" if frame is None else f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"


class Synchronised:
    """Counts what a GPU reports of being waited for, copies to it included, by the line of mmlab that asks."""

    def __init__(self) -> None:
        self.found = Counter[str]()
        self._said = warnings.catch_warnings()

    def __enter__(self) -> Synchronised:
        self._said.__enter__()
        warnings.simplefilter("always")
        warnings.showwarning = self._count
        torch.cuda.set_sync_debug_mode("warn")
        return self

    def _count(self, message: Any, *_: Any, **__: Any) -> None:
        if "synchronizing CUDA operation" in str(message):
            self.found[_asker()] += 1

    def __exit__(self, *error: Any) -> None:
        torch.cuda.set_sync_debug_mode("default")
        self._said.__exit__(*error)


def waits(task: Pictures, samples: Samples, size: Size, place: torch.device) -> dict[str, float]:
    """How often a step of the training waits for the device, by who asks; counted where losses are read as on a GPU,
    without what an epoch needs once (its validation, its last reading).
    """
    counts = []
    for steps in (1, 1 + size.steps):
        made = trainer(task, samples.take(size.batch * steps), size, place)
        unread = patch.object(loop, "StepStatistics", lambda where, count: StepStatistics(where, count, EVERY))
        with unread, Synchronised() if place.type == "cuda" else Reads(place) as seen:
            for _ in made.epochs():
                pass
        counts.append(seen.found)
    first, second = counts
    return {name: (second[name] - first[name]) / size.steps for name in second if second[name] != first[name]}


def peak(place: torch.device, kind: torch.dtype, rows: int, precision: str = "highest") -> float:
    """The most operations a second that a product of two square matrices reached."""
    one, other = (torch.randn(rows, rows, device=place).to(kind) for _ in range(2))
    had = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        times = 10
        least = min(seconds(lambda: [one @ other for _ in range(times)], place) for _ in range(5))
    finally:
        torch.set_float32_matmul_precision(had)
    return 2 * rows**3 * times / least


def peaks(place: torch.device, rows: int) -> dict[str, float]:
    """By precision. Convolutions of single precision run as tf32 on a GPU, so that this is the sweep's."""
    found = {"float32": peak(place, torch.float32, rows), "bfloat16": peak(place, torch.bfloat16, rows)}
    return found | ({"tf32": peak(place, torch.float32, rows, "high")} if place.type == "cuda" else {})


def sweeping(task: Pictures, size: Size, place: torch.device) -> dict[str, Any]:
    """The sweep against a pass per combination, and against the peak."""
    method, samples = model(task).to(place).eval(), task.samples(size.swept)
    combinations, step = method.modalities.subsets(), batch_size(method.info)
    parts = [range(k, min(k + step, len(samples))) for k in range(0, len(samples), step)]
    each = OncePerCombination(method, samples.batch(parts[0]).to(place).inputs)
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        method.encode(samples.batch([0]).to(place).inputs)

    def apart() -> None:
        for rows in parts:
            for fused in each(samples.batch(rows).to(place).inputs, combinations):
                fused.logits.float().cpu()

    own, hand = in_turns(
        lambda: seconds(lambda: sweep(method, samples, distances=False), place),
        lambda: seconds(apart, place),
        size.rounds,
    )
    found = peaks(place, size.matrix)
    reached = counted.get_total_flops() * len(samples) / own
    top = found["tf32" if place.type == "cuda" else "float32"]
    return {"own": own, "apart": hand, "faster": hand / own, "reached": reached, "peaks": found, "share": reached / top}


def explaining(task: Pictures, size: Size, place: torch.device) -> dict[str, float]:
    """Grad-CAM of one sample under all combinations against captum for one map at a time."""
    method, batch = model(task).to(place).eval(), task.samples(1).batch([0]).to(place)
    single = {name: value[0] for name, value in batch.inputs.items()}
    combinations, grad_cam = method.modalities.subsets(), find("gradcam")

    def own() -> float:
        return seconds(lambda: grad_cam.run(method, single, combinations, 0), place)

    def apart() -> float:
        return seconds(lambda: one_by_one(method, batch, combinations, 0), place)

    own(), apart()
    found = in_turns(own, apart, size.rounds)
    return {"own": found[0], "apart": found[1], "faster": found[1] / found[0]}


def visiting(task: Pictures, size: Size, place: torch.device) -> dict[str, Any]:
    """A cold pool's first answer, one visitor alone, and many who ask at the same time: seconds by the clock."""
    rows = task.samples(size.visitors)
    asked = [{name: rows.inputs[name][k].float() for name in rows.inputs} for k in range(len(rows))]
    with tempfile.TemporaryDirectory() as folder:
        made = model(task)
        card = {"task": made.info.card(), "method": METHOD, "config": {}, "plan": {}, "seed": 0}
        digest = checkpoints.save(Path(folder), made, card)
        reference = Reference(folder, task.name, METHOD, "bench")
        pool = ModelPool(opener=lambda at: Model(task, checkpoints.load(Path(at.path), place).method, card, digest))  # type: ignore[arg-type]
        start = time.perf_counter()
        first = pool.answer(reference, asked[0])
        cold = time.perf_counter() - start
        alone = [_asked(pool, reference, asked[0])[1] for _ in range(5)]
        gate, times = Barrier(size.visitors), []

        def visitor(k: int) -> tuple[Any, float]:
            gate.wait()
            found = [_asked(pool, reference, asked[k]) for _ in range(size.questions)]
            times.extend(each[1] for each in found)
            return found[-1]

        start = time.perf_counter()
        with ThreadPoolExecutor(size.visitors) as threads:
            answers = list(threads.map(visitor, range(size.visitors)))
        whole = time.perf_counter() - start
    apart = max(
        abs(one - other)
        for key in first
        for one, other in zip(first[key].probabilities.values(), answers[0][0][key].probabilities.values(), strict=True)
    )
    return {
        "cold": cold,
        "alone": statistics.median(alone),
        "median": statistics.median(times),
        "p95": statistics.quantiles(times, n=20)[-1],
        "a second": len(times) / whole,
        "apart": float(apart),
    }


def _asked(pool: ModelPool, reference: Reference, sample: Mapping[str, Tensor]) -> tuple[Any, float]:
    start = time.perf_counter()
    answer = pool.answer(reference, sample)
    return answer, time.perf_counter() - start


def agreeing(task: Pictures, place: torch.device) -> dict[str, float]:
    """How far logits of all combinations, and gradients of a step, are from those of the processor in double
    precision: the largest difference, as a share of the spread of the logits, or of the gradient's length.
    """
    samples = task.samples(ANSWERED)
    exact = _numbers(model(task).double(), samples, torch.device("cpu"))
    found = {}
    for name, where in (("device", place), ("processor", torch.device("cpu"))):
        logits, gradient = _numbers(model(task), samples, where)
        found[f"logits, {name}"] = float((logits - exact[0]).abs().max() / exact[0].std())
        found[f"gradient, {name}"] = float((gradient - exact[1]).norm() / exact[1].norm())
    return found


def _numbers(method: Method, samples: Samples, place: torch.device) -> tuple[Tensor, Tensor]:
    method, batch = method.to(place), samples.batch(range(len(samples))).to(place)
    kind = next(method.parameters()).dtype
    inputs = {name: value.to(kind) for name, value in batch.inputs.items()}
    combinations = method.modalities.subsets()
    masks = [method.modalities.mask(each, len(samples), place) for each in combinations]
    with torch.no_grad():
        features = method.eval().encode(inputs)
        logits = torch.stack([each.logits for each in method.fuse_many(features, masks)])
    method.output.loss(method(inputs, masks[-1]).logits, batch.target).mean().backward()
    gradient = torch.cat([each.grad.flatten() for each in method.parameters() if each.grad is not None])
    return logits.double().cpu(), gradient.double().cpu()


def measure(size: Size, place: torch.device) -> dict[str, Any]:
    """Everything, on one device."""
    task = Pictures(size.side, size.network)
    before = load()
    parts = {
        "training": training(task, size, place),
        "sweep": sweeping(task, size, place),
        "explaining": explaining(task, size, place),
        "visitors": visiting(task, size, place),
        "numbers": agreeing(task, place),
    }
    return {
        **circumstances(before, f"torch {torch.__version__}"),
        "device": label(place),
        "size": asdict(size),
        **parts,
    }


def as_markdown(found: Mapping[str, Any]) -> str:
    """One table, and under it which device gave the numbers."""
    size, load, at_once = found["size"], found["load"], found["visitors"]
    learned, swept, seen, numbers = (found[name] for name in ("training", "sweep", "explaining", "numbers"))
    tops = ", ".join(f"{name} {value / 1e9:,.0f}" for name, value in swept["peaks"].items())
    read = ", ".join(f"{count:.2f} in `{name}`" for name, count in learned["waits"].items())
    rows = [
        ("training, samples a second", f"{learned['own']:.1f}", f"plain loop: {learned['plain']:.1f}",
         f"{learned['share']:.0%} (goal {GOAL:.0%})"),
        ("waits for the device in a step", read or "none", f"losses are read once in {EVERY} steps", ""),
        (f"sweep of {size['swept']} samples, s", f"{swept['own']:.3f}", f"once per combination: {swept['apart']:.3f}",
         f"{swept['faster']:.2f}x (at most 2x)"),
        ("the same, GFLOP a second", f"{swept['reached'] / 1e9:,.0f}", f"peak of a matrix product: {tops}",
         f"{swept['share']:.0%}"),
        ("Grad-CAM of all combinations, ms", f"{1000 * seen['own']:.1f}", f"captum: {1000 * seen['apart']:.1f}",
         f"{seen['faster']:.2f}x"),
        ("first answer of a cold pool, ms", f"{1000 * at_once['cold']:.0f}",
         f"warm: {1000 * at_once['alone']:.1f}", ""),
        (f"{size['visitors']} visitors at once, ms",
         f"median {1000 * at_once['median']:.0f}, p95 {1000 * at_once['p95']:.0f}",
         f"one alone: {1000 * at_once['alone']:.1f}", f"{at_once['a second']:.1f} answers a second"),
        ("logits, from double precision", f"{numbers['logits, device']:.1e}",
         f"processor: {numbers['logits, processor']:.1e}", f"of their spread; at most {TOLERANCE}"),
        ("gradient, from double precision", f"{numbers['gradient, device']:.1e}",
         f"processor: {numbers['gradient, processor']:.1e}", f"of its length; at most {TOLERANCE}"),
    ]  # fmt: skip
    lines = ["| what | mmlab | against | |", "| --- | --- | --- | --- |", *(f"| {' | '.join(row)} |" for row in rows)]
    said = (
        f"Device: {found['device']}. Two {size['network']} on {size['side']} pixels, {size['batch']} samples a step, "
        f"`{METHOD}`; {found['machine']}; load {load['before']} before and {load['after']} after; {found['made']}."
    )
    return "\n".join([*lines, "", said])


def held(found: Mapping[str, Any]) -> bool:
    """Whether the goals hold: throughput, and numbers that do not depend on the device."""
    numbers = found["numbers"]
    is_fast = found["training"]["share"] >= GOAL and found["sweep"]["faster"] > 1
    return is_fast and max(numbers["logits, device"], numbers["gradient, device"]) <= TOLERANCE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="few pixels and steps, for a processor")
    parser.add_argument("--write", type=Path, help=f"folder for {NAME}.json and {NAME}.md")
    parser.add_argument("--fill", type=Path, action="append", default=[], help=f"document with the mark table:{NAME}")
    options = parser.parse_args()
    one_thread()
    library = torchvision_ready()  # noqa: F841  # its operators live as long as it does
    found = measure(SMALL if options.small else Size(), device())
    text = as_markdown(found)
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / f"{NAME}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        (options.write / f"{NAME}.md").write_text(text + "\n", "utf-8")
    for document in options.fill:
        fill(document, {NAME: text})
    print(text)
    return int(not held(found))


if __name__ == "__main__":
    sys.exit(main())
