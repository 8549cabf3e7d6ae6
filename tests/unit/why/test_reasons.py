"""Why a manager, a guard or a filter ended it: as far as their own lines tell."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import WEBAPP, died, said, sent, unit_died

from tracer.model.event import Process, Seccomp

GUARD = Process(700, comm=b"earlyoom", uid=0, exe=b"/usr/bin/earlyoom")
OOMD = Process(612, comm=b"systemd-oomd", unit=b"systemd-oomd.service")


def low(seconds, **details):
    return said(seconds, "memory pressure", Process(), by=GUARD, details=details)


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([said(-0.1, "watchdog", details={"limit": "3s"}), unit_died(0, "ABRT")],
         ("it gave no sign of life for 3s (WatchdogSec=)",)),
        ([said(-0.1, "watchdog", details={"status": "stuck\x1b[2J"}), unit_died(0, "ABRT")],
         ("it asked for that itself (WATCHDOG=trigger); its last status: stuck\\x1b[2J",)),
        ([said(-0.1, "watchdog"), unit_died(0, "ABRT")], ()),
        ([said(-0.1, "oom kill", by=OOMD, number=9, details={"reason": "memory pressure for /x"}), unit_died(0, "KILL")],
         ("memory pressure for /x",)),
        ([low(-0.2, memory="10.00%", swap="5.00%"), said(-0.1, "oom kill", WEBAPP, by=GUARD, number=15, details={"rss_mib": 3120}),
          died(0, "TERM", source="audit log")],
         ("it held 3120 MiB", "at most 10.00% of the host's memory was left, and 5.00% of its swap")),
        ([low(-9, memory="10.00%", swap="5.00%"), said(-0.1, "oom kill", WEBAPP, by=GUARD, number=15), died(0, "TERM", source="audit log")],
         ()),
        ([sent(0, "SYS", None, origin="seccomp", seccomp=Seccomp("kill process", "getppid")), died(0.1, "SYS", cause="s0")],
         ("the system call was getppid",)),
        ([sent(0, "SYS", None, origin="seccomp"), died(0.1, "SYS", cause="s0")], ()),
    ],
)  # fmt: skip
def test_as_far_as_it_is_told(events, told):
    (verdict,) = verdicts(events)
    assert verdict.cause in ("watchdog", "user oom killer", "seccomp")
    assert verdict.why == told
