"""Write the sigtrace command: write_launcher.py TARGET [FOLDER [PYTHON]].

FOLDER holds the package (default: this checkout), PYTHON runs it (default: the one that runs this).

Python begins with -I, so that what lies in the user's folders and environment is not taken for ours, and with -S,
without looking for packages: that takes 4 ms, and a live trace needs none (tracer/host/packages.py looks where
one is needed). What pip makes of packaging/sigtrace does all the same, and later.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

LAUNCHER = """\
#!{python} -IS
import sys

sys.path.append({folder!r})

from tracer.cli import main

sys.exit(main())
"""


def main(target: str, folder: str | None = None, python: str | None = None) -> None:
    """Replace the file; it can be run by everybody."""
    folder = folder or str(Path(__file__).resolve().parent.parent)
    python = python or os.path.abspath(sys.executable)
    made = Path(target + ".new")
    made.write_text(LAUNCHER.format(python=python, folder=folder))
    made.chmod(0o755)
    made.replace(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
