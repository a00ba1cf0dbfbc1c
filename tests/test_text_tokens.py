"""Texts as tokens: pieces learned on training texts only, a model's own tokenizer, and what is not known or cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlab.cli.app import main
from mmlab.core.backbone import Backbone
from mmlab.core.errors import DataError, MissingExtra, Unsupported
from mmlab.core.modality import WORD_IDS, Modality
from mmlab.core.recordings import Text
from mmlab.core.token_numbers import MOST_TOKENS, numbers_of, token_of
from mmlab.modalities.text import subwords
from mmlab.modalities.text.folder_input import TextInput
from mmlab.modalities.text.subwords import Subwords, learned
from mmlab.networks.backbone_encoder import Body
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.text_tokens import choose, coverage
from mmlab.tasks.custom_folder import task_class
from mmlab.tasks.official.miniature import write_miniature
from mmlab.tasks.official.opening import open_folder
from mmlab.viz.inputs import text as drawn
from tests.folders import written
from tests.test_backbones import package, small_bert

TEXTS = ["low low low low low lower lower", "newest newest newest newest newest newest widest widest widest"]
PLAIN = {"inline": True, "kind": "text"}


@pytest.fixture(autouse=True)
def _no_other_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))


def told(folder: Path) -> Path:
    """A folder of two texts a sample; those of the test have a word and a letter that no other has."""
    said = ["good film", "bad film", "good play", "bad play"]
    rows = [f"train{place},train,{place % 2},{text},a text" for place, text in enumerate(said)]
    rows += [f"valid{place},valid,{place % 2},{text},a text" for place, text in enumerate(said[:2])]
    rows += ["test0,test,0,good filming quiz,a text", "test1,test,1,bad film,a text"]
    task = {
        "name": "told",
        "output": {"kind": "classification", "classes": ["0", "1"]},
        "modalities": [{"name": "one", **PLAIN}, {"name": "two", **PLAIN}],
    }
    return written(folder, task, ["id,split,target,one,two", *rows], {})


@pytest.mark.parametrize("token", [0, 1, 2046, 2047, 30_521, 250_001, MOST_TOKENS - 1])
def test_two_numbers_are_one_token_and_half_precision_keeps_them(token: int) -> None:
    ((first, second),) = numbers_of([token])
    assert min(first, second) > 0
    assert max(first, second) < WORD_IDS
    assert token_of(first, second) == token
    kept = torch.tensor([first, second]).half().long()
    assert int(token_of(kept[0], kept[1])) == token


def test_pieces_are_those_of_the_example_that_everybody_knows() -> None:
    """That of Sennrich et al.: the letters of est, and low, are joined first."""
    found = learned(TEXTS, 20)
    assert found.merges[:4] == (("##e", "##s"), ("##es", "##t"), ("##o", "##w"), ("l", "##ow"))
    assert [piece for piece, _ in found.pieces("lowest")] == ["low", "##est"]
    assert [number for _, number in found.pieces("low xo")] == [found.numbers["low"], 0, found.numbers["##o"]]
    assert len(found) <= 20
    assert learned(TEXTS[::-1], 20) == found, "the order of texts does not count"


def test_a_vocabulary_of_letters_only_is_cut_to_its_size_and_keeps_the_usual_ones() -> None:
    found = learned(["aaaa aaab"], 3)
    assert found.letters == ("##a", "a")
    assert found.merges == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "'pieces_one.json'"),
        ('{"format": "mmlab-subwords-1", "letters": [1], "merges": []}', "'pieces_one.json'"),
        ('{"format": "other", "letters": [], "merges": []}', "'pieces_one.json'"),
        (
            json.dumps({"format": "mmlab-subwords-1", "letters": [str(n) for n in range(2047)], "merges": []}),
            "2,048 pieces",
        ),
        (" " * 600_000, "larger than a vocabulary"),
    ],
)
def test_a_vocabulary_that_is_none_is_one_sentence(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "pieces_one.json").write_text(content, "utf-8")
    with pytest.raises(DataError, match=said):
        subwords.read(tmp_path / "pieces_one.json")


@pytest.mark.parametrize("name", ["../pieces.json", "", "a/b.json", "/etc/passwd"])
def test_pieces_outside_of_the_folder_are_not_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no file of pieces in the folder"):
        TextInput(tokens=f"bpe:{name}").placed(tmp_path)


def test_pieces_are_learned_on_the_training_texts_and_counted_in_each_split(tmp_path: Path) -> None:
    folder = told(tmp_path / "own")
    words = coverage(folder)["one"]
    assert (words["test"].texts, words["test"].tokens) == (2, 2.5)
    assert words["test"].unknown == 2 / 5, "filming and quiz, of five words"
    assert choose(folder, "bpe", "one", 8, 60) == ("one",)
    pieces = coverage(folder)["one"]
    assert pieces["train"].unknown == 0
    lost = [piece for piece, number in held(folder).pieces("good filming quiz") if not number]
    assert lost == ["##n", "##g", "q", "##u", "##z"], "letters of no training text, or none at this place of a word"
    assert pieces["test"].unknown > 0
    assert pieces["test"].cut == 0.5, "one of two texts has more than eight tokens"
    again = task_class(folder)()
    made = again.prepare("one", Text("good filming quiz"))
    assert made.tensor.shape == (2, 8)
    assert made.words[0] == "good"
    assert made.notes[0].startswith("Took the first 8 of ")
    assert "tokens are not in the vocabulary" in made.notes[1]
    numbers = [int(token_of(first, second)) for first, second in made.tensor.long().T.tolist()]
    assert numbers == [number for _, number in held(folder).pieces("good filming quiz")[:8]]
    assert again.info.modalities["one"].tokens == f"bpe@{held(folder).digest}"
    assert again.info.modalities["two"].tokens == ""
    assert json.loads(again.describe()["learned"]["one"]) == json.loads((folder / "pieces_one.json").read_text("utf-8"))
    assert "learned" not in task_class(told(tmp_path / "other"))().describe()


def test_a_damaged_vocabulary_is_named_and_made_again_by_the_command_that_it_names(tmp_path: Path) -> None:
    folder = told(tmp_path / "own")
    choose(folder, "bpe", "one", 16, 60)
    whole = (folder / "pieces_one.json").read_bytes()
    (folder / "pieces_one.json").write_bytes(whole[:40])
    with pytest.raises(DataError, match=r"'pieces_one\.json'") as raised:
        coverage(folder)
    assert "mmlab tokens FOLDER --by bpe" in raised.value.hint
    choose(folder, "bpe", "one", 0, 60)
    assert (folder / "pieces_one.json").read_bytes() == whole
    assert task_class(folder)().info.modalities["one"].shape == (2, 16), "the length stays"


def held(folder: Path) -> Subwords:
    return subwords.read(folder / "pieces_one.json")


def test_a_model_of_other_tokens_is_not_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(told(tmp_path / "own"))
    task = ("--task", folder, "--method", "dropout", "--checkpoints", str(tmp_path / "models"))
    assert main(["train", *task, "--plan", "epochs=1"]) == 0
    assert main(["tokens", folder, "--by", "bpe", "--size", "60"]) == 0
    assert "not known" in capsys.readouterr().out
    assert main(["evaluate", *task]) == 2
    assert "was made for other inputs" in capsys.readouterr().err
    assert main(["train", *task, "--plan", "epochs=1", "--tag", "pieces"]) == 0
    assert main(["tokens", folder, "--by", "words"]) == 0
    assert main(["evaluate", *task]) == 0


def test_an_official_data_set_keeps_what_its_texts_are_taken_as(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    write_miniature("mmimdb", folder)
    open_folder("mmimdb", folder)
    choose(folder, "bpe", length=64, size=200)
    assert main(["data", "mmimdb", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["shapes"]["text"] == [2, 64]
    assert found["texts"]["text"]["train"]["unknown"] == 0
    assert main(["data", "mmimdb", str(folder), "--protocol", "map"]) == 0
    assert "of the tokens of the test were never met" in capsys.readouterr().out
    assert json.loads((folder / "task.json").read_text("utf-8"))["modalities"][1]["tokens"] == "bpe:pieces_text.json"


@pytest.mark.parametrize(
    ("by", "name", "error", "said"),
    [
        ("bpe", "three", DataError, "'three' is no text of this folder"),
        ("letters", "one", DataError, "'letters' names no tokens"),
        ("hf:/nowhere/at/all", "one", (DataError, MissingExtra), "no tokenizer of Hugging Face|need the package"),
    ],
)
def test_what_cannot_be_chosen_is_a_sentence_and_changes_nothing(
    by: str, name: str, error: Any, said: str, tmp_path: Path
) -> None:
    folder = told(tmp_path / "own")
    before = (folder / "task.json").read_bytes()
    with pytest.raises(error, match=said):
        choose(folder, by, name)
    assert (folder / "task.json").read_bytes() == before


def test_a_text_is_read_by_the_tokenizer_of_a_model_as_the_model_reads_it(tmp_path: Path) -> None:
    transformers = package("transformers")
    folder = small_bert(transformers, tmp_path / "bert")
    asked = TextInput(tokens=f"hf:{folder}", length=12)
    said = "A good film, films unseen!"
    made = asked.prepare(Text(said))
    assert made.words == ("A", "good", "film", "##,", "film", "##s", "unseen", "##!")
    assert made.notes == ("3 of 8 tokens are not in the vocabulary: “,”, “unseen”, “!”.",)
    modality = Modality("text", "text", asked.shape, "Text", "T", asked.vocabulary)
    body: Any = Body(modality, Backbone(f"hf:{folder}", pretrained="yes"), False).eval()
    assert body.facts["tokens"] == "its own tokens"
    theirs = transformers.AutoTokenizer.from_pretrained(str(folder))(said, return_tensors="pt")
    tokens, there = body.network.tokens(made.tensor[None])
    count = theirs["input_ids"].shape[1]
    assert tokens[0, :count].tolist() == theirs["input_ids"][0].tolist()
    assert there[0].tolist() == [True] * count + [False] * (14 - count)
    with torch.no_grad():
        ours = body(made.tensor[None])[0][0]
        whole = body.network.network.eval()(**theirs).last_hidden_state[0]
    torch.testing.assert_close(ours[:, : count - 2].T, whole[1:-1])
    assert not ours[:, count - 2 :].any()


def test_a_text_that_is_too_long_or_of_another_tokenizer_is_refused_by_a_model(tmp_path: Path) -> None:
    folder = small_bert(package("transformers"), tmp_path / "bert")
    for length, tokens, said in (
        (80, f"hf:{folder}", "has 80 tokens and bert has no place for more than 62"),
        (12, "hf:another", "comes as tokens of hf:another, not of"),
        (12, "bpe@0123", "comes as tokens of bpe@0123, not of"),
    ):
        modality = Modality("text", "text", (2, length), "Text", "T", tokens)
        with pytest.raises(Unsupported, match=said):
            Body(modality, Backbone(f"hf:{folder}"), False)


def test_a_model_with_a_tokenizer_reads_whole_words_only_where_somebody_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bert = small_bert(package("transformers"), tmp_path / "bert")
    folder = told(tmp_path / "own")
    task = ("--task", str(folder), "--method", "dropout", "--checkpoints", str(tmp_path / "models"))
    asked = ("--plan", "epochs=1", "--set", f"one.encoder=hf:{bert}")
    assert main(["train", *task, *asked]) == 2
    said = capsys.readouterr().err
    assert "'One' would reach hf:" in said
    assert f"python -m mmlab tokens FOLDER --by hf:{bert}" in said
    assert main(["tokens", str(folder), "--by", f"hf:{bert}", "--input", "one", "--length", "12"]) == 0
    assert main(["tokens", str(folder), "--length", "16"]) == 0
    item = json.loads((folder / "task.json").read_text("utf-8"))["modalities"][0]
    assert (item["tokens"], item["length"]) == (f"hf:{bert}", 16), "a length alone changes nothing else"
    assert main(["train", *task, *asked]) == 0
    assert main(["tokens", str(folder), "--by", "words", "--input", "one"]) == 0
    assert main(["train", *task, *asked, "--tag", "words"]) == 0


def test_the_encoder_that_task_json_names_brings_its_tokenizer(tmp_path: Path) -> None:
    folder = told(tmp_path / "own")
    task = json.loads((folder / "task.json").read_text("utf-8"))
    task["modalities"][0]["encoder"] = {"encoder": "hf:bert", "training": "frozen"}
    task["modalities"][1] |= {"encoder": "hf:bert", "tokens": "words"}
    (folder / "task.json").write_text(json.dumps(task), "utf-8")
    made = task_class(folder)()
    assert [each.tokens for each in made.info.modalities] == ["hf:bert", ""]
    assert made.taken_as_words() == ()


def test_pieces_stand_as_words_where_they_are_drawn() -> None:
    pieces = ["disastrous", "##ly", "bad", "##!"]
    assert drawn.joined(pieces) == "disastrously bad!"
    placed, _ = drawn.laid(pieces, 320, 17)
    assert [each.word for each in placed] == ["disastrous", "ly", "bad", "!"]
    assert placed[1].x == pytest.approx(placed[0].x + placed[0].width)
    assert placed[2].x > placed[1].x + placed[1].width
    narrow, _ = drawn.laid(["a", "disastrous", "##ly"], 130, 17)
    assert narrow[1].y == narrow[2].y > narrow[0].y, "a line ends before a word, not in it"
    assert "…ly 70 %" in drawn.weighed(pieces, torch.tensor([0.1, 0.7, 0.2, 0.0]).numpy())
