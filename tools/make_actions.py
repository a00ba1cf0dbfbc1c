"""Make what `mmlab/samples/actions/` ships: the sample pack.

python tools/make_actions.py              makes the pack
python tools/make_actions.py --check      compares the pack on disk with what would be made; exit code 1 if it differs
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from packing import main

from mmlab.tasks.generators.actions.sample_pack import PACK, items

if __name__ == "__main__":
    raise SystemExit(main("actions", PACK, items, PACK.path.parent, "the renderer makes"))
