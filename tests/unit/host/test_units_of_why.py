"""The run of a unit that a process belongs to: told only where it is sure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracer.host.units import invocation_of

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
        (b"/system.slice/nginx.service", b"nginx.service", STARTED - 1, None),
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
    assert invocation_of(cgroup, unit, born, folder) == told
