"""The OOM killer: its victims, and who merely asked for memory."""

from __future__ import annotations

import subprocess

import pytest
from cgroups import MOUNT, hierarchy, is_v2, limit_memory
from scene import OURS, assert_death, assert_only, deaths, finish, nobody_sent

pytestmark = pytest.mark.sources("core", reason="it tells neither origins nor deaths")


def oom_kills(group):
    """The oracle: the cgroup's own count."""
    file = "memory.events" if is_v2(group.folder) else "memory.oom_control"
    fields = dict(line.split() for line in group.get(file).splitlines())
    return int(fields["oom_kill"])


def eat(path, megabytes, group, likely=None, how="at once"):
    def enter():
        group.enter()
        if likely is not None:
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write(str(likely))

    return subprocess.Popen(
        [path, str(megabytes), how],
        preexec_fn=enter,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def test_oom_of_a_cgroup(trace, program, cgroup):
    group = cgroup("memory")
    limit_memory(group, 8)
    running = trace("--signal", "KILL", *OURS)
    eater = eat(program("eat_memory"), 64, group)
    status = eater.wait()
    assert (status, oom_kills(group)) == (-9, 1)
    event = running.signal_to(eater.pid, "SIGKILL")
    assert (event["origin"], event["outcome"]) == ("oom", "delivered")
    assert nobody_sent(event)
    assert event["oom"]["scope"] == "cgroup"
    assert event["oom"]["cgroup"].endswith(group.path)
    # It was the one who asked for memory, too: told, and not called the sender.
    assert event["current"]["pid"] == eater.pid
    assert_death(running, event, status)
    running.end()
    finish(eater)
    assert_only(running, eater.pid, "SIGKILL")


def test_oom_because_of_another(trace, program, cgroup):
    """One asks for memory, another is killed for it: the first sent nothing.

    The room that the victim leaves is enough for a fork of this test's Python and for exec, which count
    as well: the one that the limit stops is the program, where it eats.
    """
    group = cgroup("memory")
    limit_memory(group, 64)
    path = program("eat_memory")
    victim = eat(path, 32, group, likely=1000)
    assert victim.stdout.readline() == b"ready\n"
    running = trace("--signal", "KILL", *OURS)
    cause = eat(path, 40, group, how="later")
    assert cause.stdout.readline() == b"hungry\n"
    assert oom_kills(group) == 0
    cause.stdin.write(b"eat")
    cause.stdin.flush()
    assert cause.stdout.readline() == b"ready\n"
    status = victim.wait()
    assert (status, oom_kills(group)) == (-9, 1)
    event = running.signal_to(victim.pid, "SIGKILL")
    assert event["origin"] == "oom"
    assert nobody_sent(event)
    assert event["current"]["pid"] == cause.pid
    assert event["oom"]["cgroup"].endswith(group.path)
    assert_death(running, event, status)
    running.end()
    finish(cause, victim)
    assert cause.returncode == 0
    assert running.to(cause.pid) == deaths(running, cause.pid) == []


def test_oom_of_a_whole_group(trace, program, cgroup):
    """memory.oom.group: one ate too much, all are killed, each by the OOM killer."""
    root = hierarchy("memory")
    if root is None or not is_v2(root):
        pytest.skip(
            "memory.oom.group is of cgroup v2, and the memory controller here is v1's "
            f"({MOUNT / 'memory'}); it runs in the VM"
        )
    (root / "cgroup.subtree_control").write_text("+memory")
    group = cgroup("memory")
    limit_memory(group, 24)
    group.set("memory.oom.group", 1)
    path = program("eat_memory")
    bystander = eat(path, 1, group)
    assert bystander.stdout.readline() == b"ready\n"
    running = trace("--signal", "KILL", *OURS)
    eater = eat(path, 64, group)
    for process in (eater, bystander):
        status = process.wait()
        assert status == -9
        event = running.signal_to(process.pid, "SIGKILL")
        assert event["origin"] == "oom"
        assert nobody_sent(event)
        assert_death(running, event, status)
    running.end()
    finish(eater, bystander)
