"""Options of methods that are off unless asked for, on cases that can be followed by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mmlab.core.errors import Unsupported
from mmlab.methods.dimml import DIMML
from mmlab.methods.dmrnet import DMRNet
from mmlab.methods.m3ixup import M3ixup
from mmlab.testing.method_contract import made, trainer


def test_a_fusion_head_for_each_combination_votes_on_exactly_that_one() -> None:
    run = trainer("dimml", count=3, fusion_heads="each", fusion_training="votes")
    method, batch = run.method, run.training.batch(range(16))
    assert isinstance(method, DIMML)
    assert set(method.partial_heads) == {"m0-m1", "m0-m2", "m1-m2"}
    stage = method.stages(8)[1]
    heads = (method.fusion_head, method.partial_heads)
    assert {id(p) for p in stage.parameters or ()} == {id(p) for module in heads for p in module.parameters()}
    method.train()
    for module in stage.frozen:
        module.eval()
    method.losses(batch, run._run(stage, 7))["fusion"].backward()
    assert all(p.grad is not None and p.grad.any() for p in method.partial_heads.parameters())
    method.eval()

    def answers(key: str) -> Tensor:
        mask = method.modalities.mask(method.modalities.parse(key), 16)
        return method(batch.inputs, mask).logits.detach()

    keys = ("m0", "m0-m1", "m0-m2", "m0-m1-m2")
    before = {key: answers(key) for key in keys}
    with torch.no_grad():
        for parameter in method.partial_heads["m0-m1"].parameters():
            parameter.add_(1.0)
    assert [key for key in keys if not torch.equal(answers(key), before[key])] == ["m0-m1"]
    with pytest.raises(Unsupported, match="up to four inputs"):
        made("dimml", count=5, fusion_heads="each")


def test_a_fusion_head_that_learns_through_the_votes_loses_what_the_votes_lose() -> None:
    for training in ("alone", "votes"):
        run = trainer("dimml", count=2, fusion_training=training)
        method, batch = run.method, run.training.batch(range(16))
        assert isinstance(method, DIMML)
        loss = method.eval().losses(batch, run._run(method.stages(8)[1], 7))["fusion"]
        alone = method.encode(batch.inputs).alone
        joined = torch.cat([alone[name][-1] for name in method.modalities.names], 1)
        logits = {"alone": method.fusion_head((joined,)), "votes": method(batch.inputs, batch.present).logits}
        torch.testing.assert_close(loss, method.output.loss(logits[training], batch.target).mean())


def test_dimensions_are_found_anew_after_so_many_epochs() -> None:
    for refresh, expected in ((0, [1]), (2, [1, 3, 5]), (3, [1, 4])):
        run = trainer("dimml", count=2, refresh=refresh, start=0.25)
        method = run.method
        assert isinstance(method, DIMML)
        assert [epoch for epoch in range(7) if method._is_due(run._run(method.stages(8)[0], epoch))] == expected


def test_a_head_of_its_own_predicts_in_the_loss_on_hard_combinations_and_answers_nothing() -> None:
    run = trainer("dmrnet", count=2, hard_head="separate", hard=1.0)
    method, batch = run.method, run.training.batch(range(32))
    assert isinstance(method, DMRNet)
    assert method.hard_head is not None
    method.is_hard[:] = True  # all count
    method.train()
    losses = method.losses(batch, run._run(method.stages(8)[0], 7))
    assert losses["hard"] != losses["task"]
    losses["hard"].backward()
    assert all(p.grad is None for p in method.head.parameters())
    assert all(p.grad is not None for p in method.hard_head.parameters())
    before = method.eval()(batch.inputs, batch.present).logits
    with torch.no_grad():
        for parameter in method.hard_head.parameters():
            parameter.zero_()
    assert torch.equal(method(batch.inputs, batch.present).logits, before)


def test_the_classifier_of_gmc_bends_where_the_usual_one_is_linear_in_the_code() -> None:
    bends = {}
    for each in ("linear", "residual"):
        method = made("m3ixup", classifier=each)
        assert isinstance(method, M3ixup)
        codes = torch.randn(2, 16, method.shared.out_features)
        at_ends = sum(method._answer((code,)) for code in codes) / 2
        bends[each] = float((method._answer((codes.mean(0),)) - at_ends).detach().abs().max())
    assert bends["linear"] < 1e-5 < 1e-3 < bends["residual"]
