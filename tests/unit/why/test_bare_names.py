"""What bears a name need not be it: PID 1, a manager, a guard; and an OOM need not be of the whole host."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import died, said, sent

from tracer.model.event import Process
from tracer.why.words import headline


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ({"scope": "host", "constraint": "NONE"}, "the host had no memory left"),
        ({"scope": "host", "order": -1}, "somebody asked for it with SysRq (order=-1), however much memory was left"),
        ({"scope": "host", "constraint": "CPUSET"}, "the memory nodes that its cpuset allows had none left"),
    ],
)  # fmt: skip
def test_an_oom_need_not_be_of_the_whole_host(details, told):
    report = said(-0.1, "oom report", Process(2231, comm=b"webapp"), details=details)
    (verdict,) = verdicts([report, died(0, "KILL")])
    assert verdict.why[0] == told


def test_pid_1_is_called_what_it_is():
    init = Process(1, comm=b"runit-init")
    (verdict,) = verdicts([sent(0, "TERM", init), died(0.001, "TERM", cause="s0")])
    assert "stopped by runit-init[1]" in headline(verdict)


@pytest.mark.parametrize(("exe", "cause"), [(b"/usr/lib/systemd/systemd", "stop"), (b"/usr/bin/python3", "killed")])  # fmt: skip
def test_a_manager_runs_the_managers_program(exe, cause):
    """Any process may call itself so, and have its parent die."""
    user = Process(700, comm=b"systemd", ppid=1, exe=exe)
    (verdict,) = verdicts([sent(0, "TERM", user), died(0.001, "TERM", cause="s0")])
    assert verdict.cause == cause


@pytest.mark.parametrize(("exe", "cause"), [(b"/usr/bin/earlyoom", "user oom killer"), (b"/usr/bin/python3", "killed")])  # fmt: skip
def test_a_guard_runs_the_guards_program(exe, cause):
    guard = Process(700, comm=b"earlyoom", exe=exe)
    (verdict,) = verdicts([sent(0, "KILL", guard), died(0.001, "KILL", cause="s0")])
    assert verdict.cause == cause
