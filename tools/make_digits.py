"""Make what `mmlab/samples/digits/` ships: the bank of synthetic voices and the sample pack.

python tools/make_digits.py --voices     needs tools/requirements-build.txt; makes the bank, then the pack
python tools/make_digits.py              makes the pack from the bank that is there
python tools/make_digits.py --check      compares the pack on disk with what would be made; exit code 1 if it differs
"""

from __future__ import annotations

import argparse
import json
import sys
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from packing import CHECK, finish

from mmlab.core.task import Split
from mmlab.tasks.generators.digits import synthetic_voices
from mmlab.tasks.generators.digits.sample_pack import PACK, items

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ACCENTS = (
    "en-US",
    "en",
    "en-029",
    "en-GB-scotland",
    "en-GB-x-gbclan",
    "en-GB-x-gbcwmd",
    "en-GB-x-rp",
    "en-US-nyc",
)
# Whole variants are held out: a voice of one split is never heard in another
VARIANTS: dict[Split, str] = {
    "train": """
        adam Alex Alicia Andrea antonio aunty belinda boris caleb david Denis Diogo ed gustave Henrique Hugo ian iven
        iven2 iven3 Jacky john kaukovalta linda marcelo Marco max Michael michel miguel Nguyen paul pedro RicishayMax
        RicishayMax2 RicishayMax3 rob steph steph2 steph3 zac anika f2 f4 f5 grandma klatt klatt2 klatt3 klatt4 klatt5
        m2 m4 m6 m7 m8 norbert sandro travis whisper croak m1
    """,
    "valid": "Annie benjamin Mario Reed Lee quincy f3 m5",
    "test": "Andy Tweaky robert shelby victor f1 m3 grandpa Gene Mike edward fast pablo Storm",
}
QUALITY = 0.965  # of libsndfile's Opus, 0 best to 1 smallest: about 12 kbit/s at 8 kHz


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description="Make the voices and the sample pack of the task digits.")
    parser.add_argument("--voices", action="store_true", help="synthesise the bank of voices anew (needs espeak-ng)")
    parser.add_argument("--check", action="store_true", help=CHECK)
    options = parser.parse_args()
    if options.voices:
        make_voices()
    return finish(PACK, items(), synthetic_voices.FOLDER, options.check)


def make_voices() -> None:
    """Write one Opus file per split and the index of who says what."""
    from espeak import Espeak

    synthesiser = Espeak()
    splits: dict[str, list[dict[str, object]]] = {}
    for split, names in VARIANTS.items():
        variants = names.split()
        rng = np.random.default_rng(len(variants))
        entries, pieces = [], []
        for number, variant in enumerate(variants):
            voice = f"{ACCENTS[number % len(ACCENTS)]}+{variant}"
            speed, pitch = int(rng.integers(120, 200)), int(rng.integers(25, 75))
            words = [_clip(synthesiser, word, voice, speed, pitch) for word in WORDS]
            lengths = [len(word) for word in words]
            entries.append({"voice": voice, "speed": speed, "pitch": pitch, "lengths": lengths})
            pieces += [piece for word in words for piece in (word, np.zeros(synthetic_voices.GAP, np.float32))]
        splits[split] = entries
        _write(synthetic_voices.bank_file(split), np.concatenate(pieces))
    text = json.dumps({"words": WORDS, "splits": splits}, separators=(",", ":"))
    (synthetic_voices.FOLDER / synthetic_voices.INDEX).write_text(text + "\n", "utf-8")
    synthetic_voices.bank_index.cache_clear()
    synthetic_voices.clips.cache_clear()


def _clip(synthesiser, word: str, voice: str, speed: int, pitch: int) -> NDArray[np.float32]:  # type: ignore[no-untyped-def]
    """One word at 8 kHz, trimmed to where it is heard, peak 0.9."""
    wave = synthesiser.say(word, voice, speed, pitch)
    ratio = Fraction(synthetic_voices.RATE, synthesiser.rate)
    wave = resample_poly(wave, ratio.numerator, ratio.denominator).astype(np.float32)
    wave /= max(float(np.abs(wave).max()), 1e-6)
    heard = np.flatnonzero(np.abs(wave) > 0.02)
    return 0.9 * wave[max(0, heard[0] - 80) : ceil(heard[-1] + 80)]


def _write(path: Path, wave: NDArray[np.float32]) -> None:
    soundfile.write(path, wave, synthetic_voices.RATE, format="OGG", subtype="OPUS", compression_level=QUALITY)


if __name__ == "__main__":
    raise SystemExit(main())
