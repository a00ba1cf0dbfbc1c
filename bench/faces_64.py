"""The faces of the task `faces` at 64 pixels through the usual small networks, all methods over seeds.

    python bench/faces_64.py --write docs/tables --fill docs/results.md

At 40 pixels, as the task has them, joint training is nearly without errors on complete samples. A plain run draws the
pictures once, trains what is lacking one after the other, and goes on where an earlier one was cut off; several at a
time share the work. `--written` trains nothing and writes the table of what there is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import of_one_task
from bench.drawn_faces import draw, drawn_faces
from mmlab.core.task import Task

NAME, SIDE = "faces_64", 64


def main() -> None:
    """Draw, train what is lacking, write."""
    parser = of_one_task.parser(__doc__, seeds=5)
    parser.add_argument("--people", type=int, default=100, help="in the training split; each has 8 captures")
    options = parser.parse_args()

    def task(folder: Path) -> Callable[[], Task]:
        drawings = folder / f"people{options.people}"
        draw(SIDE, options.people, drawings)
        return drawn_faces(SIDE, drawings)

    of_one_task.run(options, NAME, task)


if __name__ == "__main__":
    main()
