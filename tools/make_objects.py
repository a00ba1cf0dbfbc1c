"""Make what `mmlab/samples/objects/` ships: the sample pack.

python tools/make_objects.py              makes the pack
python tools/make_objects.py --check      compares the pack on disk with what would be made; exit code 1 if it differs
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from packing import CHECK, finish

from mmlab.tasks.generators.objects.sample_pack import PACK, items


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description="Make the sample pack of the task objects.")
    parser.add_argument("--check", action="store_true", help=CHECK)
    return finish(PACK, items(), PACK.folder.parent, parser.parse_args().check, "the renderer makes")


if __name__ == "__main__":
    raise SystemExit(main())
