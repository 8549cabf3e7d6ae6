"""Every way to send a signal, to processes that do all there is to do about it."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import threading

import pytest
from features import knows
from oracle import mask_of

LIBC = ctypes.CDLL(None, use_errno=True)
# include/uapi/asm-generic/unistd.h and arch/x86/entry/syscalls/syscall_64.tbl
TKILL, TGKILL = {"x86_64": (200, 234)}.get(platform.machine(), (130, 131))


def sigqueue(pid, number):
    LIBC.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    assert LIBC.sigqueue(pid, number, 7) == 0


def pidfd_send(pid, number):
    fd = os.pidfd_open(pid)
    signal.pidfd_send_signal(fd, number)
    os.close(fd)


SENDS = {
    "kill": (os.kill, "SI_USER", "process"),
    "tgkill": (lambda pid, n: LIBC.syscall(TGKILL, pid, pid, n), "SI_TKILL", "thread"),
    "tkill": (lambda pid, n: LIBC.syscall(TKILL, pid, n), "SI_TKILL", "thread"),
    "sigqueue": (sigqueue, "SI_QUEUE", "process"),
    "pidfd": (pidfd_send, "SI_USER", "process"),
}


@pytest.mark.parametrize("way", SENDS)
@pytest.mark.sources("core", "bcc", reason="audit knows neither si_code nor scope")
def test_each_way_to_send(way, trace, victim, source):
    send, code, scope = SENDS[way]
    target = victim("die", signal.SIGTERM)
    running = trace("--pid", os.getpid())
    send(target.pid, signal.SIGTERM)
    assert target.wait() == -signal.SIGTERM
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["signal"] == {"number": 15, "name": "SIGTERM", "code": code}
    assert (event["sender"]["pid"], event["sender"]["uid"]) == (os.getpid(), os.getuid())
    assert event["target"]["pid"] == target.pid
    assert event["scope"] == scope
    assert event["source"] == source
    if source == "core":
        told = code != "SI_USER" or knows("the sender's call")
        assert event["origin"] == ({"tkill": "tgkill"}.get(way, way) if told else "user")
        end = running.death_of(target.pid)
        assert end["signal"]["number"] == 15
        assert end["cause"] == event["id"]
        assert end["after_ns"] >= 0
    running.end()
    assert len(running.to(target.pid)) == 1


@pytest.mark.parametrize("how", ["die", "ignore", "block", "handle", "handle and exit"])
@pytest.mark.sources("core", reason="the target's disposition is read by CO-RE alone")
def test_what_the_target_does_about_it(how, trace, victim):
    target = victim(how, signal.SIGTERM)
    # The oracle: the kernel's own account of the target, before it is sent anything.
    masks = {
        field: signal.SIGTERM in mask_of(target.pid, field)
        for field in ("SigIgn", "SigBlk", "SigCgt")
    }
    running = trace("--to", target.pid)
    target.send(signal.SIGTERM)
    event = running.signal_to(target.pid, "SIGTERM")
    wanted = "delivered"
    for field, outcome in (("SigIgn", "ignored"), ("SigBlk", "blocked"), ("SigCgt", "handled")):
        wanted = outcome if masks[field] else wanted
    assert event["outcome"] == wanted
    assert event.get("why") == ("SIG_IGN" if how == "ignore" else None)
    if how == "handle and exit":
        assert target.wait() == 7
        end = running.death_of(target.pid)
        assert (end["status"], end["handled"]) == (7, event["id"])
        assert "cause" not in end
    target.process.kill()
    target.wait()
    running.end()


@pytest.mark.sources("core", "bcc", reason="audit does not tell the outcome")
def test_a_second_pending_signal_is_coalesced(trace, victim):
    target = victim("block", signal.SIGTERM)
    running = trace("--to", target.pid)
    target.send(signal.SIGTERM)
    target.send(signal.SIGTERM)
    running.wait_for(lambda e: e.get("outcome") == "coalesced")
    assert signal.SIGTERM in mask_of(target.pid, "ShdPnd")
    running.end()
    outcomes = [event["outcome"] for event in running.to(target.pid)]
    assert outcomes[0] in ("blocked", "delivered")
    assert outcomes[1:] == ["coalesced"]


@pytest.mark.sources("core", "bcc", reason="the kernel's zombies tell audit nothing")
def test_a_zombie_ignores_what_it_is_sent(trace, victim):
    target = victim("die")
    running = trace("--to", target.pid)
    target.send(signal.SIGKILL)
    os.waitid(os.P_PID, target.pid, os.WEXITED | os.WNOWAIT)
    target.send(signal.SIGTERM)
    event = running.signal_to(target.pid, "SIGTERM")
    accepted = ("ignored",) if knows("a zombie ignores signals") else ("ignored", "delivered")
    assert event["outcome"] in accepted
    running.end()


# 32 and 33 are glibc's own; kill(2) sends them all the same. KILL and STOP cannot be ignored.
@pytest.mark.sources("core", "bcc", reason="audit is tried with fewer")
def test_every_signal_from_1_to_64(trace, program):
    running = trace("--all", "--from", os.getpid())
    number_of = {}
    for number in range(1, 65):
        pid = os.posix_spawn(
            "/bin/sleep", ["sleep", "100"], dict(os.environ), setsigmask=signal.valid_signals()
        )
        number_of[pid] = number
        os.kill(pid, number)
    for pid, number in number_of.items():
        event = running.wait_for(
            lambda e, pid=pid, number=number: (
                e["event"] == "signal"
                and e["target"]["pid"] == pid
                and e["signal"]["number"] == number
            )
        )
        assert event["sender"]["pid"] == os.getpid()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    running.end()
    for pid, number in number_of.items():
        seen = [event["signal"]["number"] for event in running.to(pid)]
        assert seen == [number, 9], f"signal {number}: {seen}"


@pytest.mark.sources("core", "bcc", reason="audit does not tell threads")
def test_a_thread_of_the_target_is_told_beside_its_process(trace, victim):
    ready, over = threading.Event(), threading.Event()
    tids = []

    def work():
        tids.append(threading.get_native_id())
        ready.set()
        over.wait()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    old = signal.signal(signal.SIGUSR2, lambda *_: None)
    try:
        running = trace("--to", os.getpid(), "--signal", "USR2")
        LIBC.syscall(TGKILL, os.getpid(), tids[0], signal.SIGUSR2)
        event = running.signal_to(os.getpid(), "SIGUSR2")
        assert (event["target"]["pid"], event["target"]["tid"]) == (os.getpid(), tids[0])
        running.end()
    finally:
        over.set()
        thread.join()
        signal.signal(signal.SIGUSR2, old)


@pytest.mark.sources("core", "bcc", reason="the kernel's own signals are not audited")
def test_signals_of_the_kernel_have_no_sender(trace):
    running = trace("--all", "--signal", "SEGV,ALRM")
    segv = os.posix_spawn("/bin/sh", ["sh", "-c", "kill -SEGV $$"], dict(os.environ))
    os.waitpid(segv, 0)
    assert running.signal_to(segv)["sender"]["pid"] == segv
    alarm = os.posix_spawn(
        "/usr/bin/timeout", ["timeout", "0.05", "sleep", "100"], dict(os.environ)
    )
    assert os.waitstatus_to_exitcode(os.waitpid(alarm, 0)[1]) == 124
    event = running.signal_to(alarm, "SIGALRM")
    assert event["origin"] == "timer"
    assert "sender" not in event
    running.end()


@pytest.mark.sources("core", "bcc", reason="audit's clock has milliseconds")
def test_the_time_is_the_signals_own(trace, victim):
    import datetime
    import time

    target = victim("ignore")
    running = trace("--to", target.pid)
    before = time.time_ns()
    target.send(signal.SIGTERM)
    after = time.time_ns()
    text = running.signal_to(target.pid)["time"]
    moment = datetime.datetime.fromisoformat(text[:26] + "+00:00")
    # Microseconds of text, and the wall clock may be slewed while we look.
    assert before - 2_000_000 <= moment.timestamp() * 1e9 <= after + 2_000_000
    running.end()
