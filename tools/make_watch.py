"""Make what `mmlab/samples/watch/` ships: the recordings and the sample pack.

python tools/make_watch.py --recordings FILE    from seglearn's watch_dataset.npy (tools/requirements-build.txt)
python tools/make_watch.py                      makes the pack from the recordings that are there
python tools/make_watch.py --check              compares the pack on disk with what would be made; exit code 1 if not

The file lies in the wheel, which need not be installed: `pip download --no-deps seglearn==1.2.5`, then
`unzip seglearn-1.2.5-py3-none-any.whl seglearn/data/watch_dataset.npy`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from packing import CHECK, finish

from mmlab.tasks.generators.watch import recordings
from mmlab.tasks.generators.watch.sample_pack import PACK, items

# Of watch_dataset.npy in seglearn 1.2.5: it is a pickle, and only read where it is this very one
SHA256 = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
ARMS = ("left", "right")


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description="Make the recordings and the sample pack of the task watch.")
    parser.add_argument("--recordings", type=Path, metavar="FILE", help="make the recordings anew from this file")
    parser.add_argument("--check", action="store_true", help=CHECK)
    options = parser.parse_args()
    if options.recordings:
        make_recordings(options.recordings)
    return finish(PACK, items(), recordings.FOLDER, options.check, "the recordings make")


def make_recordings(source: Path) -> None:
    """Write one FLAC file of six channels and the index of who did what, and say how much was rounded."""
    if hashlib.sha256(source.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{source} is not the watch_dataset.npy of seglearn 1.2.5.")
    data = np.load(source, allow_pickle=True).item()
    order = np.lexsort((data["y"], data["side"], data["subject"]))
    per_unit = np.repeat(list(recordings.COUNTS.values()), 3)
    pieces = [np.round(data["X"][place] * per_unit) for place in order]
    entries = [
        {
            "person": int(data["subject"][place]),
            "arm": ARMS[int(data["side"][place])],
            "exercise": data["y_labels"][int(data["y"][place])],
            "rows": len(piece),
        }
        for place, piece in zip(order, pieces, strict=True)
    ]
    counts = np.concatenate(pieces)
    assert np.abs(counts).max() < 2**15
    recordings.FOLDER.mkdir(parents=True, exist_ok=True)
    soundfile.write(
        recordings.FILE,
        counts.astype(np.int16),
        recordings.FILE_RATE,
        format="FLAC",
        subtype="PCM_16",
        compression_level=1.0,
    )
    rows = ",\n".join(json.dumps(entry) for entry in entries)
    recordings.INDEX.write_text(f'{{"recordings": [\n{rows}\n]}}\n', "utf-8")
    recordings.recordings.cache_clear()
    _report(np.concatenate([data["X"][place] for place in order]), counts / per_unit)


def _report(exact: np.ndarray, kept: np.ndarray) -> None:
    """Rounding against the sensors' own noise: the calmest half seconds, without their movement.

    Third differences take out any smooth movement and enlarge white noise by the root of 20.
    """
    calm = np.lib.stride_tricks.sliding_window_view(np.diff(exact, 3, axis=0), 25, axis=0)[::25]
    noise = np.percentile(np.sqrt(np.square(calm).mean(-1) / 20), 0.1, axis=0).reshape(2, 3).max(1)
    error = np.sqrt(np.square(exact - kept).mean(0)).reshape(2, 3).max(1)
    for name, rounded, own in zip(recordings.COUNTS, error, noise, strict=True):
        unit = recordings.UNITS[name]
        print(f"{name}: rounded by {rounded:.2g} {unit} (root mean square), quietest noise {own:.2g} {unit}")


if __name__ == "__main__":
    raise SystemExit(main())
