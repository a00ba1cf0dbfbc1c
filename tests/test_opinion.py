"""The task `opinion`: what is known of it by construction, its splits and pack, and inputs from anybody."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import ndtr

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.method import METHODS
from mmlab.core.modality import WORD_IDS
from mmlab.core.outputs import Prediction, Regression
from mmlab.core.recordings import Picture, Sound, Strokes, Text
from mmlab.core.task import Split, Task
from mmlab.modalities.audio.decode import encode_sound
from mmlab.modalities.text.tokenize import (
    MOST_WORDS,
    SIGN_BY_SIGN,
    TEXT_BYTES,
    ids_of,
    prepare_text,
    read_text,
    words_of,
)
from mmlab.tasks import cached_splits
from mmlab.tasks.generators.opinion import drawn_faces, film_reviews, recordings, sentences, tone_of_voice, vocabulary
from mmlab.tasks.generators.opinion.noise_model import HIGH, LOW, WITNESSES, Witness, best_answers, draw
from mmlab.tasks.generators.opinion.sample_pack import COUNT, PACK
from mmlab.tasks.generators.opinion.sample_pack import items as pack_items
from mmlab.tasks.opinion import FOREIGN_VOICE, Opinion

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
DATA = os.environ.get("MMLAB_DATA", "")
OUTPUT = Opinion.info.output


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opinion]:
    """Small splits, with a cache of their own."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MMLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setattr(recordings, "SIZES", {"train": 60, "valid": 20, "test": 40})
    cached_splits.forget()
    yield Opinion()
    patch.undo()
    cached_splits.forget()


# what is known by construction


def test_what_each_input_is_worth_follows_by_hand() -> None:
    """Without rounding, the mean of an even opinion given normal noise has a closed form; rounding adds step²/12."""
    cells = (np.arange(4000) + 0.5) / 4000 * 6 - 3
    for name, witness in WITNESSES.items():
        seen = np.linspace(-12, 12, 4801)
        likely = np.exp(-((seen[:, None] - cells) ** 2) / 2 / witness.noise**2)
        likely /= likely.sum()
        mean = likely @ cells / likely.sum(1)
        share = float(likely.sum(1) @ mean**2) / 3  # of the variance of an even number in [-3, 3]
        lost = 1.2 * (witness.step**2 / 12 / witness.noise**2)  # what rounding may cost
        assert share - lost - 0.02 <= best_answers()[name].r2 <= share + 1e-3


def test_nothing_shown_is_a_guess_and_everything_shown_is_best() -> None:
    best = best_answers()
    assert best[""].mae == pytest.approx(1.5, abs=1e-3)  # the mean distance from 0 of an even number in [-3, 3]
    assert best[""].sign_accuracy == pytest.approx(0.5)
    assert best[""].r == pytest.approx(0, abs=1e-6)
    for less in best:
        for more in best:
            if set(filter(None, less.split("-"))) < set(filter(None, more.split("-"))):
                assert best[more].mae < best[less].mae
                assert best[more].r2 > best[less].r2
    assert best["text"].mae < best["voice"].mae < best["face"].mae
    assert {key.count("-") + 1 for key in Opinion().known_values() if key} == {1, 2, 3}


def test_the_right_side_from_one_input_is_the_larger_half_of_its_likelihood() -> None:
    """For an even opinion, P(above | level) by hand: a quotient of areas under the normal curve."""
    witness = WITNESSES["voice"]
    cells = (np.arange(6000) + 0.5) / 6000 * 6 - 3
    edges = np.concatenate([[-np.inf], (witness.levels[1:] + witness.levels[:-1]) / 2, [np.inf]])
    below = ndtr((edges[:, None] - cells) / witness.noise)
    likely = np.diff(below, axis=0) / len(cells)
    right = np.maximum(likely[:, cells > 0].sum(1), likely[:, cells < 0].sum(1)).sum()
    assert best_answers()["voice"].sign_accuracy == pytest.approx(right, abs=1e-3)


def test_no_guesser_beats_the_best_answer_on_what_is_drawn() -> None:
    """The posterior mean of all three levels, worked out sample by sample, reaches what is said to be the best."""
    opinions, shown = draw(4000, np.random.default_rng(5))
    cells = (np.arange(600) + 0.5) / 600 * 6 - 3
    weight = np.ones((len(opinions), len(cells)))
    for name, witness in WITNESSES.items():
        rows = np.searchsorted(witness.levels, shown[name] - 1e-6)
        weight *= witness.likelihood(cells)[rows]
    answers = weight @ cells / weight.sum(1)
    best = best_answers()["text-voice-face"]
    found = OUTPUT.metrics(torch.tensor(answers)[:, None], torch.tensor(opinions))
    assert found["r"] == pytest.approx(best.r, abs=0.01)
    assert found["sign_accuracy"] == pytest.approx(best.sign_accuracy, abs=0.015)
    assert best.mae - 0.02 < found["mae"] < best.mae + 0.03


def test_likelihoods_are_chances() -> None:
    for witness in (*WITNESSES.values(), Witness(0.3, 1.0)):
        table = witness.likelihood(np.array([LOW, 0.0, 1.7, HIGH]))
        assert np.allclose(table.sum(0), 1)
        assert table.shape[0] == len(witness.levels)
        assert set(witness.show(np.array([-3.0, 0.1, 3.0]), np.random.default_rng(0))) <= set(witness.levels)


# sentences


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("score", [-3.0, -1.2, 0.0, 0.7, 3.0])
def test_a_sentence_says_what_it_should(split: Split, score: float) -> None:
    for seed in range(20):
        made = sentences.write_sentence(score, split, np.random.default_rng(seed))
        assert made == sentences.write_sentence(score, split, np.random.default_rng(seed))
        assert abs(made.score - score) < 0.2
        assert re.fullmatch(r"[A-Z].*[.!]", made.text)
        assert 2 < len(words_of(made.text)) <= MOST_WORDS


def test_a_weight_before_a_word_counts_as_the_grammar_says() -> None:
    kind, phrases = "adjectives", sentences._phrases()
    good = sentences.rated_words()[kind]["good"] * sentences.SCALE
    by_weight = {each.weight: each.score for each in phrases[kind][1] if each.word == "good"}
    assert by_weight["very"] == pytest.approx(1.25 * good)
    assert by_weight["not"] == pytest.approx(-0.6 * good)
    assert all(first <= second for first, second in pairwise(phrases[kind][0]))


def test_what_is_spoken_of_differs_between_the_splits() -> None:
    assert not set(sentences.SUBJECTS["train"]) & (set(sentences.SUBJECTS["test"]) - {"the film"})
    for first, second in (("train", "valid"), ("train", "test"), ("valid", "test")):
        assert {each for each in sentences.OPENINGS[first] if each}.isdisjoint(sentences.OPENINGS[second])


# splits and pack


def test_it_keeps_the_protocol(task: Opinion) -> None:
    assert isinstance(task, Task)
    assert task.info.modalities.names == ("text", "voice", "face")
    assert task.info.output == Regression(-3, 3)
    assert task.info.output.metric_names == ("mae", "r", "r2", "sign_accuracy", "f1")
    assert task.describe()["simulated"]


def test_splits_repeat_themselves_and_keep_voices_and_faces_apart(task: Opinion) -> None:
    found = {split: task.samples(split) for split in SPLITS}
    voices = {split: set(samples.groups) for split, samples in found.items()}
    assert voices["train"].isdisjoint(voices["test"] | voices["valid"])
    assert voices["valid"].isdisjoint(voices["test"])
    ranges = [range(*drawn_faces.IDENTITIES[split]) for split in SPLITS]
    assert all(set(first).isdisjoint(second) for first, second in pairwise(ranges))
    stored = found["test"]
    cached_splits.forget()
    again = task.samples("test")  # from the cache on disk
    assert again.ids == stored.ids
    for name in task.info.modalities.names:
        assert torch.equal(again.inputs[name], stored.inputs[name])
    assert float(stored.target.abs().max()) <= 3


def test_every_kind_of_input_follows_the_opinion(task: Opinion) -> None:
    recorder = recordings.Recorder("train")
    opinions = recorder.opinions
    for name, witness in WITNESSES.items():
        shown = np.array([recorder.shown(index)[name] for index in range(len(recorder))])
        assert np.corrcoef(opinions, shown)[0, 1] > 0.4
        assert set(shown) <= set(witness.levels)


def test_the_pack_is_what_the_generators_make(task: Opinion) -> None:
    made = pack_items_first(3)
    for item in made:
        assert PACK.row(item.row["id"]) == item.row
        assert PACK.recordings(item.row["id"])["text"] == item.raw["text"]
        assert np.array_equal(PACK.recordings(item.row["id"])["face"].pixels, item.raw["face"].pixels)


def pack_items_first(count: int):  # type: ignore[no-untyped-def]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmlab.tasks.generators.opinion.sample_pack.COUNT", count)
        patch.setattr(recordings, "SIZES", {"train": 4000, "valid": 500, "test": 1000})
        return pack_items()


@pytest.mark.slow
def test_the_whole_pack_is_what_the_generators_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "SIZES", {"train": 4000, "valid": 500, "test": 1000})
    assert not PACK.differences(pack_items())


def test_the_pack_is_whole_and_small() -> None:
    assert len(PACK.index) == COUNT
    size = sum(file.stat().st_size for file in sentences.FOLDER.rglob("*") if file.is_file())
    assert size <= 2_000_000
    numbers = [row["opinion"] for row in PACK.index.values()]
    assert min(numbers) < -2
    assert max(numbers) > 2


def test_a_shipped_sample_is_prepared_as_in_its_split(task: Opinion) -> None:
    sample = task.gallery()[0]
    example = task.example(sample)
    assert example.answer == OUTPUT.words(example.target)
    prepared = {name: task.prepare(name, raw).tensor for name, raw in example.raw.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "SIZES", {"train": 4000, "valid": 500, "test": 1000})
        made = recordings.Recorder("test").item(0)
    for name, tensor in prepared.items():
        assert torch.equal(tensor, task.prepare(name, made.raw[name]).tensor), name
    with pytest.raises(UnknownName):
        task.example("test-9999")


def test_variation_is_a_function_of_its_seed(task: Opinion) -> None:
    batch = task.samples("train").batch(range(8)).inputs
    first, again, other = (task.augment(batch, seed) for seed in (1, 1, 2))
    for name, value in first.items():
        assert torch.equal(value, again[name])
        assert value.shape == batch[name].shape
    assert not torch.equal(first["face"], other["face"])
    assert set(first["text"].unique().tolist()) <= set(batch["text"].unique().tolist()) | {0.0}


# texts


@pytest.mark.parametrize(
    "text",
    [
        "यह फ़िल्म अच्छी है",
        "இந்த படம் நன்றாக",
        "ছবিটি খুব ভালো",
        "iyi film",
        "שָׁלוֹם עוֹלָם",
        "فيلم جميل جدًا",
        "می‌خواهم",
        "good 👍🏽 👩‍👩‍👧 🇩🇪",
    ],
)
def test_words_keep_their_marks_in_every_script(text: str) -> None:
    assert words_of(text) == [unicodedata.normalize("NFKC", word) for word in text.split()]
    assert words_of(read_text(text.encode()).text) == words_of(text)


def test_words_that_differ_in_a_mark_differ() -> None:
    assert ids_of(words_of("अच्छी")[0]) != ids_of(words_of("अच्छा")[0])
    assert words_of("İYİ FİLM") == words_of("iyi film")
    assert words_of("Straße") == words_of("STRASSE")
    assert read_text("😀".encode()).text == "😀"


@pytest.mark.parametrize(("text", "count"), [("我喜欢这部电影", 7), ("この映画", 4), ("หนังดี", 4)])
def test_scripts_without_spaces_are_taken_sign_by_sign_and_say_so(text: str, count: int) -> None:
    assert len(words_of(text)) == count
    assert prepare_text(Text(text)).notes == (SIGN_BY_SIGN,)
    assert not prepare_text(Text("plain words")).notes


def test_words_are_two_numbers_each_and_negations_are_words(task: Opinion) -> None:
    assert words_of("It isn’t GOOD, is it?!") == ["it", "is", "n't", "good", "is", "it", "?", "!"]
    assert words_of("naïve café, 3.5 snake_case don't") == ["naïve", "café", "3", "5", "snake", "case", "do", "n't"]
    found = task.prepare("text", Text("not good"))
    assert found.tensor.shape == (2, MOST_WORDS)
    assert found.tensor[:, 0].tolist() == list(ids_of("not"))
    assert not found.tensor[:, 2:].any()
    assert found.words == ("not", "good")
    assert all(0 < number < WORD_IDS for word in ("a", "good", "x" * 40) for number in ids_of(word))
    assert ids_of("entertains")[1] == ids_of("entertaining")[1]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no words"),
        (b" \n\t ", "no words"),
        ("!!! … ?".encode(), "no words"),
        (b"\xff\xfe\x00n", "not text in UTF-8"),
        (b"good\x00film", "some other file"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, "not text in UTF-8"),
        (b"word " * 20_000, "the limit is 64 kB"),
    ],
)
def test_what_is_no_text_ends_in_a_sentence(task: Opinion, content: bytes, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        task.prepare("text", task.read("text", content, "note.txt"))


def test_ten_thousand_words_are_cut_and_that_is_said(task: Opinion) -> None:
    long = task.read("text", b"a bad film " * 3_400, "long.txt")
    found = task.prepare("text", long)
    assert len(found.words) == MOST_WORDS
    assert found.notes[0] == "Took the first 32 of 10,200 words."
    assert len(b"a bad film " * 3_400) <= TEXT_BYTES


def test_words_that_were_never_met_are_pointed_out(task: Opinion) -> None:
    assert task.prepare("text", Text("The film is good!")).notes == ()
    named = task.prepare("text", Text("A frabjous good film, slithy frabjous toves")).notes
    assert named == ("Rare in training, so it counts for little: “frabjous”, “slithy”, “toves”.",)
    assert "chance" in task.prepare("text", Text("Xqzt brillig 🙂")).notes[0]
    assert "and 2 more" in task.prepare("text", Text("good " + " ".join(f"zz{i}" for i in range(8)))).notes[0]


def test_the_vocabulary_has_our_own_words() -> None:
    recorder = recordings.Recorder("train")
    ours = {word for index in range(40) for word in words_of(recorder.sentence(index))}
    assert ours <= vocabulary.training_words()
    for kind in sentences.rated_words().values():
        assert set(kind) <= vocabulary.training_words()


def test_hostile_text_is_only_text(task: Opinion) -> None:
    raw = task.read("text", "<script>alert(1)</script>\r\n\u202egood\u202c film\x07".encode(), "../x")
    assert isinstance(raw, Text)
    assert raw.text == "<script>alert(1)</script> good film"


# voices and faces


def test_a_foreign_voice_is_taken_and_that_is_said(task: Opinion) -> None:
    second = np.sin(np.arange(16_000) * 0.11).astype(np.float32) * np.hanning(16_000).astype(np.float32)
    found = task.prepare("voice", task.read("voice", encode_sound(Sound(second, 16_000)), "mine.wav"))
    assert found.tensor.shape == (1, 32, 80)
    assert found.notes[-1] == FOREIGN_VOICE
    assert task.prepare("voice", task.example(task.gallery()[0]).raw["voice"]).notes == ()


@pytest.mark.parametrize("wave", [np.zeros(16_000, np.float32), np.full(8_000, 0.3, np.float32)])
def test_a_silent_recording_ends_in_a_sentence(task: Opinion, wave: np.ndarray) -> None:
    with pytest.raises(DataError):
        task.prepare("voice", Sound(wave, 8_000))


def test_the_tone_and_not_the_loudness_tells(task: Opinion) -> None:
    tones = tone_of_voice.tones("test")
    assert sorted(tones) == list(WITNESSES["voice"].levels)
    clip = tones[3.0][0]
    quiet, loud = (task.prepare("voice", Sound(clip.wave * gain, 8_000)).tensor for gain in (0.3, 1.0))
    assert torch.allclose(quiet, loud, atol=0.02)


def test_a_face_changes_with_its_mood_alone() -> None:
    who, at = drawn_faces.identity(470), drawn_faces.Pose()
    sad, glad = (drawn_faces.draw(who, drawn_faces.Expression(m, m, m), at).pixels for m in (-1.0, 1.0))
    assert np.array_equal(sad, drawn_faces.draw(who, drawn_faces.Expression(-1, -1, -1), at).pixels)
    changed = np.argwhere(sad != glad)
    assert len(changed) > 20
    assert changed[:, 0].min() > 5  # hair and head stay


def test_sliders_draw_a_face_whatever_they_hold(task: Opinion) -> None:
    from mmlab.ui.inputs.drawn_face import PEOPLE, drawing

    calm = drawing(PEOPLE[0], 0.0, 0.0, 0.0)
    assert drawing(PEOPLE[0], float("nan"), 0.0, 0.0) == calm
    assert drawing(PEOPLE[0], 9.0, float("inf"), -9.0) == drawing(PEOPLE[0], 1.0, 1.0, -1.0) != calm
    assert task.prepare("face", task.read("face", calm, "drawn-face.png")).tensor.shape == (1, 40, 40)
    assert set(PEOPLE) <= set(range(*drawn_faces.IDENTITIES["test"]))


def test_a_photo_is_taken_from_its_middle_and_that_is_said(task: Opinion) -> None:
    wide = np.zeros((60, 200, 3), np.uint8)
    wide[:, 70:130] = 255
    found = task.prepare("face", Picture(wide))
    assert "drawn faces only" in found.notes[0]
    assert float(found.tensor.min()) == 1.0


@pytest.mark.parametrize("name", ["text", "voice", "face"])
def test_another_kind_of_recording_is_refused(task: Opinion, name: str) -> None:
    with pytest.raises(DataError):
        task.prepare(name, Strokes((np.zeros((2, 2), np.float32),)))


# answers


def test_numbers_say_the_same_on_one_side_of_the_middle() -> None:
    low, near, high = (Prediction(OUTPUT.words(n), {}, 0.0, n) for n in (-0.01, 0.0, 2.9))
    assert OUTPUT.same(low, near)  # the middle itself is not above it
    assert not OUTPUT.same(near, high)
    assert OUTPUT.right(high, 0.2)
    assert not OUTPUT.right(low, 0.2)


def test_the_measures_of_the_mosi_papers_by_hand() -> None:
    answers, truth = torch.tensor([[1.0], [-1.0], [0.5], [-2.0]]), torch.tensor([2.0, -1.0, -0.5, -3.0])
    found = OUTPUT.metrics(answers, truth)
    assert found["mae"] == pytest.approx(0.75)
    assert found["sign_accuracy"] == pytest.approx(0.75)
    assert found["f1"] == pytest.approx(2 / 3)  # one of two that it calls good is good, and it finds the one that is
    assert found["r"] == pytest.approx(float(np.corrcoef(answers[:, 0], truth)[0, 1]))
    assert found["r2"] == pytest.approx(1 - 3 / 12.6875), "their squares about the mean -0.625 are 12.6875"


def test_r2_counts_a_shift_and_a_factor_and_r_does_not() -> None:
    truth = torch.tensor([-1.0, 0.0, 1.0, 2.0])
    for answers, r, r2 in (
        (truth, 1.0, 1.0),
        (truth + 1, 1.0, 0.2),
        (2 * truth, 1.0, -0.2),
        (0 * truth + 0.5, None, 0.0),
    ):
        found = OUTPUT.metrics(answers[:, None], truth)
        assert found["r2"] == pytest.approx(r2)
        assert found["r"] == pytest.approx(r, nan_ok=True) if r is not None else np.isnan(found["r"])


def test_r2_is_nan_where_the_right_numbers_do_not_vary_and_lowest_where_an_answer_is_none() -> None:
    metric = OUTPUT.output_metrics["r2"]
    answers, truth = np.array([[0.1], [0.2], [np.nan]]), np.array([0.1, 0.1, 0.7])
    counts = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    found = metric.weighted(answers, truth, counts)
    assert np.isnan(found[[0, 2]]).all()
    assert found[1] == -np.inf
    once, twice = metric.weighted(answers[:2], np.array([0.0, 1.0]), np.array([[2.0, 1.0], [1.0, 1.0]]))
    assert once == pytest.approx(1 - (2 * 0.01 + 0.64) / (2 / 3)), "a sample that counts twice is there twice"
    assert twice == pytest.approx(1 - 0.65 / 0.5)


@pytest.mark.parametrize("name", sorted(name for name in METHODS if not METHODS[name].unsupported_reason(Opinion.info)))
def test_methods_stay_small(name: str) -> None:
    kind = METHODS[name]
    count = sum(parameter.numel() for parameter in kind(Opinion.info, kind.Config()).parameters())
    assert count <= kind.most_parameters


# real reviews


def test_without_reviews_there_is_the_built_in_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMLAB_DATA", raising=False)
    assert Opinion().sources() == ("built-in",)
    with pytest.raises(DataError, match="no real reviews"):
        Opinion().samples("test", "real")
    assert Opinion(str(tmp_path)).sources() == ("built-in",)


@pytest.mark.parametrize("line", ["1\tx\tgood", "1\t9\tgood film", "1\tnan\tgood film", "no tabs at all"])
def test_a_damaged_file_of_reviews_ends_in_a_sentence(tmp_path: Path, line: str) -> None:
    rows = [f"{i}\t{i % 9 - 4}\tfilm number {i}" for i in range(200)]
    (tmp_path / film_reviews.FILE).write_text("\n".join([*rows, line]))
    with pytest.raises(DataError, match=film_reviews.FILE):
        film_reviews.reviews(tmp_path / film_reviews.FILE, "test")


def test_reviews_are_parted_once_and_have_the_text_alone(task: Opinion, tmp_path: Path) -> None:
    rows = [f"{i}\t{i % 9 - 4}\tfilm number {i % 150}!" for i in range(300)]  # each sentence twice
    (tmp_path / film_reviews.FILE).write_text("\n".join(rows), "utf-8")
    file = film_reviews.review_file(str(tmp_path))
    assert file is not None
    parted = {split: {each.text for each in film_reviews.reviews(file, split)} for split in SPLITS}
    assert sum(map(len, parted.values())) == 150
    assert not parted["train"] & parted["test"]
    own = Opinion(str(tmp_path))
    assert own.sources() == ("built-in", "real", "both")
    real = own.samples("test", "real")
    assert real.present.tolist() == [[True, False, False]] * len(real)
    assert not real.inputs["voice"].any()
    both = own.samples("test", "both")
    assert len(both) == len(real) + 40
    assert set(real.ids) < set(both.ids)
    assert torch.equal(both.target, own.samples("test", "both").target)


@pytest.mark.skipif(
    not (Path(DATA) / film_reviews.FILE).is_file() or not DATA, reason="needs MMLAB_DATA with the reviews"
)
def test_the_real_reviews_are_whole() -> None:
    file = Path(DATA) / film_reviews.FILE
    parted = {split: film_reviews.reviews(file, split) for split in SPLITS}
    assert sum(map(len, parted.values())) > 10_000
    scores = np.array([each.score for each in parted["test"]])
    assert -3 <= scores.min() < -2
    assert 2 < scores.max() <= 3
    words = [len(prepare_text(Text(each.text)).words) for each in parted["valid"][:200]]
    assert 10 < np.mean(words) <= MOST_WORDS
