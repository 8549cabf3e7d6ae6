"""Timers among unit files, as systemd.timer(5) has them, in a root of our own."""

from __future__ import annotations

import pytest

from tracer.host.timers import timer_of


@pytest.fixture
def root(tmp_path):
    etc, lib = tmp_path / "etc/systemd/system", tmp_path / "lib/systemd/system"
    run = tmp_path / "run/systemd/transient"
    for folder in (etc, lib, run):
        folder.mkdir(parents=True)
    (lib / "tidy.timer").write_text("[Timer]\nOnCalendar=hourly\n")
    (lib / "nightly.timer").write_text("[Timer]\nUnit = backup.service\n")
    (lib / "masked.timer").write_text("[Timer]\n")
    (etc / "masked.timer").symlink_to("/dev/null")
    (lib / "moved.timer").write_text("[Timer]\n")
    (etc / "moved.timer").write_text("[Timer]\nUnit=elsewhere.service\n")
    (run / "run-r1.timer").write_text("[Timer]\n")
    (lib / "out.timer").symlink_to("/../../../etc/hostname")
    return tmp_path


@pytest.mark.parametrize(
    ("unit", "timer"),
    [
        ("tidy.service", "tidy.timer"),
        ("backup.service", "nightly.timer"),
        ("nightly.service", None),
        ("masked.service", None),
        ("moved.service", None),  # the first folder decides
        ("elsewhere.service", "moved.timer"),
        ("run-r1.service", "run-r1.timer"),
        ("out.service", None),
        ("nothing.service", None),
    ],
)
def test_which_timer_starts_it(root, unit, timer):
    assert timer_of(unit.encode(), str(root)) == (timer and timer.encode())


def test_a_host_without_systemd(tmp_path):
    assert timer_of(b"tidy.service", str(tmp_path)) is None
    assert timer_of(b"tidy.service", str(tmp_path / "gone")) is None
