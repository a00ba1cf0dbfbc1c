"""Make what `mmlab/samples/brain/` ships: the anatomy of the MNI152 template and the sample pack.

python tools/make_brain.py --anatomy     needs tools/requirements-build.txt; makes the anatomy, then the pack
python tools/make_brain.py               makes the pack from the anatomy that is there
python tools/make_brain.py --check       compares the pack on disk with what would be made; exit code 1 if it differs
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from packing import CHECK, finish

from mmlab.tasks.generators.brain import anatomy
from mmlab.tasks.generators.brain.sample_pack import PACK, items

EVEN = (196, 232, 188)  # voxels of 1 mm that pair up
CUT = (slice(10, 88), slice(8, 108), slice(18, 86))  # voxels of 2 mm: the brain, with the slices that are used
SKIN = 0.05  # of the largest intensity of the skull-stripped template; below it is background


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description="Make the anatomy and the sample pack of the task brain.")
    parser.add_argument("--anatomy", action="store_true", help="cut the template anew (needs nilearn)")
    parser.add_argument("--check", action="store_true", help=CHECK)
    options = parser.parse_args()
    if options.anatomy:
        make_anatomy()
    return finish(PACK, items(), anatomy.FOLDER, options.check)


def make_anatomy() -> None:
    """Write the tissue maps of the template at 2 mm, cut to the slices that are used."""
    from nilearn.datasets import load_mni152_gm_template, load_mni152_template, load_mni152_wm_template

    t1, grey, white = (
        np.asarray(load(resolution=1).get_fdata(), np.float64)
        for load in (load_mni152_template, load_mni152_gm_template, load_mni152_wm_template)
    )
    brain = _coarse((t1 > SKIN * t1.max()).astype(np.float64)) > 0.5
    kept = {name: np.round(_coarse(m / m.max()) * anatomy.LEVELS) for name, m in (("gm", grey), ("wm", white))}
    arrays = {name: value.astype(np.uint8) for name, value in (*kept.items(), ("brain", brain))}
    anatomy.FOLDER.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(anatomy.FILE, **arrays)
    anatomy.maps.cache_clear()


def _coarse(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of 2 x 2 x 2 voxels, cut."""
    even = values[: EVEN[0], : EVEN[1], : EVEN[2]]
    pairs = even.reshape(EVEN[0] // 2, 2, EVEN[1] // 2, 2, EVEN[2] // 2, 2)
    return pairs.mean((1, 3, 5))[CUT]


if __name__ == "__main__":
    raise SystemExit(main())
