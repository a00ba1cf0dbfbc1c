"""`python -m mmlab`, and `mmlab` where it is installed: the command line."""

from __future__ import annotations

import os
import sys

from mmlab.cli.app import main
from mmlab.core.process_end import end_quickly


def console() -> int:
    """The command `mmlab`. As with `python -m`, a person's own modules are found in the current folder."""
    if not sys.flags.safe_path:
        sys.path.insert(0, os.getcwd())
    end_quickly()
    return main()


if __name__ == "__main__":
    end_quickly()
    sys.exit(main())
