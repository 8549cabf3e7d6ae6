"""Scenarios for a machine with systemd as PID 1: the Vagrant VM. Elsewhere they are skipped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def pytest_collection_modifyitems(items):
    lacking = lack()
    if lacking:
        for item in items:
            if HERE in Path(item.fspath).parents:
                item.add_marker(pytest.mark.skip(reason=f"{lacking}: make vm-test runs it"))


def lack():
    if not Path("/run/systemd/system").is_dir():
        return "needs systemd as PID 1"
    if os.geteuid() != 0:
        return "needs root"
    return ""


@pytest.fixture
def start():
    """Start a program of programs/ as a unit; it is gone when the test is over."""
    from units import Unit

    units = []

    def start_unit(program, *properties, name=None):
        units.append(Unit(program, *properties, name=name))
        return units[-1]

    yield start_unit
    for unit in units:
        unit.clean()
