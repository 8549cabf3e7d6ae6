"""What the tests of the sinks share."""

import time

import pytest

from tests.unit.sinks.screen import NOON, SECOND


@pytest.fixture
def noon(monkeypatch):
    """It is noon."""
    monkeypatch.setattr(time, "time", lambda: NOON / SECOND)
