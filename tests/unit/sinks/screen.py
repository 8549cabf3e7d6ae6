"""A table as it is printed, and the ends that its tests share."""

from __future__ import annotations

import io

from tracer.model.event import Ancestor, Process, Signal
from tracer.sinks.table import TableSink
from tracer.sinks.waiting import Waiting

SECOND = 10**9
NOON = 1795435200 * SECOND  # 2026-11-23 12:00:00 UTC

CRON = (Ancestor(1340, b"cleanup.sh"), Ancestor(702, b"cron"), Ancestor(1, b"systemd"))
KILL = Process(
    1350, 1350, b"kill", uid=3010, user="deploy", argv=(b"kill", b"-9", b"24067"), ancestors=CRON
)
APP = Process(24067, 24067, b"python", uid=3010, user="deploy")


def signal(at=0, **fields):
    return Signal(
        **{
            "time": NOON + at,
            "id": "1",
            "source": "core",
            "number": 9,
            "code": 0,
            "origin": "kill",
            "outcome": "delivered",
            "scope": "process",
            "sender": KILL,
            "target": APP,
            **fields,
        }
    )


def screen(*events, **options):
    stream = io.StringIO()
    sink = Waiting(TableSink(stream, **options))
    sink.start()
    for event in events:
        sink.write(event)
    sink.close()
    return stream.getvalue()
