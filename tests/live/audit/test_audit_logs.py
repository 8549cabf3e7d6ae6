"""Logs of this kernel's own audit: replay tells what was really sent, for programs of both word sizes."""

from __future__ import annotations

import errno
import os
import shutil

import pytest
from record_audit_log import record

from tracer.flow.source import every
from tracer.model.event import Exit, Failed, Probe, Signal
from tracer.sources.logs.audit_log import AuditLog
from tracer.sources.logs.files import LogSet


@pytest.fixture
def recorded(cannot_run, needs_32_bits):
    """``recorded(how, bits)``: the events of a log made just now, and what was sent meanwhile."""
    if os.geteuid() != 0:
        cannot_run("the kernel's audit needs root")
    for program in ("auditctl", "auditd", "gcc"):
        if not shutil.which(program):
            cannot_run(f"{program} is not installed")

    def make(how, bits, folder):
        if bits == 32:
            needs_32_bits()
        text, sent = record(how, bits)
        log = folder / "audit.log"
        log.write_bytes(text)
        events = list(every(AuditLog([LogSet("log", (str(log),))])))
        return events, [line.split() for line in sent.splitlines()]

    return make


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("how", ["netlink", "auditd"])
def test_everything_that_was_sent_is_told(recorded, how, bits, tmp_path):
    events, sent = recorded(how, bits, tmp_path)
    for call, target, number, result in sent:
        check(events, call, int(target), int(number), int(result))
    calls = [event for event in events if isinstance(event, (Signal, Failed, Probe)) and event.call]
    wide = {event.id for event in calls if event.asked is not None and event.asked < 0}
    # As many events as calls: nothing is told that was not done; abort is a tgkill of its own.
    assert len({event.id for event in calls}) == sum(call != "crash" for call, *_ in sent)
    assert len(wide) == 1


def check(events, call, target, number, result):
    """That one line of what was sent is told by the events."""
    if call in ("crash", "abort"):
        (death,) = [e for e in events if isinstance(e, Exit) and e.process.pid == target]
        assert death.number == number
        assert (death.cause is not None) == (call == "abort")
        return
    found = [event for event in events if is_of(event, call, target, number)]
    assert found, (call, target, number)
    if result < 0:
        assert {event.error for event in found} == {errno.errorcode[-result]}
    elif target < 0:
        assert len(found) == 20
        assert len({event.id for event in found}) == 1
        assert -target in {event.target.pid for event in found}
    else:
        (event,) = found
        assert event.target.pid == target
        assert event.sender.exe.endswith((b"send_signals64", b"send_signals32"))


def is_of(event, call, target, number):
    if not isinstance(event, (Signal, Failed, Probe)) or event.call != call:
        return False
    given = 0 if isinstance(event, Probe) else event.number
    # The pid argument of pidfd_send_signal is a descriptor (pidfd_send_signal(2)).
    by_descriptor = event.asked is None or call == "pidfd_send_signal"
    asked = event.target and event.target.pid if by_descriptor else event.asked
    return given == number and asked == target
