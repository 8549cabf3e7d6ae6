"""A call that seccomp refused, and the crash that follows: two records of the kernel's, one end."""

from __future__ import annotations

import pytest
from test_audit_replay import shown

REFUSED = (
    "type=SECCOMP msg=audit(1700000000.{0}:1): auid=1000 uid=1000 gid=1000 ses=4 pid=801"
    ' comm="victim" exe="/opt/victim" sig=31 arch=c000003e syscall=83 compat=0 ip=0x7a code={1}\n'
)
CRASH = (
    "type=ANOM_ABEND msg=audit({0}:2): auid=1000 uid=1000 gid=1000 ses=4 pid=801"
    ' comm="victim" exe="/opt/victim" sig={1} res=1\n'
)
PROCESS, THREAD, TRAP = "0x80000000", "0x0", "0x30000"


@pytest.mark.parametrize("code", [PROCESS, THREAD, TRAP])
def test_one_end_of_that_cause(code, log):
    text = REFUSED.format("100", code) + CRASH.format("1700000000.104", 31)
    signal, end = shown(log(text.encode()))
    assert (signal["event"], signal["origin"]) == ("signal", "seccomp")
    assert (end["event"], end["process"]["pid"], end["cause"]) == ("exit", 801, signal["id"])


def test_what_kills_a_process_tells_of_its_end_by_itself(log):
    """Rules may leave ANOM_ABEND out."""
    signal, end = shown(log(REFUSED.format("100", PROCESS).encode()))
    assert end["cause"] == signal["id"]


def test_a_later_process_of_that_pid_ends_once_more(log):
    text = REFUSED.format("100", PROCESS) + CRASH.format("1700000009.000", 11)
    _, first, second = shown(log(text.encode()))
    assert [first["signal"]["number"], second["signal"]["number"]] == [31, 11]
    assert "cause" not in second
