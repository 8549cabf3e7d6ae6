"""Of a journal's JSON the usual entries are taken at once: what is told and counted is what each line by itself tells."""

import gzip
import io
import json
import random
import re
from unittest import mock

import audit_logs as logs
import pytest

from tracer.audit import journal_lines
from tracer.audit.known import NOBODY
from tracer.flow.source import every
from tracer.sources import pieces
from tracer.sources.journal import JsonReader
from tracer.sources.journal.telling import Telling
from tracer.sources.journal.text_source import TextSource

TYPES = {
    b"SYSCALL": 1300,
    b"OBJ_PID": 1318,
    b"PROCTITLE": 1327,
    b"EXECVE": 1309,
    b"ANOM_ABEND": 1701,
}
UNITS = (
    "web.service: Main process exited, code=killed, status=9/KILL",
    "Started Session 4 of User root.",
    "an audit of the house",
    "killed by nobody, exit=0",
)


def as_entries(text, draw):
    """Records of audit.log as journald has them, some beside the kernel log's."""
    for line in text.splitlines():
        kind, when, serial, body = re.match(
            rb"type=(\S+) msg=audit\(([\d.]+):(\d+)\): (.*)", line
        ).groups()
        micro = when.replace(b".", b"").decode() + "000"
        taken = str(int(micro) + draw.randint(0, 5000))
        entry = {
            "__CURSOR": f"s=a;i={serial.decode()}", "__REALTIME_TIMESTAMP": taken, "__MONOTONIC_TIMESTAMP": taken[-8:],
            "_TRANSPORT": "audit", "_AUDIT_TYPE": str(TYPES[kind]), "_AUDIT_ID": serial.decode(),
            "_SOURCE_REALTIME_TIMESTAMP": micro, "_HOSTNAME": "web1", "MESSAGE": (kind + b" " + body).decode(),
        }  # fmt: skip
        if draw.random() < 0.02:
            entry[draw.choice(tuple(entry))] = draw.choice(
                (None, 7, [65, 66], ["a", "b"], "x", {"a": 1})
            )
        if draw.random() < 0.02:
            del entry[draw.choice(tuple(entry)[1:])]
        yield entry
        if draw.random() < 0.05:
            yield {
                **entry,
                "_TRANSPORT": "kernel",
                "SYSLOG_IDENTIFIER": "kernel",
                "_AUDIT_TYPE": None,
                "MESSAGE": line.decode(),
            }
        if draw.random() < 0.1:
            yield {
                "__REALTIME_TIMESTAMP": taken, "_PID": "1", "_UID": "0", "_COMM": "systemd", "SYSLOG_IDENTIFIER": "systemd",
                "_TRANSPORT": "journal", "MESSAGE": draw.choice(UNITS), "UNIT": "web.service",
                **({"MESSAGE_ID": "7ad2d189f7e94e70a38c781354912448"} if draw.random() < 0.3 else {}),
            }  # fmt: skip


def made(seed):
    draw = random.Random(seed)
    lines = []
    for serial in range(1, draw.randint(30, 150)):
        pid = draw.randint(701, 712)
        text = draw.choice((
            logs.kill(serial, *draw.sample(range(801, 815), draw.choice((0, 1, 1, 2))), pid=pid, a1=draw.choice((0, 9, 15)), success=draw.random() < 0.9),
            logs.execve(serial, draw.randint(801, 806), b"victim", [b"victim", b"%d" % serial]),
            logs.record(b"ANOM_ABEND", serial, b'auid=1000 uid=1000 gid=1000 ses=4 pid=801 comm="victim" sig=9'),
        ))  # fmt: skip
        entries = list(as_entries(text, draw))
        if draw.random() < 0.05:
            entries.insert(0, entries.pop())
        if draw.random() < 0.05:
            entries.append(entries[0])
        lines += [
            json.dumps(entry, ensure_ascii=False).encode() + b"\n"
            for entry in entries
            if draw.random() > 0.005
        ]
    for _ in range(draw.choice((0, 0, 4))):
        odd = (b"\n", b"-- No entries --\n", b"what\n", b"{\n", b'"a": "b"\n', b"}\n", b"{}\n", b"\x1e{}\n", b'{"a": NaN}\n', b'{"MESSAGE": "' + b"x" * 70_000 + b'"}\n', b'{"MESSAGE": "\xff"}\n', b"[1]\n")  # fmt: skip
        lines.insert(draw.randrange(1, len(lines)), draw.choice(odd))
    text = b"".join(lines)
    return text if draw.random() < 0.7 else text[: -draw.randint(1, 90)]


def read(stream, *, taker=True, begun=b""):
    telling = Telling(NOBODY)
    source = TextSource(
        stream, JsonReader, telling.feed, telling.end, file="text", begun=begun, taker=telling if taker else None
    )  # fmt: skip
    told = [json.loads(line) for line in logs.lines(every(source))]
    spans = [(one.began, one.ended) for seen in source.coverage() for one in seen.spans]
    source.close()
    return (
        told,
        source.entries,
        dict(source.counts),
        spans,
        telling.audit.records,
        telling.audit.bad,
    )


@pytest.mark.parametrize("seed", range(30))
def test_ways(seed, tmp_path):
    text = made(seed)
    path = tmp_path / "text"
    path.write_bytes(text)
    want = read(io.BytesIO(text), taker=False)
    assert any(one["event"] == "signal" for one in want[0])
    with mock.patch.object(journal_lines, "CHUNK", 1 << 12):
        assert read(io.BytesIO(text)) == want
        assert read(io.BytesIO(text[900:]), begun=text[:900]) == want
        assert read(gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(text)))) == want
        with mock.patch.multiple(pieces, PIECE=1 << 13, PARALLEL_MIN=0):
            assert read(path.open("rb")) == want


def test_the_usual_event_is_one():
    usual = mock.Mock(random=lambda: 1.0, randint=lambda least, most: least)
    lines = [
        json.dumps(entry).encode() + b"\n"
        for n in range(1, 4)
        for entry in as_entries(logs.kill(n, 801), usual)
    ]
    rows = journal_lines.rows_of(b"".join(lines), lambda text: lambda part: True)
    assert [row[0] for row in rows] == [3, 3, 3]
