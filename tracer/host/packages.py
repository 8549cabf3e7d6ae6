"""Other people's packages, where Python began without looking for them."""

from __future__ import annotations

import sys


def find_packages() -> None:
    """Let packages be imported that pip or the distribution has installed.

    ``.venv/bin/sigtrace`` begins with ``python -IS``: without ``site``, which looks for them and runs
    their .pth files, a start is 4 ms shorter. Core needs none of them.
    """
    if sys.flags.no_site:
        import site

        site.main()
