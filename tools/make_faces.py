"""Make what `mmlab/samples/faces/` ships: the sample pack.

python tools/make_faces.py              makes the pack
python tools/make_faces.py --check      compares the pack on disk with what would be made; exit code 1 if it differs
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmlab.tasks.sources.faces_pack import PACK, items


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description="Make the sample pack of the task faces.")
    parser.add_argument("--check", action="store_true", help="only compare the pack on disk with what would be made")
    if parser.parse_args().check:
        changed = PACK.differences(items())
        print("\n".join(changed) or "The pack is what the simulator makes.")
        return 1 if changed else 0
    PACK.write(items())
    size = sum(file.stat().st_size for file in PACK.folder.iterdir())
    print(f"{PACK.folder}: {size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
