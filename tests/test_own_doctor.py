"""The doctor: each broken module is caught with its sentence, and sound ones that look odd are left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmlab.cli.app import main
from mmlab.foreign.doctor import examine
from tests.broken_models import BROKEN, CLASSES, FINE, Sound, model, samples


def said(report: object) -> str:
    return report.text()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_model_gets_the_sentence_that_mends_it(name: str) -> None:
    case, sentence = BROKEN[name]
    report = examine(case())
    found = [each for each in report.findings if sentence in f"{each.message} {each.hint} {each.where}"]
    assert found, said(report)
    assert found[0].level in ("error", "warning")
    assert found[0].hint, said(report)
    json.dumps(report.card())


@pytest.mark.parametrize("name", FINE)
def test_a_sound_model_is_left_alone(name: str) -> None:
    report = examine(FINE[name]())
    assert not report.findings, said(report)
    assert len(report.checks) == 10


def test_there_are_as_many_cases_as_promised() -> None:
    assert len(BROKEN) >= 60
    assert len(FINE) >= 12


def test_the_line_is_the_persons_own() -> None:
    report = examine(BROKEN["call: crash"][0]())
    assert report.errors[0].where.startswith("(broken_models.py, line ")


def test_a_crash_in_one_combination_does_not_end_the_later_checks() -> None:
    report = examine(BROKEN["absent: a crash in one combination"][0]())
    assert {"device", "warnings"} <= set(report.checks)
    assert len(report.errors) == 1


def test_several_faults_are_found_in_one_pass() -> None:
    class Several(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.enc, self.tab, self.head = nn.Conv2d(3, 8, 3), nn.Linear(6, 8), nn.Linear(16, 3)

        def forward(self, image: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
            table = table.add_(torch.zeros(6))
            both = torch.cat([self.enc(image * 2).mean((2, 3)), self.tab(table.detach())], 1)
            return self.head(both).softmax(1)

    report = examine(model(Several))
    text = said(report)
    for sentence in ("these are probabilities", "No gradient reaches 'table'", "makes a tensor on the processor"):
        assert sentence in text, text


def test_samples_are_read_once_but_for_the_first() -> None:
    """A data set that decodes pictures is slower than the model."""

    class Counting(list[Any]):
        read = 0

        def __getitem__(self, place: Any) -> Any:
            Counting.read += 1
            return super().__getitem__(place)

    report = examine(model(Sound, data=Counting(samples(200)), classes=CLASSES))
    assert not report.errors, said(report)
    assert Counting.read < 200 + 120


def test_few_passes_are_spent() -> None:
    """Under 20 s where forward takes 50 ms: at most 400 passes."""
    calls = []

    class Counting(Sound):
        def forward(self, image: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
            calls.append(1)
            return super().forward(image, table)

    report = examine(model(Counting, data=samples(200), classes=CLASSES))
    assert not report.errors
    assert len(calls) < 200


def test_a_module_that_is_not_there_is_a_file_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`a.b` may name an installed module; a file that lies here is never run to find out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("MMLAB_MODELS", "")
    (tmp_path / "mine.py").write_text("raise SystemExit('was run')")
    for name in ("nothing.there", "mmlab.nothing", "mine.npz"):
        assert main(["doctor", name]) == 2
        said = capsys.readouterr()
        assert f"There is no file '{name}'" in said.err or f"{name} is missing" in said.out
