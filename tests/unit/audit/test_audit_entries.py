"""Audit records in a journal."""

from __future__ import annotations

from tracer.audit.entries import AuditTeller
from tracer.lines.entry import of_journal
from tracer.model.event import Exit, Signal

CALL = (
    b"arch=c000003e syscall=62 success=yes exit=0 a0=32c a1=f a2=0 a3=7ffe items=0 ppid=1 pid=900 auid=1000 "
    b"uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 "
    b'comm="kill" exe="/usr/bin/kill" key=(null)'
)
TARGET = b'opid=812 oauid=-1 ouid=0 oses=-1 ocomm="nginx"'


def entry(message, **fields):
    raw = {name.encode(): value for name, value in fields.items()}
    return of_journal({b"MESSAGE": message, b"__REALTIME_TIMESTAMP": b"1700000000000000", **raw})


def audit(kind, message, serial=b"7"):
    return entry(message, _TRANSPORT=b"audit", _AUDIT_TYPE=kind, _AUDIT_ID=serial)


def told(*entries):
    teller = AuditTeller()
    events = [event for one in entries for event in teller.feed(one)]
    return [*events, *teller.end()], teller


def test_records_of_an_event_make_a_signal():
    events, teller = told(audit(b"1300", b"SYSCALL " + CALL), audit(b"1318", b"OBJ_PID " + TARGET))
    (signal,) = events
    assert isinstance(signal, Signal)
    assert (signal.number, signal.sender.pid, signal.target.pid) == (15, 900, 812)
    assert signal.target.comm == b"nginx"
    assert teller.records == 2


def test_a_crash_is_an_end():
    body = b'auid=0 uid=0 gid=0 ses=1 pid=5 comm="x" exe="/x" sig=11 res=1'
    (end,), _ = told(audit(b"1701", b"ANOM_ABEND " + body))
    assert isinstance(end, Exit)
    assert (end.number, end.process.pid) == (11, 5)


def test_the_kernel_log_s_form_is_read_where_the_kernel_wrote_it():
    lines = [b"audit: type=1300 audit(1700000000.1:7): " + CALL]
    lines.append(b"audit: type=1318 audit(1700000000.1:7): " + TARGET)
    events, _ = told(*(entry(line, _TRANSPORT=b"kernel") for line in lines))
    assert [event.target.pid for event in events] == [812]
    forged = [entry(line, _TRANSPORT=b"syslog", SYSLOG_IDENTIFIER=b"kernel") for line in lines]
    assert told(*forged)[0] == []


def test_what_cannot_be_read_is_counted():
    broken = CALL.replace(b"a1=f", b"a1=fffffff")
    events, teller = told(
        audit(b"1300", b"SYSCALL " + broken), audit(b"1318", b"OBJ_PID " + TARGET)
    )
    assert not [event for event in events if isinstance(event, Signal)]
    assert teller.records == 2
    assert told(entry(b"audit", _AUDIT_TYPE=b"x"), entry(b"hello"))[0] == []
