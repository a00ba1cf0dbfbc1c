"""Make the sample pack of the task `pendulum` in `mmlab/samples/pendulum/`.

python tools/make_pendulum.py            makes the pack from the simulation
python tools/make_pendulum.py --check    compares the pack on disk with what would be made; exit code 1 if not
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from packing import main

from mmlab.tasks.generators.pendulum.sample_pack import PACK, items

if __name__ == "__main__":
    raise SystemExit(main("pendulum", PACK, items, PACK.path.parent, "the generators make"))
