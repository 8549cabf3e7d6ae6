"""Every call, from 64-bit and 32-bit callers; every signal, to those that do everything about it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from features import knows
from harness import is_signal
from oracle import argv_of, mask_of, parents_of, seconds, start_of, status_of, until

# system call: origin, si_code, scope
CALLS = {
    "kill": ("kill", "SI_USER", "process"),
    "tkill": ("tgkill", "SI_TKILL", "thread"),
    "tgkill": ("tgkill", "SI_TKILL", "thread"),
    "rt_sigqueueinfo": ("sigqueue", "SI_QUEUE", "process"),
    "rt_tgsigqueueinfo": ("sigqueue", "SI_QUEUE", "thread"),
    "pidfd_send_signal": ("pidfd", "SI_USER", "process"),
}


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("call", CALLS)
def test_each_call(trace, source, program, spawn, victim, needs, needs_32_bits, call, bits):
    if call == "pidfd_send_signal":
        needs("pidfd_open")
    if bits == 32:
        needs_32_bits()
    target = victim("handle", signal.SIGUSR1)
    run = trace("--to", target.pid)
    sender = spawn(program("send", *(["-m32"] if bits == 32 else [])), call, 10, target.pid)
    assert sender.stdout.read() == b"0\n"
    assert sender.wait() == 0
    seen = run.signal_to(target.pid, "SIGUSR1")
    assert seen["sender"]["pid"] == sender.pid
    assert seen["sender"]["comm"] == Path(sender.args[0]).name[:15]
    assert seen["sender"]["uid"] == os.getuid()
    assert seen["target"]["pid"] == target.pid
    assert "claim" not in seen
    origin, code, scope = CALLS[call]
    if source == "core":
        assert seen["sender"]["argv"] == sender.args
        assert seen["outcome"] == "handled"
    if source != "audit":
        assert (seen["signal"]["code"], seen["scope"]) == (code, scope)
    if source == "audit" or (source == "core" and knows("the sender's call")):
        assert (seen["origin"], seen["call"]) == (origin, call)
    else:
        assert seen["origin"] in (origin, "user")
    run.stop()
    assert [e["signal"]["name"] for e in run.to(target.pid)] == ["SIGUSR1"]


SURVIVED = {17, 18, 19, 20, 21, 22, 23, 28}  # CHLD CONT STOP TSTP TTIN TTOU URG WINCH, signal(7)
IGNORED = {17, 18, 23, 28}


@pytest.mark.sources("core", reason="deaths and outcomes are told in full by CO-RE alone")
def test_each_of_64_signals_and_its_default_action(trace, everything):
    """The oracle is waitpid(2)."""
    run = trace("--all", "--from", os.getpid())
    targets = {number: everything("die") for number in range(1, 65)}
    for number, target in targets.items():
        target.send_signal(number)
        if number in SURVIVED:
            target.kill()
    fates = {number: -target.wait() for number, target in targets.items()}
    assert fates == {number: 9 if number in SURVIVED else number for number in targets}
    for number, target in targets.items():
        assert run.death_of(target.pid)["signal"]["number"] == fates[number]
    run.stop()
    for number, target in targets.items():
        shown = run.to(target.pid)
        assert [e["signal"]["number"] for e in shown] == [number, 9][: 1 + (number in SURVIVED)]
        assert shown[0]["outcome"] == ("ignored" if number in IGNORED else "delivered")
        (death,) = (e for e in run.events if is_death_of(e, target.pid))
        assert death["cause"] == shown[-1]["id"]
        assert death["after_ns"] > 0


def is_death_of(event, pid):
    return event["event"] == "exit" and event["process"]["pid"] == pid


OUTCOMES = {"ignore": "ignored", "block": "blocked", "handle": "handled"}
MASKS = {"ignore": "SigIgn", "block": "SigBlk", "handle": "SigCgt"}
# KILL and STOP cannot be caught; 32 and 33 are kept by glibc, which handles them for nobody.
DEADLY = {"ignore": {9, 19}, "block": {9, 19}, "handle": {9, 19, 32, 33}}


@pytest.mark.sources("core", reason="outcomes are told in full by CO-RE alone")
@pytest.mark.parametrize("how", OUTCOMES)
def test_each_of_64_signals_to_one_that_does(trace, everything, how):
    """The oracle is /proc/PID/status before, and after: what pends, or what the handlers have told."""
    target = everything(how)
    numbers = [number for number in range(1, 65) if number not in DEADLY[how]]
    assert mask_of(target.pid, MASKS[how]) >= set(numbers)
    run = trace("--all", "--to", target.pid)
    for number in numbers:
        target.send_signal(number)
    # A stop signal takes a pending SIGCONT away: prepare_signal(), kernel/signal.c.
    queued = set(numbers) - {signal.SIGCONT}
    if how == "block":
        assert mask_of(target.pid, "ShdPnd") >= queued
    if how == "handle":
        assert numbers_told(target, queued) >= queued
    target.kill()
    target.wait()
    death = run.death_of(target.pid)
    run.stop()
    shown = run.to(target.pid)
    assert [e["signal"]["number"] for e in shown] == [*numbers, 9]
    assert {e["outcome"] for e in shown[:-1]} == {OUTCOMES[how]}
    assert {e.get("why") for e in shown[:-1]} == ({"SIG_IGN"} if how == "ignore" else {None})
    assert (death["cause"], death["signal"]["number"]) == (shown[-1]["id"], 9)


def numbers_told(target, wanted):
    """The signal numbers that its handlers have written."""
    os.set_blocking(target.stdout.fileno(), False)
    told = set()

    def read():
        told.update(map(int, (target.stdout.read() or b"").split()))
        return told >= wanted

    until(read)
    return told


@pytest.mark.sources("core", reason="only CO-RE reads the kernel's own account of a process")
def test_both_ends_are_described(trace, spawn, victim):
    """The oracle is /proc, while both live."""
    target = victim("handle", signal.SIGUSR1)
    run = trace("--to", target.pid)
    sender = spawn("sh", "-c", f"kill -USR1 {target.pid}; read end")
    seen = run.signal_to(target.pid, "SIGUSR1")
    for said, pid in ((seen["sender"], sender.pid), (seen["target"], target.pid)):
        status = status_of(pid)
        assert said["pid"] == pid
        assert said["comm"] == status["Name"]
        assert [said["uid"], said["euid"]] == list(map(int, status["Uid"].split()[:2]))
        assert said["ppid"] == int(status["PPid"])
        assert said["ns_pid"] == int(status["NSpid"].split()[-1])
        assert said["argv"] == argv_of(pid)
        assert said["exe"] == os.readlink(f"/proc/{pid}/exe")
        assert said["cgroup"] in Path(f"/proc/{pid}/cgroup").read_text()
        assert said.get("loginuid", 2**32 - 1) == int(Path(f"/proc/{pid}/loginuid").read_text())
        assert abs(seconds(said["start"]) - start_of(pid)) < 0.1
        assert [step["pid"] for step in said["ancestors"]] == parents_of(pid)[:8]
        for step in said["ancestors"]:
            assert step["comm"] == Path(f"/proc/{step['pid']}/comm").read_text().strip()
    sender.communicate(b"\n")
    run.stop()
    assert len([e for e in run.events if is_signal(e)]) == 1
