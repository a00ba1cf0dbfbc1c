"""Sequences of features: which steps are there, that padding counts for nothing, that the order of steps is seen."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import mmlab
from mmlab.analysis.attribution.registry import find
from mmlab.cli.app import main
from mmlab.core.errors import DataError
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.recordings import FeatureSequence
from mmlab.core.time_axis import Stretch
from mmlab.modalities import stretches
from mmlab.modalities.corruption import degrade
from mmlab.modalities.sequence.decode import encode_sequence, read_sequence
from mmlab.modalities.sequence.encoder import encoder
from mmlab.modalities.sequence.folder_input import SequenceInput
from mmlab.tasks.custom.from_arrays import write_from_arrays
from mmlab.tasks.custom.validate import check
from mmlab.tasks.official.array_steps import Steps, steps_of
from mmlab.tasks.official.miniature import write_miniature
from mmlab.testing.modality_contract import is_drawn
from mmlab.viz.explain import attribution_maps
from tests.folders import opened, with_task, words, written
from tests.kinds_of_inputs import alone_in, check_method, every_method, goes_everywhere, scores_after

KIND = modality_kind("sequence")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone_in(tmp_path, monkeypatch)


def npy(values: object) -> bytes:
    target = io.BytesIO()
    np.save(target, np.asarray(values))
    return target.getvalue()


NAN, FAR = np.nan, -np.inf


def test_a_row_of_nan_is_no_step_and_other_numbers_that_are_not_finite_are_counted() -> None:
    raw = read_sequence(npy([[1.0, 2], [NAN, NAN], [3, FAR], [NAN, 4]]))
    assert raw.there.tolist() == [True, False, True, True]
    assert raw.values.tolist() == [[1, 2], [0, 0], [3, 3], [2, 4]], "the mean of the column takes the place"
    assert raw.filled == 2
    never = read_sequence(npy([[FAR, 2.0], [FAR, 4]]))
    assert never.values.tolist() == [[0, 2], [0, 4]], "where a column has no number, 0"


def test_zeros_are_steps_unless_files_are_padded() -> None:
    content = npy([[0.0, 0], [1, 0], [0, 0]])
    assert read_sequence(content).there.all()
    assert read_sequence(content, padded=True).there.tolist() == [False, True, False]


def test_columns_of_a_table_are_taken_by_their_names() -> None:
    raw = read_sequence(b"pitch,energy,word\n1,2,3\n4,5,6\n", "a.csv", ("word", "pitch"))
    assert raw.values.tolist() == [[3, 1], [6, 4]]
    assert raw.columns == ("word", "pitch")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "'a' is empty."),
        (npy([1.0, 2]), "'a' is no array of numbers in two dimensions."),
        (npy(np.zeros((2, 0))), "'a' is no array of numbers in two dimensions."),
        (npy([["x", "y"]]), "'a' is no array of numbers in two dimensions."),
        (npy(np.zeros((9, 3)))[:-8], "'a' is cut off."),
        (npy(np.zeros((200_000, 1), np.int8)), "'a' holds 200,000 × 1 numbers."),
        (npy([[1e30, 0]]), "'a' holds 1e+30, which is not a measured number."),
        (b"\x93NUMPY\x01\x00", "'a' is no .npy file that can be read."),
        (npy([[1.0, 2, 3]]), "'a' has 3 columns and should have 2."),
    ],
)
def test_what_is_no_sequence_is_refused_in_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read_sequence(content, "a", size=2)
    assert str(caught.value.args[0]) == sentence


def test_a_sequence_comes_back_from_its_file() -> None:
    raw = read_sequence(npy([[1.0, 2], [NAN, NAN], [3, 4]]))
    again = read_sequence(KIND.written(raw)["npy"])
    assert np.array_equal(again.values, raw.values)
    assert np.array_equal(again.there, raw.there)


def test_what_a_model_takes_says_which_steps_are_there() -> None:
    made = SequenceInput(size=2, steps=4, standardise=False)
    prepared = made.prepare(read_sequence(npy([[1.0, 2], [NAN, NAN], [3, 4]])))
    assert prepared.tensor.tolist() == [[1, 0, 3, 0], [2, 0, 4, 0], [1, 0, 1, 0]]
    assert made.prepare(read_sequence(npy(np.zeros((0, 2))))).notes == ("No step is there.",)


def test_of_what_is_too_long_padding_goes_first() -> None:
    steps = np.arange(1.0, 9)[:, None]
    front = npy(np.concatenate([np.zeros((3, 1)), steps[:4]]))
    short = SequenceInput(size=1, steps=4, padded=True, standardise=False)
    assert short.prepare(short.read(front, "")).tensor[0].tolist() == [1, 2, 3, 4]
    first = short.prepare(short.read(npy(steps), ""))
    assert first.tensor[0].tolist() == [1, 2, 3, 4]
    assert first.notes == ("It has 8 steps: the first 4 are taken.",)
    last = SequenceInput(size=1, steps=4, keep="last", standardise=False)
    assert last.prepare(last.read(npy(steps), "")).tensor[0].tolist() == [5, 6, 7, 8]


def test_padding_does_not_change_the_answer_and_its_length_does_not_either() -> None:
    torch.manual_seed(0)
    network = encoder(3, 8, 12).eval()
    rows = torch.randn(2, 4, 9)
    rows[:, -1] = torch.tensor([1.0, 1, 0, 1, 1, 1, 0, 0, 0])
    feature = network(rows)[0]
    noisy = torch.where(rows[:, -1:] > 0, rows, 100 * torch.randn(rows.shape))
    noisy[:, -1] = rows[:, -1]
    assert torch.equal(network(noisy)[0], feature)
    longer = torch.cat([rows, torch.zeros(2, 4, 30)], 2)
    torch.testing.assert_close(network(longer)[0], feature)
    in_front = torch.cat([torch.zeros(2, 4, 30), rows], 2)
    torch.testing.assert_close(network(in_front)[0], feature)
    assert not network.body(noisy)[:, :, rows[0, -1] == 0].any(), "a map has nothing where no step is"
    assert network(torch.zeros(2, 4, 9))[0].isfinite().all(), "no step at all"


def test_what_comes_first_is_seen_over_more_steps_than_convolutions_reach() -> None:
    torch.manual_seed(0)
    network = encoder(1, 8, 12).eval()
    rows = torch.zeros(2, 2, 60)
    rows[:, 1] = 1
    rows[0, 0, 15], rows[1, 0, 44] = 3, 3  # far from each other and from both ends
    one, other = network.body(rows).amax(2)
    assert not torch.allclose(one, other, atol=1e-3)


def test_padding_has_no_part_in_what_the_network_learns() -> None:
    torch.manual_seed(0)
    network = encoder(3, 8, 12).double().train()
    rows = torch.randn(4, 4, 6).double()
    rows[:, -1] = 1
    network(rows)[0].square().sum().backward()
    alone = [parameter.grad.clone() for parameter in network.parameters()]
    network.zero_grad()
    network(torch.cat([rows, rows.new_zeros(4, 4, 20)], 2))[0].square().sum().backward()
    for one, other in zip(alone, network.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one)


def test_what_says_nothing_is_as_long_as_the_input() -> None:
    batch = torch.tensor([[[1.0, 3, 0], [5, 7, 0], [1, 1, 0]]])
    assert KIND.plain(batch).tolist() == [[[2, 2, 0], [6, 6, 0], [1, 1, 0]]]


def test_corruption_leaves_what_is_not_there() -> None:
    values = np.arange(1, 21, dtype=np.float32).reshape(10, 2)
    there = np.arange(10) < 8
    raw = FeatureSequence(np.where(there[:, None], values, 0), there, ("1", "2"))
    dropped = degrade(raw, "dropped", 5, seed=1)
    assert dropped.there.sum() == 2, "8 of 10, of which 80 % are dropped"
    assert not (dropped.there & ~there).any()
    assert not dropped.values[~dropped.there].any()
    mixed = degrade(raw, "shuffled", 5, seed=1)
    assert sorted(mixed.values[:8, 0].tolist()) == values[:8, 0].tolist()
    assert (mixed.values[:8, 0] != values[:8, 0]).all()
    noisy = degrade(raw, "noise", 3, seed=1)
    assert not noisy.values[8:].any()
    one = FeatureSequence(values[:1], np.ones(1, bool), ("1", "2"))
    assert degrade(one, "dropped", 5).there.all(), "one step stays"


def test_a_stretch_that_is_blanked_is_not_there_and_is_counted_without_padding() -> None:
    raw = read_sequence(npy([[0.0], [0], [1], [2], [3], [4], [5], [0]]), padded=True)
    axis = KIND.time_axis()
    assert axis is not None
    assert axis.timeline(raw).length == 5
    found = stretches.blanked(raw, Stretch(1, 2))
    assert isinstance(found, FeatureSequence)
    assert found.values[:, 0].tolist() == [0, 0, 1, 0, 0, 4, 5, 0]
    assert found.there.tolist() == [False, False, True, False, False, True, True, False]
    made = SequenceInput(size=1, steps=10, standardise=False)
    seen = stretches.seen_part(raw, Stretch(1, 2), lambda each: made.prepare(each).tensor)
    assert seen == (0.3, 0.5), "steps 4 and 5 of ten"
    longer = SequenceInput(size=1, steps=5, standardise=False)
    assert stretches.seen_part(raw, Stretch(1, 2), lambda each: longer.prepare(each).tensor) == (0.2, 0.6)
    nothing = read_sequence(npy([[NAN, NAN]]))
    assert not stretches.blanked(nothing, Stretch(0, 1)).there.any()  # type: ignore[attr-defined]
    assert axis.strip(raw, "#2B7BBB", 100, 20).startswith("<image")


SEQUENCES = with_task(
    modalities=[
        {"name": "voice", "kind": "sequence", "columns": ["pitch", "energy"], "steps": 4},
        {"name": "numbers", "kind": "vector", "columns": ["a", "b"], "inline": True},
    ]
)


def test_files_of_different_lengths_are_standardised_by_the_steps_that_are_there(tmp_path: Path) -> None:
    rows = [
        "id,split,target,voice,numbers",
        "a,train,low,a.npy,1 10",
        "b,train,high,b.npy,3 30",
        "c,train,low,,2 20",
        "d,valid,high,b.npy,4 40",
        "e,test,low,e.csv,1 10",
    ]
    files = {
        "a.npy": npy([[1.0, 50], [3, 50]]),
        "b.npy": npy([[5.0, 50], [NAN, NAN], [7, FAR]]),
        "e.csv": b"energy,pitch\n50,4\n",
    }
    folder = written(tmp_path / "own", SEQUENCES, rows, files)
    found = check(folder)
    assert not found.problems.errors
    said = "\n".join(map(str, found.problems.found))
    assert "'energy': the same number in every training sample." in said
    assert "2 numbers are not finite, in 2 of 5 samples." in said
    assert check(folder).problems.warnings == found.problems.warnings, "when it is checked again, too"
    task = opened(folder)
    samples = task.samples("train")
    spread = np.sqrt(5)  # of 1, 3, 5, 7
    expected = np.array([[-3, -1, 0, 0], [1, 0, 3, 0]]) / spread
    np.testing.assert_allclose(samples.inputs["voice"][:2, 0].float().numpy(), expected, atol=1e-3)
    assert samples.inputs["voice"][:2, 2].tolist() == [[1, 1, 0, 0], [1, 0, 1, 0]]
    assert not samples.inputs["voice"][:, 1].any(), "one number throughout is 0, and so is padding"
    assert samples.present[2].tolist() == [False, True]
    shown = task.prepare("voice", task.example("b").raw["voice"])
    assert torch.equal(shown.tensor, samples.inputs["voice"][1].float()), "the app shows what the model learned from"
    assert "1 number is not finite: the mean of its column takes the place." in shown.notes
    assert task.prepare("voice", task.example("e").raw["voice"]).tensor[:, 0].tolist() == [0, 0, 1]


def test_the_lengths_in_an_archive_say_where_padding_begins(tmp_path: Path) -> None:
    folder = words(tmp_path / "words")
    assert check(folder).problems.found == []
    with np.load(folder / "all.npz") as archive:
        length = int(archive["voice_lengths"][120])
    task = opened(folder)
    raw = task.example("s120").raw["voice"]
    assert raw.values.shape == (length, 2)
    assert raw.values.max() < 10, "what lies behind the last word is never read"
    assert int(task.samples("test").inputs["voice"][8, -1].sum()) == length


@pytest.mark.parametrize(
    ("lengths", "sentence"),
    [
        (np.full(152, 11), "'voice_lengths' of 'all.npz' says 11 of 10 steps."),
        (np.full(151, 9), "'voice_lengths' of 'all.npz' is not a whole number for each row."),
        (np.full(152, 9.0), "'voice_lengths' of 'all.npz' is not a whole number for each row."),
    ],
)
def test_lengths_that_cannot_be_are_named(tmp_path: Path, lengths: np.ndarray, sentence: str) -> None:
    folder = words(tmp_path / "words")
    with np.load(folder / "all.npz") as archive:
        values = archive["voice"]
    np.savez(folder / "all.npz", voice=values, voice_lengths=lengths)
    assert sentence in str(check(folder).problems.found[0])


def test_only_the_order_of_steps_tells_and_is_explained_step_by_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = scores_after(words(tmp_path / "words"), capsys, "epochs=25", "batch_size=16")
    assert scores["voice"] > 0.9
    assert 0.25 < scores["chance"] < 0.75, "without the order it is at chance"

    model = mmlab.load("words", "dropout")
    task, method = model.task, model.method
    prepared = task.prepare("voice", task.example("s120").raw["voice"]).tensor
    combination = task.info.modalities.combination(["voice"])
    missing = prepared[-1] == 0
    for name in ("gradcam", "hirescam", "gradient_input", "integrated", "occlusion"):
        found = find(name).run(method, {"voice": prepared}, [combination], 0)
        heat = found.maps["voice"]["voice"]
        assert heat.shape == (10,), name
        assert heat.any() or name == "gradcam", name  # whose weights can be against the answer throughout
        if name != "occlusion":  # whose windows reach beyond the last word
            assert not heat[missing.numpy()].any(), f"{name} sees something in padding"
        said = "Most: step " if heat.any() else "No step stands out."
        assert said in attribution_maps.overlay("sequence", prepared.numpy(), heat, "Voice")


def test_one_archive_of_sequences_becomes_a_folder(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    voice, face = rng.normal(size=(40, 7, 3)), rng.normal(size=(40, 5, 2))
    face[:, 3:] = 0
    lengths = rng.integers(1, 8, 40)
    rows = {"numbers": rng.normal(size=(40, 4)), "y": np.arange(40) % 2, "Voice_lengths": lengths}
    np.savez(tmp_path / "all.npz", Voice=voice, face=face, **rows)
    assert write_from_arrays(tmp_path / "all.npz", tmp_path / "own") == 40
    assert json.loads((tmp_path / "own" / "task.json").read_text())["modalities"] == [
        {"name": "voice", "kind": "sequence", "size": 3, "steps": 7},
        {"name": "face", "kind": "sequence", "size": 2, "steps": 5, "padded": True},
        {"name": "numbers", "kind": "vector", "size": 4},
    ]
    assert not check(tmp_path / "own").problems.errors
    raw = opened(tmp_path / "own").example("s7").raw
    np.testing.assert_allclose(raw["voice"].values, voice[7, : lengths[7]], rtol=1e-6)  # type: ignore[attr-defined]
    assert raw["face"].there.tolist() == [True] * 3 + [False] * 2  # type: ignore[attr-defined]


def test_the_fingerprint_of_features_says_what_is_there_and_what_was_not_finite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_miniature("mosi", tmp_path / "mosi")
    of_all = {}
    for protocol in ("mult", "mult-unaligned", "mmsa-unaligned", "mult-pooled"):
        assert main(["data", "mosi", str(tmp_path / "mosi"), "--protocol", protocol, "--json"]) == 0
        of_all[protocol] = json.loads(capsys.readouterr().out)
    aligned = of_all["mult"]["steps"]["voice"]
    assert aligned == {"longest": 50, "least": 4, "middle": 8, "most": 11, "none": 0, "filled": 3, "not_finite": 0}
    assert of_all["mult"]["shapes"] == {"text": [301, 50], "voice": [6, 50], "face": [21, 50]}
    assert of_all["mmsa-unaligned"]["shapes"] == {"text": [769, 50], "voice": [6, 500], "face": [21, 500]}
    assert of_all["mult-pooled"]["shapes"] == {"text": [300], "voice": [5], "face": [20]}
    frames = [of_all[f"{name}-unaligned"]["steps"]["face"] for name in ("mult", "mmsa")]
    assert frames[0] == frames[1], "padding in front and padding behind with lengths hold the same"
    assert frames[0]["most"] == 66
    assert main(["data", "mosi", str(tmp_path / "mosi"), "--protocol", "mult"]) == 0
    assert "not finite in the download, and 0 since the file was converted: 3" in capsys.readouterr().out


def test_numbers_that_are_still_not_finite_are_counted_and_a_sample_without_a_step_is_told(tmp_path: Path) -> None:
    values = np.ones((3, 4, 2), np.float32)
    values[0, 0], values[1], values[2, 3, 1] = 0, 0, -np.inf
    np.savez(tmp_path / "a.npz", voice=values)
    found = steps_of([(tmp_path / "a.npz", "voice")])
    assert found == Steps(4, 3, 3.5, 4, 1, 0, 1)
    assert found.sentence == (
        "3 to 4 of 4 steps are there, 3.5 in the middle; samples without any: 1; "
        "not finite, so that the mean of their column takes the place: 1"
    )


@pytest.mark.slow
def test_sequences_go_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    voice = tmp_path / "voice.npy"
    voice.write_bytes(npy([[1.0, 2], [NAN, NAN], [3, 4]]))
    goes_everywhere(words(tmp_path / "words"), tmp_path, "voice", voice, {"voice:dropped:5": ""}, capsys)


@pytest.mark.parametrize("name", every_method())
def test_every_method_learns_from_sequences(name: str) -> None:
    voice = torch.randn(3, 4, 6)
    voice[:, -1] = (torch.arange(6) < torch.tensor([2, 4, 6])[:, None]).float()
    method, inputs = check_method(name, Modality("voice", "sequence", (4, 6), "Voice", "V"), voice)
    padded = {**inputs, "voice": torch.where(voice[:, -1:] > 0, voice, 9.0)}
    padded["voice"][:, -1] = voice[:, -1]
    full = torch.ones(3, 2, dtype=torch.bool)
    assert torch.equal(method(padded, full).logits, method(inputs, full).logits), "padding has no influence"


def test_variation_changes_features_and_not_which_steps_are_there() -> None:
    batch = torch.randn(3, 4, 6)
    batch[:, -1] = (torch.arange(6) < 4).float()
    batch *= batch[:, -1:]
    varied = KIND.augment(batch, torch.Generator().manual_seed(0))
    assert torch.equal(varied[:, -1], batch[:, -1])
    assert not varied[:, :, 4:].any()
    assert not torch.equal(varied, batch)


def test_a_panel_says_which_steps_have_how_much_of_the_map() -> None:
    heat = np.array([0, 1, 0.5, 0, 0.5], np.float32)
    panel = KIND.drawing().panel(np.ones((3, 5), np.float32), heat, attribution_maps.HOT, None, ())
    assert panel.said == "Most: step 2 50 %, step 3 25 %, step 5 25 %."


def test_absent_steps_are_bare_and_said() -> None:
    raw = read_sequence(npy([[1.0, 2], [NAN, NAN], [3, 4]]))
    drawn = KIND.drawing().recorded(raw, "#2B7BBB", "Voice")
    assert drawn.alt == "Voice: 2 features over 3 steps, of which 2 are there"
    assert drawn.content.count(b"<rect") == 2, "a bar for each step that is there"
    front = read_sequence(npy([[0.0, 0], [0, 0], [1, 2], [3, 4]]), padded=True)
    assert b">3</text>" in KIND.drawing().recorded(front, "#2B7BBB", "Voice").content, "it begins at its third row"
    for empty in (np.zeros((0, 2)), [[NAN, NAN]]):
        is_drawn(KIND.drawing().recorded(read_sequence(npy(empty)), "#2B7BBB", "Voice"))
    assert encode_sequence(raw) == npy(np.array([[1, 2], [NAN, NAN], [3, 4]], np.float32))
