"""Options of the whole suite, and the one rule about skips.

SIGTRACE_LIVE=1 says that this machine can trace: a live test that cannot run then fails.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

SOURCES = ("core", "bcc", "audit")


def pytest_addoption(parser):
    parser.addoption("--write-goldens", action="store_true", help="write expected outputs anew")
    parser.addoption(
        "--source",
        action="append",
        choices=(*SOURCES, "all"),
        help="trace through this source in the live tests (default: core; repeatable; all)",
    )


def untimed():
    """How long an example takes says how busy the machine is. Guests of the kernel matrix have no hypothesis."""
    try:
        from hypothesis import HealthCheck, settings
    except ImportError:
        return
    slow = [HealthCheck.too_slow]
    settings.register_profile("untimed", deadline=None, suppress_health_check=slow)
    settings.load_profile("untimed")


def as_everywhere():
    """Expected outputs have local times, and lines of 80 columns; tests of other zones and widths set their own."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.environ.pop("COLUMNS", None)


def pytest_configure(config):
    untimed()
    as_everywhere()
    config.addinivalue_line(
        "markers", "sources(*names, reason=…): the sources that can see what this test is about"
    )
    config.addinivalue_line(
        "markers", "traces: runs once for each source of --source; given by itself"
    )

    config.addinivalue_line("markers", "long: takes minutes; left out unless -m asks for it")


def pytest_collection_modifyitems(config, items):
    """``make test-long`` is ``-m long``."""
    if "long" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_itemcollected(item):
    if "source" in item.fixturenames:
        item.add_marker("traces")


def pytest_generate_tests(metafunc):
    """Every test that traces runs once for each chosen source that can see what it is about."""
    if "source" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("sources")
    able = marker.args if marker else SOURCES
    reason = marker.kwargs.get("reason", "") if marker else ""
    asked = metafunc.config.getoption("--source") or ["core"]
    chosen = SOURCES if "all" in asked else tuple(dict.fromkeys(asked))
    metafunc.parametrize(
        "source",
        [
            name
            if name in able
            else pytest.param(
                name, marks=pytest.mark.skip(reason=f"{name} cannot see it: {reason}")
            )
            for name in chosen
        ],
    )


class NeedlessSkip(pytest.skip.Exception):
    """A skip for a reason that a machine made for tracing does not have."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that calls ``cannot_run`` is skipped here, and fails where it must run."""
    outcome = yield
    report = outcome.get_result()
    needless = call.excinfo is not None and isinstance(call.excinfo.value, NeedlessSkip)
    if needless and os.environ.get("SIGTRACE_LIVE"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but SIGTRACE_LIVE is set: {call.excinfo.value}"


@pytest.fixture(scope="session")
def cannot_run():
    """``cannot_run(reason)`` raises NeedlessSkip."""

    def skip(reason):
        raise NeedlessSkip(reason)

    return skip
