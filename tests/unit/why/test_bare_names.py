"""What bears a name need not be it: PID 1, a manager, a guard; and an OOM need not be of the whole host."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import died, exited, said, sent

from tracer.host.cgroups import place_of
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


OF_ALICE = b"/user.slice/user-1000.slice/"
MANAGERS = OF_ALICE + b"user@1000.service/init.scope"
OOMD = b"/system.slice/systemd-oomd.service"
SYSTEMD = b"/usr/lib/systemd/systemd"


def placed(comm, exe, uid=None, cgroup=None, **more):
    unit = None if cgroup is None else place_of(cgroup)[0]
    return Process(700, comm=comm, exe=exe, uid=uid, cgroup=cgroup, unit=unit, **more)


def user(exe, uid=None, cgroup=None, **more):
    return placed(b"systemd", exe, uid, cgroup, ppid=1, **more)


@pytest.mark.parametrize(
    ("sender", "cause"),
    [
        (user(SYSTEMD, 1000, MANAGERS), "stop"),
        (user(SYSTEMD + b" (deleted)", 1000, MANAGERS), "stop"),
        (user(SYSTEMD, 0, b"/user.slice/user-0.slice/user@0.service/init.scope"), "stop"),
        # Up to v225.
        (user(SYSTEMD, 1000, OF_ALICE + b"user@1000.service"), "stop"),
        # Who calls itself so, and has its parent die.
        (user(b"/home/alice/systemd", 1000, OF_ALICE + b"session-3.scope"), "killed"),
        (user(SYSTEMD, 1000, OF_ALICE + b"session-3.scope"), "killed"),
        (user(SYSTEMD, 1000, OF_ALICE + b"user@1000.service/app.slice/x.service"), "killed"),
        (user(SYSTEMD, 1001, MANAGERS), "killed"),
        (user(SYSTEMD, 33, b"/system.slice/apache2.service"), "killed"),
        (user(b"/usr/bin/bash", argv=(b"/usr/lib/systemd/systemd", b"--user")), "killed"),
        (user(b"/usr/bin/python3", argv=(b"systemd",)), "killed"),
    ],
)
def test_a_manager_is_where_managers_are(sender, cause):
    """Any process may call itself so, and its file."""
    for end in (died(0.001, "TERM", cause="s0"), exited(0.001, 0, handled="s0")):
        (verdict,) = verdicts([sent(0, "TERM", sender, outcome="handled"), end])
        assert verdict.cause == cause


@pytest.mark.parametrize(
    ("sender", "cause"),
    [
        (placed(b"earlyoom", b"/usr/bin/earlyoom", 0), "user oom killer"),
        (placed(b"earlyoom", b"/usr/bin/earlyoom", 61184, b"/system.slice/earlyoom.service"), "user oom killer"),
        (placed(b"systemd-oomd", b"/usr/lib/systemd/systemd-oomd", 998, OOMD), "user oom killer"),
        (placed(b"systemd-oomd", b"/usr/lib/systemd/systemd-oomd (deleted)", 998, OOMD), "user oom killer"),
        (placed(b"nohang", b"/usr/bin/python3.11", 0, b"/system.slice/nohang.service"), "user oom killer"),
        # cp /bin/kill /tmp/earlyoom; setproctitle(3); a unit of alice's own manager.
        (placed(b"earlyoom", b"/tmp/earlyoom", 1000, OF_ALICE + b"session-3.scope"), "killed"),
        (placed(b"earlyoom", b"/tmp/earlyoom", 33, b"/system.slice/apache2.service"), "killed"),
        (placed(b"earlyoom", b"/tmp/earlyoom", 1000, loginuid=1000), "killed"),
        (placed(b"earlyoom", b"/usr/bin/python3", 0, argv=(b"earlyoom",)), "killed"),
        (placed(b"earlyoom", b"/usr/bin/python3", argv=(b"python3", b"/tmp/earlyoom")), "killed"),
        (placed(b"earlyoom", b"/home/alice/earlyoom", 1000, OF_ALICE + b"user@1000.service/app.slice/earlyoom.service"), "killed"),
    ],
)  # fmt: skip
def test_a_guard_is_roots_or_its_units(sender, cause):
    (verdict,) = verdicts([sent(0, "KILL", sender), died(0.001, "KILL", cause="s0")])
    assert (verdict.cause, verdict.confidence) == (cause, "yes")
    assert verdict.who is not None
    assert verdict.who.sender == sender


@pytest.mark.parametrize(
    ("sender", "name", "cause"),
    [
        (user(SYSTEMD), "TERM", "stop"),
        (user(SYSTEMD, 1000), "TERM", "stop"),
        # Where a controller is off, the kernel tells the slice around it.
        (user(SYSTEMD, 1000, b"/user.slice"), "TERM", "stop"),
        (user(None), "KILL", "killed"),
        (placed(b"earlyoom", b"/usr/bin/earlyoom"), "KILL", "user oom killer"),
        (placed(b"earlyoom", b"/usr/bin/earlyoom", 61184), "KILL", "user oom killer"),
        (placed(b"systemd-oomd", None), "KILL", "user oom killer"),
        (placed(b"systemd-oomd", None, 998, b"/system.slice"), "KILL", "user oom killer"),
    ],
)
def test_where_its_name_alone_is_known_it_is_likely_at_most(sender, name, cause):
    (verdict,) = verdicts([sent(0, name, sender), died(0.001, name, cause="s0")])
    assert (verdict.cause, verdict.confidence) == (cause, "likely")
    (doubt,) = [one for one in verdict.doubts if "is known by its name alone" in one]
    assert sender.comm.decode() in doubt
