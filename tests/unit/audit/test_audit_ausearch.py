"""ausearch, which knows nothing of us, reads the same logs: every field that both know must agree."""

import os
import pathlib
import re
import shutil
import subprocess

import audit_logs as logs
import pytest

from tracer.model.event import Failed, Probe, Signal
from tracer.model.signals import name_of

DATA = pathlib.Path(__file__).parents[2] / "data" / "audit"
LOGS = [
    *("kernel-x86_64", "kernel-i386", "auditd-enriched-x86_64", "auditd-enriched-i386"),
    *("calls-x86_64", "calls-i386", "calls-aarch64", "calls-s390x", "calls-ppc64", "calls-arm"),
    *("negative-pids", "signal-in-hex", "refused", "odd-names", "unset-numbers", "probes"),
    *("victim-known-from-exec", "interleaved-any-order", "reused-pid-inherits-nothing"),
]
CALLS = re.compile(
    r" syscall=(kill|tkill|tgkill|rt_sigqueueinfo|rt_tgsigqueueinfo|pidfd_send_signal) "
)
IN_A2 = ("tgkill", "rt_tgsigqueueinfo")


@pytest.fixture(autouse=True)
def needs_ausearch(cannot_run):
    if not shutil.which("ausearch"):
        cannot_run("ausearch (package auditd) is not installed")


def asked_ausearch(log):
    """(serial → its SYSCALL line, its OBJ_PID lines), as ``ausearch -i`` tells them."""
    told = subprocess.run(
        ["ausearch", "-if", str(log), "-i"],
        capture_output=True,
        text=True,
        errors="backslashreplace",
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
        check=False,
    ).stdout
    found = {}
    for line in told.splitlines():
        head = re.match(r"(?:node=\S+ )?type=(\w+) msg=audit\(\S+ [\d:.]+:(\d+)\) : (.*)", line)
        if head is None:
            continue
        kind, serial, body = head.groups()
        call, targets = found.setdefault(int(serial), ([], []))
        if kind == "SYSCALL" and CALLS.search(body):
            call.append(body)
        if kind == "OBJ_PID":
            targets.append(body)
    return {serial: (call[0], targets) for serial, (call, targets) in found.items() if call}


def field(body, name):
    found = re.search(rf"(?:^| ){name}=(.*?)(?= \w+=|$)", body)
    return found and found[1].strip()


def number(text):
    return None if text in (None, "unset") else int(text)


def signal_of(body):
    """The name ausearch gives, or the number where it decodes none."""
    text = field(body, "a2" if CALLS.search(body)[1] in IN_A2 else "a1")
    return {"SIG0": "0", "IGPWR": "SIGPWR"}.get(text, text)


def ours(event):
    given = event.number if not isinstance(event, Probe) else 0
    return {
        "0" if not given else name_of(given),
        f"0x{given or 0:x}",
        f"unknown-signal(0x{given or 0:x})",
    }


def text_of(raw):
    return None if raw is None else raw.decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("name", LOGS)
def test_ausearch_agrees(name):
    log = DATA / f"{name}.log"
    theirs = asked_ausearch(log)
    assert theirs
    found = {}
    for event in logs.events(log):
        if isinstance(event, (Signal, Failed, Probe)) and event.call:
            found.setdefault(int(event.id.rpartition(":")[2]), []).append(event)
    assert set(found) == set(theirs)
    for serial, (body, targets) in theirs.items():
        check_call(found[serial][0], body)
        check_targets(found[serial], targets)


def check_call(event, body):
    assert event.call == CALLS.search(body)[1]
    assert isinstance(event, Failed) == (field(body, "success") == "no")
    if isinstance(event, Failed):
        assert field(body, "exit").startswith(event.error)
    if event.number if not isinstance(event, Probe) else True:
        assert signal_of(body) in ours(event)
    sender = event.sender
    assert (sender.pid, sender.ppid) == (number(field(body, "pid")), number(field(body, "ppid")))
    assert sender.session == number(field(body, "ses"))
    assert text_of(sender.exe) == field(body, "exe")
    comm = re.search(r" comm=(.*) exe=", body)[1]
    assert text_of(sender.comm) == comm
    assert text_of(sender.tty) == (None if field(body, "tty") == "(none)" else field(body, "tty"))
    if event.asked is not None and not event.call.startswith("pidfd"):
        low = int(field(body, "a0"), 16) & 0xFFFFFFFF
        assert event.asked & 0xFFFFFFFF == low


def check_targets(events, targets):
    told = [(number(field(t, "opid")), re.search(r"ocomm=(.*)", t)[1].strip()) for t in targets]
    if not told:
        assert all(event.target is None or event.target_is_asked for event in events)
        return
    got = [(event.target.pid, text_of(event.target.comm)) for event in events]
    printable = [(pid, comm) for pid, comm in got if comm.isprintable()]
    assert [pid for pid, _ in sorted(got)] == [pid for pid, _ in sorted(told)]
    assert set(printable) <= set(told)
