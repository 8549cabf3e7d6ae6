"""What never became a signal: refused, or only asked whether somebody is there."""

from __future__ import annotations

import errno
import subprocess

import pytest
from scene import OURS, deaths, signals_named

pytestmark = pytest.mark.sources("core", reason="it does not see what a call gave back")

CALLS = (
    "kill",
    "tkill",
    "tgkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "pidfd_send_signal",
)
NOBODY = 65534


@pytest.fixture(autouse=True)
def sees_calls(needs):
    needs("the sender's call")


@pytest.fixture(params=["64 bits", "32 bits"])
def caller(request, program, needs_32_bits):
    """``caller(...)`` runs programs/call.c; gives its Popen, the pid, the pidfd and the errno."""
    flags = ["-m32"] if request.param == "32 bits" else []
    if flags:
        needs_32_bits()
    path = program("call", *flags)

    def call(*words):
        child = subprocess.Popen(
            [path, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        said, _ = child.communicate()
        assert child.returncode == 0
        return child, *map(int, said.split())

    return call


def attempt_of(running, child, kind="failed"):
    return running.wait_for(lambda e: e["event"] == kind and e["sender"]["pid"] == child.pid)


def assert_caller(event, child, call, asked, number):
    assert event["sender"]["argv"] == child.args
    assert event["sender"]["comm"].startswith("call")
    assert event["sender"]["ancestors"][0]["pid"] == OURS[1]
    assert (event["call"], event["asked"]) == (call, asked)
    assert event["signal"]["number"] == number


@pytest.mark.parametrize("name", CALLS)
def test_eperm(name, trace, victim, caller):
    target = victim("die")
    running = trace("--failed", *OURS)
    child, pid, pidfd, error = caller(name, target.pid, 15, NOBODY)
    assert error == errno.EPERM
    event = attempt_of(running, child)
    assert_caller(event, child, name, pidfd if name == "pidfd_send_signal" else pid, 15)
    assert event["error"] == "EPERM"
    assert event["sender"]["uid"] == NOBODY
    assert event["target"]["pid"] == target.pid
    assert "target_is_asked" not in event  # It is known: who asks is numbered as the host is.
    running.end()
    assert not running.to(target.pid)
    assert not deaths(running, target.pid)


@pytest.mark.parametrize("name", CALLS)
def test_esrch(name, trace, caller):
    running = trace("--failed", *OURS)
    child, pid, pidfd, error = caller(name, "gone", 15)
    assert error == errno.ESRCH
    event = attempt_of(running, child)
    assert_caller(event, child, name, pidfd if name == "pidfd_send_signal" else pid, 15)
    assert event["error"] == "ESRCH"
    running.end()
    assert not signals_named(running, "SIGTERM")


@pytest.mark.parametrize("name", CALLS)
def test_einval(name, trace, victim, caller):
    target = victim("die")
    running = trace("--failed", *OURS)
    child, pid, pidfd, error = caller(name, target.pid, 65)
    assert error == errno.EINVAL
    event = attempt_of(running, child)
    assert_caller(event, child, name, pidfd if name == "pidfd_send_signal" else pid, 65)
    assert event["error"] == "EINVAL"
    running.end()


@pytest.mark.parametrize("name", CALLS)
def test_probe(name, trace, victim, caller):
    """Signal 0: shown with --probes, and it does nothing."""
    target = victim("die")
    running = trace("--probes", *OURS)
    child, pid, pidfd, error = caller(name, target.pid, 0)
    assert error == 0
    event = attempt_of(running, child, "probe")
    assert_caller(event, child, name, pidfd if name == "pidfd_send_signal" else pid, 0)
    assert event["target"]["pid"] == target.pid
    assert "target_is_asked" not in event
    running.end()
    assert not running.to(target.pid)
    assert target.process.poll() is None


def test_a_refused_probe_is_a_failure(trace, victim, caller):
    target = victim("die")
    running = trace("--probes", "--failed", *OURS)
    child, pid, _, error = caller("kill", target.pid, 0, NOBODY)
    assert error == errno.EPERM
    event = attempt_of(running, child)
    assert_caller(event, child, "kill", pid, 0)
    running.end()
    assert not [e for e in running.events if e["event"] == "probe"]


def test_a_group_that_is_not_there(trace, caller):
    """A negative number stays negative, through 32-bit registers, too."""
    running = trace("--failed", *OURS)
    child, _, _, error = caller("kill", -4194301, 15)
    assert error == errno.ESRCH
    event = attempt_of(running, child)
    assert_caller(event, child, "kill", -4194301, 15)
    assert "target" not in event
    running.end()


def test_a_pidfd_that_is_none(trace, caller):
    running = trace("--failed", *OURS)
    child, _, _, error = caller("pidfd_send_signal", "stdin", 15)
    assert error == errno.EBADF
    event = attempt_of(running, child)
    assert event["error"] == "EBADF"
    assert event["asked"] == 0
    assert "target" not in event
    running.end()


def test_without_the_options_there_is_nothing(trace, victim, caller):
    target = victim("die")
    running = trace(*OURS)
    caller("kill", target.pid, 15, NOBODY)
    caller("kill", target.pid, 0)
    child, *_ = caller("kill", target.pid, 15)
    assert running.signal_to(target.pid, "SIGTERM")["sender"]["pid"] == child.pid
    target.wait()
    running.end()
    assert {event["event"] for event in running.events} == {"signal", "exit"}


@pytest.mark.parametrize("name", ["kill", "tgkill", "pidfd_send_signal"])
def test_calls_in_a_pid_namespace_ask_by_their_own_numbers(name, trace, program, cannot_run):
    """Their 2 is not the host's 2: it is told as asked, and the host's process is not blamed."""
    path = program("call")
    line = f"sleep 100 & echo $!; {path} {name} $! 15 {NOBODY}; {path} {name} $! 0; kill $!"
    running = trace("--failed", "--probes", "--signal", "TERM", *OURS)
    child = subprocess.Popen(
        ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", line],
        stdout=subprocess.PIPE,
        text=True,
    )
    said, _ = child.communicate()
    if child.returncode:
        cannot_run("pid namespaces cannot be made here")
    inside, refused, probed = (list(map(int, part.split())) for part in said.splitlines())
    assert refused[::2] == [inside[0], errno.EPERM]
    assert probed[::2] == [inside[0], 0]
    event = running.wait_for(
        lambda e: e["event"] == "signal" and e["target"].get("ns_pid") == inside[0]
    )
    running.end()
    for kind, answer in (("failed", refused), ("probe", probed)):
        (attempt,) = [e for e in running.events if e["event"] == kind]
        assert attempt["asked"] == (answer[1] if name.startswith("pidfd") else inside[0])
        assert attempt["call"] == name
        assert attempt["sender"]["pid"] != attempt["sender"]["ns_pid"]
        target = attempt.get("target", {})
        assert target.get("pid") in (None, event["target"]["pid"])
        if name.startswith("pidfd"):
            assert target["pid"] == event["target"]["pid"]
