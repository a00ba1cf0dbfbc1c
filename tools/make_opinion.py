"""Make what `mmlab/samples/opinion/` ships: the rated words, the vocabulary, the bank of voices and the sample pack.

python tools/make_opinion.py --words --voices   needs tools/requirements-build.txt, and MMLAB_DATA with the real reviews
                                                for their share of the vocabulary; makes both, then the pack
python tools/make_opinion.py                    makes the pack from the words and voices that are there
python tools/make_opinion.py --check            compares the pack on disk with what would be made; exit code 1 if it
                                                differs
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from packing import CHECK, finish

from mmlab.core.task import Split
from mmlab.modalities.text.tokenize import MOST_WORDS, words_of
from mmlab.tasks.generators.audio_bank import RATE, write_clips
from mmlab.tasks.generators.opinion import film_reviews, sentences, tone_of_voice, vocabulary
from mmlab.tasks.generators.opinion.noise_model import WITNESSES
from mmlab.tasks.generators.opinion.recordings import Recorder
from mmlab.tasks.generators.opinion.sample_pack import PACK, items

ADJECTIVES = """
    admirable amazing ambitious amusing attractive awesome awful awkward bad beautiful bizarre bold boring
    breathtaking bright brilliant brutal challenging chaotic charming clever comfortable compelling competent
    confusing convincing crazy creative cruel cute cynical daring delicate delightful devastating disappointing
    disastrous disturbing dull dumb effective emotional empty engaging enjoyable entertaining excellent exciting
    excruciating fair fantastic fascinating fine flawed fresh friendly frightening frustrating fun funny gentle
    glorious good gorgeous grand great grim heartbreaking hilarious honest hopeful horrible horrific horrifying
    humorous idiotic impressive intense interesting ironic joyful joyous lame lazy lively lousy lovely magnificent
    messy miserable moody nasty natural nice offensive original outstanding painful passionate perfect pleasant poor
    powerful precious remarkable rewarding rich romantic sad satisfying scary serious shocking smart solid
    sophisticated special splendid startling strange strong stunning stupid successful super superb superior
    surprising sweet terrible terrific terrifying thoughtful thrilling tough tragic trite trivial ugly unpleasant
    vague vile warm weak weird wise wonderful worthy
"""
NOUNS = """
    bore champion comfort delight disappointment disaster drag embarrassment failure flop gift highlight horror
    insult joy marvel masterpiece mess miracle mistake pity pleasure relief shame success surprise torture treat
    triumph waste winner wreck
"""
VERBS = """
    admired adored appreciated despised disliked dreaded enjoyed hated liked loathed loved praised recommended
    regretted resented respected
"""
PHRASES = ("that was the film we saw", "we went there on Sunday", "it was nearly two hours long")
ACCENTS = ("en-US", "en", "en-GB-x-rp", "en-US-nyc", "en-GB-scotland", "en-029")
# Whole variants are held out: a voice of one split is never heard in another
VARIANTS: dict[Split, str] = {
    "train": """
        adam Alex Alicia Andrea antonio belinda caleb david Denis Diogo Hugo iven john linda marcelo Marco max
        Michael miguel paul pedro rob steph zac f2 m4
    """,
    "valid": "Annie benjamin Mario f3",
    "test": "Andy shelby victor f1 m3 Gene Mike edward",
}
QUALITY = 0.965  # of libsndfile's Opus, 0 best to 1 smallest: about 12 kbit/s at 8 kHz


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description="Make the words, the voices and the sample pack of the task opinion.")
    parser.add_argument("--words", action="store_true", help="take the ratings from the lexicon anew (vaderSentiment)")
    parser.add_argument("--voices", action="store_true", help="synthesise the bank of voices anew (espeak-ng)")
    parser.add_argument("--check", action="store_true", help=CHECK)
    options = parser.parse_args()
    if options.words:
        make_words()
        make_vocabulary()
    if options.voices:
        make_voices()
    return finish(PACK, items(), sentences.FOLDER, options.check)


def make_words() -> None:
    """The ratings of the words above, with the licence that they come under."""
    from importlib.metadata import distribution

    package = distribution("vaderSentiment")
    lines = str(package.locate_file("vaderSentiment/vader_lexicon.txt"))
    rows = (line.split("\t") for line in Path(lines).read_text("utf-8").splitlines())
    ratings = {row[0]: float(row[1]) for row in rows}
    neutral = {word for split in sentences.SUBJECTS.values() for subject in split for word in subject.split()}
    if found := sorted(neutral & ratings.keys()):
        raise SystemExit(f"These subjects are rated words: {', '.join(found)}")
    kinds = {"adjectives": ADJECTIVES, "nouns": NOUNS, "verbs": VERBS}
    content = {
        "source": f"VADER lexicon, vaderSentiment {package.version}; Hutto & Gilbert, ICWSM 2014",
        "licence": str(package.read_text("LICENSE.txt") or package.read_text("licenses/LICENSE.txt")),
        **{kind: {word: ratings[word] for word in words.split()} for kind, words in kinds.items()},
    }
    sentences.FOLDER.mkdir(parents=True, exist_ok=True)
    (sentences.FOLDER / sentences.WORDS).write_text(json.dumps(content, indent=0) + "\n", "utf-8")
    sentences.rated_words.cache_clear()


def make_vocabulary() -> None:
    """Write the words that models meet in training, from our sentences and, where they are there, the real reviews."""
    recorder = Recorder("train")
    ours = {word for index in range(len(recorder)) for word in words_of(recorder.sentence(index))}
    file = film_reviews.review_file()
    theirs: Counter[str] = Counter()
    if file is None:
        print("There are no real reviews here, so the list has the words of our own sentences only.")
    else:
        theirs.update(w for each in film_reviews.reviews(file, "train") for w in words_of(each.text)[:MOST_WORDS])
    words = sorted(ours | {word for word, count in theirs.items() if count >= vocabulary.OFTEN})
    (sentences.FOLDER / vocabulary.FILE).write_text("\n".join(words) + "\n", "utf-8")
    vocabulary.training_words.cache_clear()


def make_voices() -> None:
    """Write one Opus file per split and the index of who says what in which tone."""
    from espeak import Espeak

    synthesiser = Espeak()
    levels = WITNESSES["voice"].levels.tolist()
    splits: dict[str, list[dict[str, object]]] = {}
    for split, names in VARIANTS.items():
        entries, clips = [], []
        for number, variant in enumerate(names.split()):
            voice = f"{ACCENTS[number % len(ACCENTS)]}+{variant}"
            said = [(number + place) % len(PHRASES) for place in range(len(levels))]
            tones = [_clip(synthesiser, PHRASES[p], voice, level) for p, level in zip(said, levels, strict=True)]
            entries.append({"voice": voice, "phrases": said, "lengths": [len(tone) for tone in tones]})
            clips += tones
        splits[split] = entries
        write_clips(tone_of_voice.bank_file(split), clips, QUALITY)
    index = {"levels": levels, "phrases": PHRASES, "splits": splits}
    (sentences.FOLDER / tone_of_voice.INDEX).write_text(json.dumps(index, separators=(",", ":")) + "\n", "utf-8")
    tone_of_voice.bank_index.cache_clear()
    tone_of_voice.tones.cache_clear()


def _clip(synthesiser, words: str, voice: str, level: float) -> NDArray[np.float32]:  # type: ignore[no-untyped-def]
    """The words in a tone at 8 kHz, trimmed to where they are heard, peak 0.9."""
    speed, pitch, spread = round(215 + 20 * level), round(50 + 13 * level), round(50 + 15 * level)
    wave = synthesiser.say(words, voice, speed, pitch, spread)
    ratio = Fraction(RATE, synthesiser.rate)
    wave = resample_poly(wave, ratio.numerator, ratio.denominator).astype(np.float32)
    wave /= max(float(np.abs(wave).max()), 1e-6)
    heard = np.flatnonzero(np.abs(wave) > 0.02)
    return 0.9 * wave[max(0, heard[0] - 80) : ceil(heard[-1] + 80)]


if __name__ == "__main__":
    raise SystemExit(main())
