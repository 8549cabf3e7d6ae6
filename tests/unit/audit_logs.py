"""Audit log text for tests, and what replay makes of it."""

import dataclasses
import json
import os
import subprocess
import sys

from tracer.flow.source import every
from tracer.model.event import Exit, Signal
from tracer.sinks.json import to_object
from tracer.sources.logs.audit_log import AuditLog
from tracer.sources.logs.files import LogSet

START = 1_700_000_000_000


def stamp(serial, milliseconds=None, node=b""):
    at = START + (serial * 10 if milliseconds is None else milliseconds)
    return b"%d.%03d:%d" % (at // 1000, at % 1000, serial)


def record(kind, serial, body, milliseconds=None):
    return b"type=%s msg=audit(%s): %s\n" % (kind, stamp(serial, milliseconds), body)


def call(serial, number=62, pid=701, comm=b"sender", a0=0x321, a1=9, success=True, ses=4):
    return record(
        b"SYSCALL",
        serial,
        b"arch=c000003e syscall=%d success=%s exit=%d a0=%x a1=%x a2=0 a3=0 items=0 ppid=700 pid=%d "
        b"auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 fsgid=1000 "
        b'tty=pts1 ses=%d comm="%s" exe="/opt/%s" key="k"'
        % (
            number,
            b"yes" if success else b"no",
            0 if success else -1,
            a0,
            a1,
            pid,
            ses,
            comm,
            comm,
        ),
    )


def target(serial, pid=801, comm=b"victim", ses=4):
    return record(
        b"OBJ_PID", serial, b'opid=%d oauid=1000 ouid=1000 oses=%d ocomm="%s"' % (pid, ses, comm)
    )


def title(serial, words=b"sender\0-9"):
    return record(b"PROCTITLE", serial, b"proctitle=" + words.hex().upper().encode())


def execve(serial, pid, comm, words):
    arguments = b" ".join(b'a%d="%s"' % pair for pair in enumerate(words))
    return (
        call(serial, 59, pid, comm)
        + record(b"EXECVE", serial, b"argc=%d %s" % (len(words), arguments))
        + title(serial, b"\0".join(words))
    )


def kill(serial, *pids, **settings):
    settings.setdefault("a0", pids[0] if pids else 5)
    return call(serial, **settings) + b"".join(target(serial, pid) for pid in pids) + title(serial)


def source(*paths, **settings):
    return AuditLog([LogSet(str(path), (str(path),)) for path in paths], **settings)


def events(path, **settings):
    return list(every(source(path, **settings)))


def lines(found):
    return [json.dumps(to_object(event)) for event in found]


def signals(found):
    return [event for event in found if isinstance(event, Signal)]


def deaths(found):
    return [event for event in found if isinstance(event, Exit)]


def of(event, **wanted):
    """Whether an event has these values."""
    return {name: getattr(event, name) for name in wanted} == wanted


def fields_of(event):
    return {field.name for field in dataclasses.fields(event)}


FIRST = """\
time->Mon Dec 25 19:52:55 2017
type=PROCTITLE msg=audit(1514202775.088:351): proctitle="bash"
type=OBJ_PID msg=audit(1514202775.088:351): opid=24067 日uid=-1 ouid=3010 oses=-1 ocomm="python"
type=SYSCALL msg=audit(1514202775.088:351): arch=c000003e syscall=62 success=yes exit=0 a0=5e03 a1=9 \
a2=0 a3=7ffc0d9f7b90 items=0 ppid=1349 pid=1350  uid=3010 gid=3010 euid=3010 suid=3010 fsuid=3010 \
egid=3010 sgid=3010 fsgid=3010 tty=pts0 comm="bash" exe="/bin/bash" key=(null)
"""


def replay(*words, **settings):
    settings.setdefault("env", {**os.environ, "TZ": "UTC"})
    return subprocess.run(
        [sys.executable, "-m", "tracer", "replay", *map(str, words)],
        capture_output=True,
        timeout=60,
        **settings,
    )


def shown(*words, **settings):
    """The JSON objects that a replay shows."""
    done = replay("--json", *words, **settings)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]
