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
{start}
import sys

sys.path.append({folder!r})

from tracer import __main__
"""

# The kernel takes a first line of 255 bytes, and ends the program's name at a blank: load_script(), fs/binfmt_script.c.
LONGEST = 127  # before v5.1
PLAIN = "#!{python} -IS"
# For a shell a call of Python, for Python a text.
THROUGH_A_SHELL = """\
#!/bin/sh
'''exec' "{python}" -IS "$0" "$@"
'''"""


def start_of(python: str) -> str:
    """The lines that let the kernel run the rest with this Python."""
    plain = PLAIN.format(python=python)
    if " " not in python and len(plain) < LONGEST:
        return plain
    return THROUGH_A_SHELL.format(python=python.translate(_QUOTED))


_QUOTED = str.maketrans({it: "\\" + it for it in '"$`\\'})


def main(target: str, folder: str | None = None, python: str | None = None) -> None:
    """Replace the file; it can be run by everybody."""
    folder = folder or str(Path(__file__).resolve().parent.parent)
    python = python or os.path.abspath(sys.executable)
    made = Path(target + ".new")
    made.write_text(LAUNCHER.format(start=start_of(python), folder=folder))
    made.chmod(0o755)
    made.replace(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
