"""Signals of the kernel: what caused them is named, and whoever merely ran is not blamed."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios

import pytest
from cgroups import MOUNT, is_v2
from harness import is_signal
from oracle import status_of
from scene import OURS, assert_death, assert_only, deaths, finish, nobody_sent

pytestmark = pytest.mark.sources("core", reason="it tells neither origins nor deaths")

TIMERS = {
    # signal, number, code
    "alarm": ("SIGALRM", 14, "SI_KERNEL"),
    "setitimer": ("SIGALRM", 14, "SI_KERNEL"),
    "virtual": ("SIGVTALRM", 26, "SI_KERNEL"),
    "prof": ("SIGPROF", 27, "SI_KERNEL"),
    "timer_create": ("SIGTERM", 15, "SI_TIMER"),
    "timer_create real-time": ("SIGRTMIN+1", 35, "SI_TIMER"),
    "timer_create cpu": ("SIGALRM", 14, "SI_TIMER"),
}


@pytest.mark.parametrize("way", TIMERS)
def test_timers(way, trace, program):
    name, number, code = TIMERS[way]
    running = trace(*OURS)
    child = subprocess.Popen([program("timers"), way])
    status = child.wait()
    assert status == -number
    event = running.signal_to(child.pid, name)
    assert event["signal"] == {"number": number, "name": name, "code": code}
    assert (event["origin"], event["outcome"]) == ("timer", "delivered")
    assert event["scope"] == "process"
    assert nobody_sent(event)
    assert "current" not in event
    assert_death(running, event, status)
    running.end()
    assert_only(running, child.pid, name)


class Orphan:
    """programs/orphan.c, and what it says."""

    def __init__(self, path, way):
        self.process = subprocess.Popen(
            [path, way], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline().split()
        self.parent, self.child = map(int, line) if len(line) == 2 and int(line[0]) else (0, 0)

    def statuses(self):
        """How both ended, as waitpid(2) says, by pid. The parent ends when its standard input does."""
        said, _ = self.process.communicate()
        return {
            int(pid): os.waitstatus_to_exitcode(int(status))
            for pid, status in map(str.split, said.splitlines())
        }


ORPHANS = {
    "parent-death": ("SIGTERM", "parent death", "SI_USER", "process"),
    "exitkill": ("SIGKILL", "ptrace", "SI_KERNEL", "thread"),
}


@pytest.mark.parametrize("way", ORPHANS)
def test_a_parent_or_tracer_that_ends_takes_its_child_along(way, trace, program):
    name, origin, code, scope = ORPHANS[way]
    running = trace(*OURS)
    orphan = Orphan(program("orphan"), way)
    status = orphan.statuses()
    assert status[orphan.parent] == 3
    event = running.signal_to(orphan.child, name)
    assert event["signal"]["code"] == code
    assert (event["origin"], event["scope"]) == (origin, scope)
    assert event["outcome"] == "delivered"
    # The dying parent is what it is about; but it called nothing.
    assert event["sender"]["pid"] == orphan.parent
    assert "call" not in event
    assert status[orphan.child] == -event["signal"]["number"]
    assert_death(running, event, status[orphan.child])
    running.end()
    assert_only(running, orphan.child, name)


JOB = """
import os, sys
read, write = os.pipe()
child = os.fork()
if not child:
    os.close(write)
    os.setpgid(0, 0)
    os.read(read, 1)
    # It does not read: a read that fails for the hang-up would race with the signal.
    os.execvp("sh", ["sh", "-c", "echo ready; exec sleep 1000"])
os.close(read)
try:
    os.setpgid(child, child)
except PermissionError:
    pass
os.tcsetpgrp(0, child)
os.close(write)
say = os.fdopen(3, "w", buffering=1)
print(child, file=say)
while True:
    _, status = os.waitpid(child, os.WUNTRACED)
    print("stopped" if os.WIFSTOPPED(status) else "ended",
          os.WSTOPSIG(status) if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status), file=say)
    if not os.WIFSTOPPED(status):
        sys.exit(0)
"""


class Terminal:
    """A session on a pseudo-terminal, with a job in its foreground."""

    def __init__(self):
        self.master, slave = os.openpty()
        self.name = os.ttyname(slave).removeprefix("/dev/")
        read, write = os.pipe()

        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            os.dup2(write, 3)

        self.leader = subprocess.Popen(
            [sys.executable, "-c", JOB],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            preexec_fn=take_terminal,
            pass_fds=[3] if write == 3 else [],
            close_fds=False,
        )
        os.close(slave)
        os.close(write)
        self.says = os.fdopen(read)
        self.job = int(self.says.readline())
        said = b""
        while b"ready" not in said:
            said += os.read(self.master, 100)

    def type(self, keys):
        os.write(self.master, keys)

    def fate(self):
        """What waitpid(2) told the leader of its job."""
        what, number = self.says.readline().split()
        return what, int(number)

    def close(self):
        os.close(self.master)


@pytest.fixture
def terminal():
    made = Terminal()
    yield made
    if made.leader.poll() is None:
        made.leader.kill()
    made.leader.wait()
    made.says.close()


@pytest.mark.parametrize(("key", "name"), [(b"\x03", "SIGINT"), (b"\x1c", "SIGQUIT")])
def test_a_key_that_interrupts(key, name, trace, terminal):
    running = trace(*OURS)
    terminal.type(key)
    what, status = terminal.fate()
    assert (what, status) == ("ended", -getattr(signal, name))
    event = running.signal_to(terminal.job, name)
    assert (event["origin"], event["outcome"], event["scope"]) == ("tty", "delivered", "process")
    assert event["signal"]["code"] == "SI_KERNEL"
    assert nobody_sent(event)
    # The kernel thread that moves what is typed is nobody.
    assert "kworker" not in str(event)
    assert event["target"]["tty"] == terminal.name
    assert_death(running, event, status)
    running.end()
    terminal.close()
    assert_only(running, terminal.job, name)
    assert_only(running, terminal.leader.pid)


def test_a_key_that_stops(trace, terminal):
    running = trace(*OURS)
    terminal.type(b"\x1a")
    assert terminal.fate() == ("stopped", signal.SIGTSTP)
    event = running.signal_to(terminal.job, "SIGTSTP")
    assert (event["origin"], event["outcome"]) == ("tty", "delivered")
    assert nobody_sent(event)
    os.kill(terminal.job, signal.SIGCONT)
    resumed = running.signal_to(terminal.job, "SIGCONT")
    assert (resumed["outcome"], resumed["why"]) == ("ignored", "resumes")
    assert resumed["sender"]["pid"] == os.getpid()
    os.kill(terminal.job, signal.SIGKILL)
    assert terminal.fate() == ("ended", -9)
    kill = running.signal_to(terminal.job, "SIGKILL")
    assert "escalates" not in kill
    assert_death(running, kill, -9)
    running.end()
    terminal.close()


def test_a_terminal_that_hangs_up(trace, terminal):
    """The window is closed: SIGHUP and SIGCONT to the leader, and to the job in the foreground."""
    running = trace(*OURS)
    terminal.close()
    status = terminal.leader.wait()
    assert status == -signal.SIGHUP
    for pid in (terminal.leader.pid, terminal.job):
        event = running.signal_to(pid, "SIGHUP")
        assert (event["origin"], event["outcome"]) == ("tty", "delivered")
        assert nobody_sent(event)
        # The kernel has taken the terminal away from the whole session by now: __tty_hangup().
        assert event["target"].get("tty") in (None, terminal.name)
        assert_death(running, event, -signal.SIGHUP)
    by_us = running.signal_to(terminal.leader.pid, "SIGHUP")
    # Who closed the terminal is told, but as the one that ran, not as the sender.
    assert by_us["current"]["pid"] == os.getpid()
    running.end()
    for event in running.to(terminal.leader.pid) + running.to(terminal.job):
        assert event["signal"]["name"] in ("SIGHUP", "SIGCONT")
        assert event["origin"] == "tty"


def test_cgroup_kill(trace, cgroup, needs):
    """Whoever writes to cgroup.kill is the sender, though it calls nothing that sends."""
    needs("cgroup.kill")
    group = cgroup("v2")
    children = [
        subprocess.Popen(["cat"], preexec_fn=group.enter, stdin=subprocess.PIPE) for _ in range(2)
    ]
    assert sorted(group.pids()) == sorted(child.pid for child in children)
    running = trace("--signal", "KILL", *OURS)
    writer = subprocess.Popen(["sh", "-c", f"echo 1 > {group.folder}/cgroup.kill; exit 0"])
    assert writer.wait() == 0
    for child in children:
        status = child.wait()
        assert status == -9
        event = running.signal_to(child.pid, "SIGKILL")
        assert (event["origin"], event["scope"]) == ("cgroup.kill", "thread")
        assert event["sender"]["pid"] == writer.pid
        assert "cgroup.kill" in event["sender"]["argv"][-1]
        assert "call" not in event
        assert "asked" not in event
        assert event["target"]["cgroup"] == group.path or not is_v2(MOUNT)
        assert_death(running, event, status)
    running.end()
    for child in children:
        assert_only(running, child.pid, "SIGKILL")
        finish(child)


class Namespace:
    """sh as init of a pid namespace of its own, with a /proc that shows it; it runs what it is told."""

    def __init__(self):
        self.outer = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", "echo ready; . /dev/stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self.outer.stdout.readline() == "ready\n"
        with open(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children") as file:
            self.init = int(file.read())

    def run(self, line):
        """Have init run a line that prints one; gives what it prints."""
        self.outer.stdin.write(line + "\n")
        self.outer.stdin.flush()
        return self.outer.stdout.readline().strip()

    def pid_outside(self, inside):
        """The host's number of a process, from the kernel's own list (NSpid of proc(5))."""
        with open(f"/proc/{self.init}/task/{self.init}/children") as file:
            for pid in map(int, file.read().split()):
                words = status_of(pid)["NSpid"].split()
                if words == [str(pid), str(inside)]:
                    return pid
        raise AssertionError(f"no child {inside} in the namespace")

    def close(self):
        if self.outer.poll() is None:
            os.kill(self.init, signal.SIGKILL)
        self.outer.communicate()


@pytest.fixture
def namespace(cannot_run):
    try:
        made = Namespace()
    except (AssertionError, OSError):
        cannot_run("pid namespaces cannot be made here")
    yield made
    made.close()


def test_kill_inside_a_pid_namespace(trace, namespace):
    """The caller's number is its own; ours is the host's, and both are told."""
    inside = int(namespace.run("sleep 100 & echo $!"))
    outside = namespace.pid_outside(inside)
    running = trace("--signal", "TERM", *OURS)
    status = namespace.run(f"kill -TERM {inside}; wait {inside}; echo $?")
    assert status == str(128 + 15)
    event = running.signal_to(outside, "SIGTERM")
    assert event["target"]["ns_pid"] == event["asked"] == inside
    assert event["sender"]["pid"] == namespace.init
    assert event["sender"]["ns_pid"] == 1
    assert (event["origin"], event["outcome"]) == ("kill", "delivered")
    assert_death(running, event, -15)
    running.end()
    assert_only(running, outside, "SIGTERM")


def test_kill_from_the_host_into_a_pid_namespace(trace, namespace):
    inside = int(namespace.run("sleep 100 & echo $!"))
    outside = namespace.pid_outside(inside)
    running = trace("--signal", "TERM", *OURS)
    os.kill(outside, signal.SIGTERM)
    assert namespace.run(f"wait {inside}; echo $?") == str(128 + 15)
    event = running.signal_to(outside, "SIGTERM")
    assert event["asked"] == event["target"]["pid"] == outside
    assert event["target"]["ns_pid"] == inside
    assert event["sender"]["pid"] == event["sender"]["ns_pid"] == os.getpid()
    assert_death(running, event, -15)
    running.end()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_init_of_a_pid_namespace_is_protected_from_within(name, trace, namespace):
    running = trace("--signal", "TERM,KILL", *OURS)
    assert namespace.run(f"kill -{name[3:]} 1; echo alive") == "alive"
    event = running.signal_to(namespace.init, name)
    assert (event["outcome"], event["why"]) == ("ignored", "protected init")
    assert event["sender"]["pid"] == event["target"]["pid"] == namespace.init
    assert event["asked"] == 1
    running.end()
    assert not deaths(running, namespace.init)


def test_death_of_a_pid_namespaces_init(trace, namespace):
    """The host kills init; the kernel kills the rest, and init is what they die of."""
    inside = [int(namespace.run("sleep 100 & echo $!")) for _ in range(2)]
    outside = [namespace.pid_outside(pid) for pid in inside]
    running = trace("--signal", "KILL", *OURS)
    os.kill(namespace.init, signal.SIGKILL)
    assert namespace.outer.wait() != 0
    kill = running.signal_to(namespace.init, "SIGKILL")
    assert (kill["origin"], kill["outcome"]) == ("kill", "delivered")
    assert kill["sender"]["pid"] == os.getpid()
    assert_death(running, kill, -9)
    for pid in outside:
        event = running.signal_to(pid, "SIGKILL")
        assert event["origin"] == "pid namespace"
        assert event["sender"]["pid"] == namespace.init
        assert "call" not in event
        assert_death(running, event, -9)
        assert not os.path.exists(f"/proc/{pid}")
    running.end()
    for pid in (namespace.init, *outside):
        assert_only(running, pid, "SIGKILL")
    assert [e for e in running.events if is_signal(e) and e["origin"] == "kernel"] == []
