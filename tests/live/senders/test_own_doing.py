"""Signals that a process brings upon itself: nobody else is named, and the death is theirs."""

from __future__ import annotations

import platform
import subprocess

import pytest
from scene import OURS, assert_death, assert_only, nobody_sent

X86 = platform.machine() == "x86_64"

# signal, number, origin, code
WAYS = {
    "raise": ("SIGTERM", 15, "tgkill", "SI_TKILL"),
    "abort": ("SIGABRT", 6, "tgkill", "SI_TKILL"),
    "null": ("SIGSEGV", 11, "fault", "SEGV_MAPERR"),
    "divide": ("SIGFPE", 8, "fault", "FPE_INTDIV"),
    "illegal": ("SIGILL", 4, "fault", "ILL_ILLOPN"),
    "trap": ("SIGTRAP", 5, "fault", "SI_KERNEL"),
    "bus": ("SIGBUS", 7, "fault", "BUS_ADRERR"),
    "pipe": ("SIGPIPE", 13, "pipe", "SI_USER"),
    "cpu": ("SIGXCPU", 24, "rlimit", "SI_KERNEL"),
    "cpu hard": ("SIGKILL", 9, "rlimit", "SI_KERNEL"),
    "real time": ("SIGXCPU", 24, "rlimit", "SI_KERNEL"),
    "file size": ("SIGXFSZ", 25, "rlimit", "SI_USER"),
    "seccomp": ("SIGSYS", 31, "seccomp", "SYS_SECCOMP"),
}
# Everything but what storms are made of: a benchmark beside this test fills no buffer of it.
QUIET = ("--signal", "!USR1,!CHLD,!URG")
SELF_SENT = ("raise", "abort")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.sources(
    "core", "bcc", reason="audit sees no signals of the kernel, and no calls to oneself"
)
def test_own_doing(way, trace, program, cannot_run, needs, source):
    name, number, origin, code = WAYS[way]
    # A limit that is used up and a BPF program's SIGKILL look alike once nobody can look at the limit any more.
    # So do int3's trap and one that a tracer injects, without a siginfo.
    is_unsure = (source, way) in (("bcc", "cpu hard"), ("bcc", "trap"))
    if way == "seccomp":
        needs("the signal of seccomp")
    if not X86 and way in ("divide", "illegal", "trap"):
        pytest.skip("how this instruction fails is written down for x86 alone")
    path = program("own_doing")
    running = trace(*QUIET, *OURS)
    child = subprocess.Popen([path, way])
    status = child.wait()
    if status == 77:
        cannot_run(f"this machine does not let a process set up the {way}")
    assert status == -number
    event = running.signal_to(child.pid, name)
    assert event["signal"] == {"number": number, "name": name, "code": code}
    assert event["origin"] in ((origin, "kernel") if is_unsure else (origin,))
    # bcc may find it while it still dies, and then does not say.
    assert event.get("outcome") in ("delivered", {"core": "delivered"}.get(source))
    # bcc looks for command lines in /proc, where this process is no longer.
    if source == "core":
        assert event["target"]["argv"] == [path, way]
    assert event["scope"] == ("process" if code == "SI_KERNEL" and origin == "rlimit" else "thread")
    if way in SELF_SENT:
        assert event["sender"]["pid"] == event["target"]["pid"] == child.pid
        assert event.get("call") == {"core": "tgkill"}.get(source)
    else:
        assert nobody_sent(event)
        assert "current" not in event or is_unsure
    if way == "null" and source == "core":
        assert event["fault"] == {"address": "0x8"}
    if way == "bus" and source == "core":
        assert int(event["fault"]["address"], 16) % 4096 == 64
    assert_death(running, event, status)
    running.end()
    assert_only(running, child.pid, name)


@pytest.mark.sources("core", "bcc", reason="audit sees no signals of the kernel")
def test_a_limit_that_is_survived(trace, spawn):
    """bcc finds the target alive, and its limit in /proc."""
    code = """if True:
        import resource, signal
        struck = []
        signal.signal(signal.SIGXCPU, lambda *_: struck.append(1))
        resource.setrlimit(resource.RLIMIT_CPU, (1, 100))
        while not struck:
            pass
        resource.setrlimit(resource.RLIMIT_CPU, (50, 100))
        input()
    """
    running = trace(*QUIET, *OURS)
    child = spawn("/usr/bin/python3", "-c", code)
    event = running.signal_to(child.pid, "SIGXCPU")
    assert event["origin"] == "rlimit"
    assert event["outcome"] == "handled"
    assert nobody_sent(event)
    running.end()


@pytest.mark.sources("core", reason="a handler is seen by CO-RE alone")
def test_python_ignores_broken_pipes_and_says_so_itself(trace):
    """SIGPIPE is ignored by Python: the write fails, and the process exits by itself."""
    running = trace(*OURS)
    code = "import os; r, w = os.pipe(); os.close(r); os.write(w, b'x')"
    child = subprocess.Popen(["/usr/bin/python3", "-c", code], stderr=subprocess.DEVNULL)
    status = child.wait()
    assert status == 1
    event = running.signal_to(child.pid, "SIGPIPE")
    assert (event["origin"], event["outcome"], event["why"]) == ("pipe", "ignored", "SIG_IGN")
    assert nobody_sent(event)
    end = assert_death(running, event, status)
    assert "handled" not in end
    running.end()
