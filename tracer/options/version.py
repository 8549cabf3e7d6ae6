"""What ``--version`` says: the version, and the commit it was made of, where that is known."""

from __future__ import annotations

import os

from tracer import __version__

HERE = os.path.dirname(os.path.dirname(__file__))
# Beside the package: written when it is installed or packed (packaging/commit.sh), not there in a checkout.
COMMIT = "commit"


def version() -> str:
    """As ``0.1.0 (1a2b3c4d5e6f)``."""
    commit = _written() or _checked_out()
    return f"{__version__} ({commit})" if commit else __version__


def _written() -> str:
    loader = globals().get("__loader__")
    try:
        content: bytes = loader.get_data(os.path.join(HERE, COMMIT))  # type: ignore[union-attr]
    except (AttributeError, OSError):
        return ""
    return content.decode("ascii", "replace").strip()


def _checked_out() -> str:
    if not os.path.exists(os.path.join(os.path.dirname(HERE), ".git")):
        return ""
    import subprocess

    command = ["git", "-C", HERE, "rev-parse", "--short=12", "HEAD"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return run.stdout.strip()
