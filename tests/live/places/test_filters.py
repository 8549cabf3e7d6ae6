"""What is asked for is shown, and what is not asked for is not: the kernel's part and Python's."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

pytestmark = pytest.mark.sources("core", "bcc", "audit")


def shown(running, last, *targets):
    """What came to these targets, once the marker has: it is the last thing sent, and let through."""
    running.signal_to(last[0], last[1])
    running.end()
    return [
        (event["target"]["pid"], event["signal"]["number"])
        for event in running.events
        if event["event"] == "signal" and event["target"]["pid"] in targets
    ]


@pytest.mark.parametrize(
    ("wanted", "sent", "seen"),
    [
        ("USR1", [10, 12], [10]),
        ("10,USR2", [10, 12, 14], [10, 12]),
        ("SIGUSR1", [12, 10], [10]),
        ("!USR2", [10, 12, 14], [10, 14]),
        ("34-36", [33 + 1, 37, 36], [34, 36]),
        ("RTMIN+3", [36, 37, 38], [37]),
        ("RTMIN..RTMAX", [10, 34, 64], [34, 64]),
    ],
)
def test_signals(storm_lock, wanted, sent, seen, trace, victim):
    target = victim("ignore", signal.SIGTERM)
    block = victim("block", signal.SIGTERM)
    running = trace("--signal", f"{wanted},WINCH" if "!" not in wanted else wanted, "--all")
    pids = {}
    for number in sent:
        pid = os.posix_spawn(
            "/bin/sleep", ["sleep", "100"], dict(os.environ), setsigmask=signal.valid_signals()
        )
        os.kill(pid, number)
        pids[pid] = number
    target.send(signal.SIGWINCH)
    result = shown(running, (target.pid, "SIGWINCH"), *pids)
    for pid in pids:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    assert sorted(number for _, number in result) == sorted(seen)
    assert block.pid not in pids


def test_by_default_chld_and_urg_are_left_out(storm_lock, trace, victim):
    target = victim("ignore")
    for options, seen in (((), [28]), (("--all",), [17, 23, 28])):
        running = trace(*options)
        for number in (signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH):
            target.send(number)
        result = shown(running, (target.pid, "SIGWINCH"), target.pid)
        assert [number for _, number in result] == seen
        assert ("SIGCHLD and SIGURG" in running.said) is (not options)


def test_the_target_by_pid_name_and_pattern(trace, victim):
    one = victim("ignore", comm=b"sigtrace-one")
    two = victim("ignore", comm=b"sigtrace-two")
    for option, seen in (
        (str(one.pid), [one]),
        ("sigtrace-one", [one]),
        ("sigtrace-*", [one, two]),
        ("!sigtrace-two", [one]),
        (f"!{two.pid}", [one]),
    ):
        running = trace("--signal", "TERM", "--to", option)
        two.send(signal.SIGTERM)
        one.send(signal.SIGTERM)
        if two in seen:
            running.signal_to(two.pid)
        result = shown(running, (one.pid, "SIGTERM"), one.pid, two.pid)
        assert {pid for pid, _ in result} == {target.pid for target in seen}, option


def test_more_targets_than_usual(trace, victim):
    """The programs are made for 1,024 before options are known."""
    one, other = victim("ignore"), victim("ignore")
    pids = [str(one.pid), *map(str, range(4_190_000, 4_191_100))]
    running = trace("--signal", "TERM", *(word for pid in pids for word in ("--to", pid)))
    other.send(signal.SIGTERM)
    one.send(signal.SIGTERM)
    assert shown(running, (one.pid, "SIGTERM"), one.pid, other.pid) == [(one.pid, 15)]


def test_the_sender_by_pid_and_name(trace, victim):
    target = victim("ignore")
    for option, ours, theirs in (
        (str(os.getpid()), 1, 0),
        (f"!{os.getpid()}", 0, 1),
        ("kill", 0, 1),
        ("!kill", 1, 0),
    ):
        running = trace("--to", target.pid, "--from", option, "--signal", "TERM,USR1")
        subprocess.run(["/bin/kill", "-TERM", str(target.pid)], check=True)
        target.send(signal.SIGTERM)
        who = running.wait_for(lambda e: e["event"] == "signal")["sender"]
        running.end()
        found = [event["sender"]["pid"] == os.getpid() for event in running.to(target.pid)]
        assert (found.count(True), found.count(False)) == (ours, theirs), (option, who)


def test_either_end(trace, victim):
    target = victim("ignore")
    other = victim("ignore")
    running = trace("--pid", target.pid, "--signal", "TERM")
    other.send(signal.SIGTERM)
    target.send(signal.SIGTERM)
    result = shown(running, (target.pid, "SIGTERM"), target.pid, other.pid)
    assert result == [(target.pid, 15)]


def test_uid_of_either_end(trace, victim):
    ours = victim("ignore")
    nobodys = victim("ignore", user=65534)
    for option, seen in (("65534", {nobodys.pid}), ("!65534", {ours.pid})):
        running = trace("--uid", option, "--signal", "TERM")
        ours.send(signal.SIGTERM)
        nobodys.send(signal.SIGTERM)
        if option == "!65534":
            running.signal_to(ours.pid)
            running.end()
        else:
            shown(running, (nobodys.pid, "SIGTERM"))
        assert {e["target"]["pid"] for e in running.to(ours.pid) + running.to(nobodys.pid)} == seen


@pytest.mark.sources("core", "bcc", reason="audit does not tell the outcome")
def test_outcomes(trace, victim):
    ignores = victim("ignore")
    dies = victim("die")
    running = trace("--outcome", "ignored", "--signal", "TERM")
    dies.send(signal.SIGTERM)
    ignores.send(signal.SIGTERM)
    result = shown(running, (ignores.pid, "SIGTERM"), ignores.pid, dies.pid)
    assert result == [(ignores.pid, 15)]
