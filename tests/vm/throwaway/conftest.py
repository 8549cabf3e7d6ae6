"""What a machine does not get over until it boots again: only where SIGTRACE_THROWAWAY says that it may."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "scenarios"))


def pytest_collection_modifyitems(items):
    if not os.environ.get("SIGTRACE_THROWAWAY"):
        skip = pytest.mark.skip(
            reason="only in a guest that is thrown away: make test-kernels vm-test"
        )
        for item in items:
            if HERE in Path(item.fspath).parents:
                item.add_marker(skip)
