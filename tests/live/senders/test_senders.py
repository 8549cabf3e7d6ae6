"""Who really sent it: named in full, though the sender is gone when anybody looks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness import is_signal
from oracle import argv_of
from scene import (
    OURS,
    assert_death,
    assert_only,
    deaths,
    nobody_sent,
    script,
    signals_named,
    stopped,
)

TERM, KILL = signal.SIGTERM, signal.SIGKILL
CORE = pytest.mark.sources("core", reason="it sees neither parents, deaths nor dispositions")


@pytest.mark.sources("core", "bcc", "audit")
def test_kill_by_a_shell(trace, victim, source):
    target = victim("die")
    running = trace("--to", target.pid)
    command = f"kill -TERM {target.pid}; exit 0"
    shell = subprocess.Popen(["/bin/sh", "-c", command])
    assert shell.wait() == 0
    status = target.wait()
    assert status == -TERM
    event = running.signal_to(target.pid, "SIGTERM")
    sender = event["sender"]
    assert (sender["pid"], sender["comm"], sender["uid"]) == (shell.pid, "sh", os.getuid())
    # bcc reads no registers: which of the calls that leave SI_USER it was is not known.
    assert event["origin"] == ("user" if source == "bcc" else "kill")
    if source == "core":
        assert sender["argv"] == ["/bin/sh", "-c", command]
        # In a chroot the path begins outside of it.
        assert sender["exe"].endswith(os.path.realpath("/bin/sh"))
        assert sender["ppid"] == sender["ancestors"][0]["pid"] == os.getpid()
        assert (event["call"], event["asked"], event["outcome"]) == (
            "kill",
            target.pid,
            "delivered",
        )
        assert_death(running, event, status)
    running.end()
    assert_only(running, target.pid, "SIGTERM")


@CORE
def test_a_script_of_a_scheduler_all_of_whom_are_gone(trace, victim, tmp_path):
    """kill ← cleanup.sh ← crond: none is there when the tracer gets to look."""
    target = victim("die")
    # The words after kill make each shell fork: the last command of a script may be exec'd.
    cleanup = script(tmp_path / "cleanup.sh", '#!/bin/sh\n/bin/kill -s TERM -- "$1"; exit 0\n')
    crond = script(tmp_path / "crond", f"#!/bin/sh\n{cleanup} {target.pid} --old 'a b'; exit 0\n")
    running = trace("--to", target.pid)
    with stopped(running):
        scheduler = subprocess.Popen([crond, "-f"])
        assert scheduler.wait() == 0
        status = target.wait()
        assert not Path(f"/proc/{scheduler.pid}").exists()
    assert status == -TERM
    event = running.signal_to(target.pid, "SIGTERM")
    sender = event["sender"]
    assert sender["comm"] == "kill"
    assert sender["argv"] == ["/bin/kill", "-s", "TERM", "--", str(target.pid)]
    chain = sender["ancestors"]
    assert [step["comm"] for step in chain[:2]] == ["cleanup.sh", "crond"]
    assert [step["pid"] for step in chain[1:3]] == [scheduler.pid, os.getpid()]
    assert all(step["start"] for step in chain)
    assert len({sender["pid"], *(step["pid"] for step in chain)}) == len(chain) + 1
    assert_death(running, event, status)
    running.end()


@CORE
def test_pkill_with_a_pattern(trace, victim):
    stem = f"scen{os.getpid()}"
    hit = [victim("die", comm=f"{stem}-{word}".encode()) for word in ("red", "rose")]
    missed = victim("die", comm=f"{stem}-blue".encode())
    running = trace(*OURS)
    words = ["pkill", "-TERM", "-P", str(os.getpid()), f"^{stem}-r.*e?$"]
    pkill = subprocess.Popen(words)
    assert pkill.wait() == 0
    for one in hit:
        event = running.signal_to(one.pid, "SIGTERM")
        assert event["sender"]["pid"] == pkill.pid
        assert event["sender"]["argv"] == words
        # procps sends by pidfd in Debian's sid.
        assert event["origin"] in ("kill", "pidfd")
        assert event["origin"] == "pidfd" or event["asked"] == one.pid
        assert_death(running, event, one.wait())
    running.end()
    for one in hit:
        assert_only(running, one.pid, "SIGTERM")
    assert_only(running, missed.pid)
    ids = {event["id"] for one in hit for event in running.to(one.pid)}
    assert len(ids) == 2, "two calls of kill are two events"


@CORE
def test_timeout(trace):
    """The alarm that wakes timeout(1) has no sender; the SIGTERM that it then sends has."""
    running = trace(*OURS)
    timeout = subprocess.Popen(["timeout", "0.1", "sleep", "100"])
    assert timeout.wait() == 124
    alarm = running.signal_to(timeout.pid, "SIGALRM")
    assert (alarm["origin"], alarm["outcome"]) == ("timer", "handled")
    assert nobody_sent(alarm)
    term = running.wait_for(
        lambda e: (
            is_signal(e) and e["target"].get("comm") == "sleep" and e["signal"]["name"] == "SIGTERM"
        )
    )
    assert term["sender"]["pid"] == timeout.pid
    assert term["sender"]["argv"] == ["timeout", "0.1", "sleep", "100"]
    assert term["target"]["argv"] == ["sleep", "100"]
    assert term["outcome"] == "delivered"
    assert_death(running, term, -TERM)
    end = assert_death(running, {"target": {"pid": timeout.pid}}, 124)
    assert "handled" not in end  # an alarm asks nobody to end
    running.end()


@CORE
def test_a_supervisor_that_escalates(trace, victim):
    """SIGTERM, still alive, SIGKILL: the second says that it follows the first."""
    target = victim("handle")
    other = victim("die")
    running = trace("--signal", "TERM,KILL", *OURS)
    target.send(TERM)
    term = running.signal_to(target.pid, "SIGTERM")
    target.send(KILL)
    other.send(KILL)
    status = target.wait()
    kill = running.signal_to(target.pid, "SIGKILL")
    assert term["outcome"] == "handled"
    assert kill["escalates"]["id"] == term["id"]
    assert kill["escalates"]["signal"]["name"] == "SIGTERM"
    assert kill["escalates"]["after_ns"] > 0
    assert status == -KILL
    assert_death(running, kill, status)
    assert "escalates" not in running.signal_to(other.pid, "SIGKILL")
    running.end()
    assert len(deaths(running, target.pid)) == 1


@CORE
def test_timeout_escalates(trace):
    """timeout -k: what it runs ignores SIGTERM; SIGKILL goes to its whole group, itself included."""
    running = trace(*OURS)
    timeout = subprocess.Popen(
        ["timeout", "-k", "0.1", "0.1", "sh", "-c", "trap '' TERM; sleep 100; sleep 100"]
    )
    assert timeout.wait() == -KILL
    kill = running.wait_for(
        lambda e: is_signal(e) and e["signal"]["name"] == "SIGKILL" and e["target"]["comm"] == "sh"
    )
    term = next(e for e in running.to(kill["target"]["pid"]) if e["signal"]["name"] == "SIGTERM")
    assert (term["outcome"], term["why"]) == ("ignored", "SIG_IGN")
    assert kill["sender"]["pid"] == timeout.pid
    assert kill["escalates"]["id"] == term["id"]
    assert_death(running, kill, -KILL)
    own = running.signal_to(timeout.pid, "SIGKILL")
    assert own["sender"]["pid"] == own["target"]["pid"]
    assert_death(running, own, -KILL)
    running.end()


@CORE
def test_a_parent_that_forwards_to_its_child_and_waits(trace):
    """init systems of containers do this: TERM to the parent, the parent's TERM to the child."""
    code = (
        "sleep 100 & child=$!; trap 'kill -TERM $child; wait $child; exit 3' TERM;"
        " echo $child; wait $child"
    )
    running = trace("--signal", "TERM", *OURS)
    parent = subprocess.Popen(["sh", "-c", code], stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    os.kill(parent.pid, TERM)
    assert parent.wait() == 3
    parent.stdout.close()
    to_parent = running.signal_to(parent.pid, "SIGTERM")
    to_child = running.signal_to(child, "SIGTERM")
    assert to_parent["outcome"] == "handled"
    assert to_parent["sender"]["pid"] == os.getpid()
    assert to_child["outcome"] == "delivered"
    assert to_child["sender"]["pid"] == parent.pid
    assert to_child["sender"]["ancestors"][0]["pid"] == os.getpid()
    assert_death(running, to_child, -TERM)
    end = assert_death(running, to_parent, 3)
    assert end["handled"] == to_parent["id"]
    running.end()
    assert_only(running, parent.pid, "SIGTERM")
    assert_only(running, child, "SIGTERM")


@CORE
def test_a_child_that_probes_its_parent_and_exits_when_it_is_gone(trace):
    code = "(echo $(exec sh -c 'echo $PPID'); while kill -0 $$ 2>/dev/null; do echo alive; sleep 0.02; done; echo gone) & wait"
    running = trace("--probes", "--failed", "--signal", "KILL", *OURS)
    parent = subprocess.Popen(["sh", "-c", code], stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    assert parent.stdout.readline() == b"alive\n"
    parent.kill()
    status = parent.wait()
    assert parent.stdout.read().endswith(b"gone\n")
    parent.stdout.close()
    kill = running.signal_to(parent.pid, "SIGKILL")
    assert_death(running, kill, status)
    running.end()
    probes = [e for e in running.events if e["event"] == "probe" and e["asked"] == parent.pid]
    assert probes
    for probe in probes:
        assert probe["signal"] == {"number": 0, "name": "0"}
        assert probe["sender"]["pid"] == child
        assert (probe["call"], probe["target"]["pid"]) == ("kill", parent.pid)
    (refused,) = [e for e in running.events if e["event"] == "failed" and e["asked"] == parent.pid]
    assert (refused["error"], refused["sender"]["pid"]) == ("ESRCH", child)
    assert running.events.index(refused) > running.events.index(probes[-1])
    # It ended by itself, and nobody had sent it anything.
    assert running.to(child) == deaths(running, child) == []


FORGERIES = {
    # code, pid, uid, what the code is called
    "sigqueue of another": (-1, 1, 0, "SI_QUEUE"),
    "a user of another": (-1, None, 4242, "SI_QUEUE"),
    "a timer": (-2, 1, 0, "SI_TIMER"),
    "tty of a kernel thread": (-60, 2, 0, "SI_ASYNCNL"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
@CORE
def test_a_forged_sender(forgery, trace, victim, program):
    """rt_sigqueueinfo(2) lets its caller write what it likes: it is shown, and not believed."""
    code, pid, uid, name = FORGERIES[forgery]
    target = victim("die")
    claimed = os.getpid() if pid is None else pid
    running = trace("--to", target.pid)
    words = [program("queue_signal"), target.pid, 15, code, claimed, uid]
    liar = subprocess.Popen(list(map(str, words)))
    assert liar.wait() == 0
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["sender"]["pid"] == liar.pid
    assert event["sender"]["argv"] == list(map(str, words))
    assert (event["origin"], event["call"]) == ("sigqueue", "rt_sigqueueinfo")
    assert event["signal"]["code"] == name
    # Of a timer there is no pid in a siginfo: siginfo_layout(), kernel/signal.c.
    claim = None if name == "SI_TIMER" else {"pid": claimed, "uid": uid}
    assert event.get("claim") == claim
    assert_death(running, event, target.wait())
    running.end()


@CORE
def test_one_may_write_any_code_to_oneself(trace, program):
    """To itself a process may even claim to be the kernel: "sent by itself" is the truth."""
    running = trace(*OURS)
    liar = subprocess.Popen([program("queue_signal"), "0", "9", "128", "0", "0"])
    status = liar.wait()
    assert status == -KILL
    event = running.signal_to(liar.pid, "SIGKILL")
    assert event["signal"]["code"] == "SI_KERNEL"
    assert event["origin"] == "sigqueue"
    assert event["sender"]["pid"] == liar.pid
    assert "claim" not in event  # no pid goes with this code
    assert_death(running, event, status)
    running.end()


@CORE
def test_an_honest_sigqueue_claims_nothing(trace, victim, program):
    target = victim("die")
    running = trace("--to", target.pid)
    # sh knows its own pid before it becomes the program that names it.
    code = f'exec "$0" {target.pid} 15 -1 $$ {os.getuid()}'
    sender = subprocess.Popen(["sh", "-c", code, program("queue_signal")])
    assert sender.wait() == 0
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["sender"]["pid"] == sender.pid
    assert "claim" not in event
    assert_death(running, event, target.wait())
    running.end()


PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}


def ready(echo):
    """Popen is done before exec is: what answers bears its own name by now."""
    echo.stdin.write(b"x")
    assert echo.stdout.read(1) == b"x"
    return echo


LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


def with_pid(pid, words, tries=200):
    """Start a program under a pid that is free now; None if others are always faster."""
    was = LAST_PID.read_text()
    try:
        for _ in range(tries):
            LAST_PID.write_text(str(pid - 1))
            child = subprocess.Popen(words, **PIPES)
            if child.pid == pid:
                return child
            child.kill()
            child.wait()
    finally:
        LAST_PID.write_text(was)
    return None


@CORE
def test_a_reused_pid_borrows_nothing(trace, cannot_run):
    """The second process under a pid has its own name, and no part in the first one's fate."""
    if not LAST_PID.exists():
        cannot_run("this kernel was built without CONFIG_CHECKPOINT_RESTORE")
    running = trace("--signal", "TERM,KILL", *OURS)
    first = ready(subprocess.Popen(["cat", "-u"], **PIPES))
    os.kill(first.pid, TERM)
    assert first.wait() == -TERM
    second = with_pid(first.pid, ["dd", "bs=1", "status=none"])
    if second is None:
        cannot_run("the pid was never ours: too much goes on here")
    assert second.pid == first.pid
    ready(second).kill()
    assert second.wait() == -KILL
    term = running.signal_to(first.pid, "SIGTERM")
    kill = running.signal_to(second.pid, "SIGKILL")
    ends = [running.wait_for(lambda e, i=i: e.get("cause") == i) for i in (term["id"], kill["id"])]
    assert [event["target"]["comm"] for event in (term, kill)] == ["cat", "dd"]
    assert term["target"]["argv"] == ["cat", "-u"]
    assert kill["target"]["argv"] == ["dd", "bs=1", "status=none"]
    assert term["target"]["start"] <= kill["target"]["start"]  # to a tick
    assert "escalates" not in kill
    assert [end["process"]["comm"] for end in ends] == ["cat", "dd"]
    running.end()
    assert len(deaths(running, first.pid)) == 2


@CORE
def test_argv_of_targets_that_were_there_before(trace, victim):
    target = victim("die", comm=b"another-name")
    words = argv_of(target.pid)
    running = trace("--to", target.pid)
    # The first tells of the living one, the second of one that is gone when anybody looks.
    target.send(signal.SIGWINCH)
    running.signal_to(target.pid, "SIGWINCH")
    target.send(TERM)
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["target"]["argv"] == words
    assert event["target"]["comm"] == "another-name"
    assert_death(running, event, target.wait())
    running.end()
    assert len(signals_named(running, "SIGTERM")) == 1


PREFORK = """
import os, signal, sys
read, write = os.pipe()
worker = os.fork()
if not worker:
    if sys.argv[1] == "exec":
        os.execlp("sleep", "sleep", "1000")
    os.close(write)
    signal.pause()
os.close(write)
os.read(read, 1)
print(worker, flush=True)
sys.stdin.readline()
"""


@CORE
@pytest.mark.parametrize("way", ["fork", "exec"])
def test_a_worker_has_the_command_line_of_its_program(way, trace, spawn):
    """Killed before anybody can look. exec gave it to the worker, or to the parent that forked it."""
    running = trace(*OURS)
    master = spawn(sys.executable, "-I", "-S", "-c", PREFORK, way)
    worker = int(master.stdout.readline())
    with stopped(running):
        os.kill(worker, KILL)
        master.communicate(b"\n")
    event = running.signal_to(worker, "SIGKILL")
    assert event["target"]["argv"] == (["sleep", "1000"] if way == "exec" else master.args)
    running.stop()
