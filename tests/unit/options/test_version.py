"""--version tells the commit: what was written beside the package, else what git says of a checkout, else nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tracer import __version__

PACKAGE = Path(__file__).parents[3] / "tracer"


@pytest.fixture
def copy(tmp_path):
    """A tree with nothing but the package."""
    ignored = shutil.ignore_patterns("__pycache__", "*.o", "*.loader", "commit")
    shutil.copytree(PACKAGE, tmp_path / "tree/tracer", ignore=ignored)
    return tmp_path / "tree"


def said(tree, *words):
    command = [sys.executable, "-m", "tracer", *(words or ["--version"])]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout


def test_nothing_is_known(copy):
    assert said(copy) == said(copy, "version") == f"sigtrace {__version__}\n"


def test_what_was_written_counts(copy):
    (copy / "tracer/commit").write_text("0123456789ab\n")
    assert said(copy) == f"sigtrace {__version__} (0123456789ab)\n"


def test_a_checkout_asks_git(copy):
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", "-C", copy]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout
    assert said(copy) == f"sigtrace {__version__} ({head[:12]})\n"
