"""The run of a unit that a process belongs to: told only where it is sure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracer.host.procfs import TICK
from tracer.host.units import Runs

RUN = b"0123456789abcdef" * 2
STARTED = 1_764_000_000_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> bytes:
    for unit in ("nginx.service", "user@1000.service"):
        link = tmp_path / f"invocation:{unit}"
        link.symlink_to(RUN.decode())
        os.utime(link, ns=(STARTED, STARTED), follow_symlinks=False)
    return os.fsencode(tmp_path)


@pytest.mark.parametrize(
    ("cgroup", "unit", "born", "told"),
    [
        (b"/system.slice/nginx.service", b"nginx.service", STARTED, RUN),
        (b"/system.slice/nginx.service/worker", b"nginx.service", STARTED + 5, RUN),
        (b"/system.slice/nginx.service", b"nginx.service", STARTED - TICK, None),
        (b"/system.slice/nginx.service", b"nginx.service", None, None),
        (b"/system.slice/other.service", b"other.service", STARTED, None),
        (b"/user.slice/user@1000.service/app.slice/nginx.service", b"nginx.service", STARTED, None),
        (b"/", None, STARTED, None),
        (None, None, None, None),
    ],
)
def test_the_run(
    folder: bytes, cgroup: bytes | None, unit: bytes | None, born: int | None, told: bytes | None
) -> None:
    assert Runs(folder).of(cgroup, unit, born) == told


def test_a_start_is_cut_to_a_tick(folder: bytes) -> None:
    assert Runs(folder).of(b"/system.slice/nginx.service", b"nginx.service", STARTED - 1) == RUN


def test_a_run_that_is_over_is_remembered(folder: bytes) -> None:
    """systemd has taken the link away when a recorder reads of the death; and made another one since."""
    runs, link = Runs(folder), Path(os.fsdecode(folder), "invocation:nginx.service")
    runs.look()
    link.unlink()
    cgroup, unit = b"/system.slice/nginx.service", b"nginx.service"
    assert runs.of(cgroup, unit, STARTED + 1) == RUN
    link.symlink_to("f" * 32)
    os.utime(link, ns=(STARTED + 60 * TICK, STARTED + 60 * TICK), follow_symlinks=False)
    assert runs.of(cgroup, unit, STARTED + 61 * TICK) == b"f" * 32
    assert runs.of(cgroup, unit, STARTED + 1) == RUN
