"""Mutated logs, read as lines, by the sieve and through a pipe: no exception, whatever they have become; through a pipe
all the same, unless a record has no date (it is guessed from when a file was last written); by the sieve the same events in
the same order, but for losses and for what an event that is itself damaged tells of a process. Of whole logs these, too: tests/unit/sources/test_every_way.py.

SIGTRACE_FUZZ_SECONDS says how long, 60 if it does not.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import sys
import time
from pathlib import Path

import pytest

from tracer.flow.source import every
from tracer.sinks.json import to_object
from tracer.sources.logs import sights
from tracer.sources.logs.audit_log import AuditLog
from tracer.sources.logs.files import LogSet

DATA = Path(__file__).parents[1] / "data" / "audit"
SECONDS = float(os.environ.get("SIGTRACE_FUZZ_SECONDS", "60"))
MOST = 60_000  # bytes: a pipe holds them
PIECES = (
    b"\n",
    b"\0",
    b"\x1d",
    b'"',
    b"=",
    b" ",
    b"audit(",
    b"type=SYSCALL msg=",
    b"\xff",
    b"a" * 300,
)


def mutated(chance, text):
    text = bytearray(text)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(len(text) + 1)
        other = chance.randrange(len(text) + 1)
        low, high = sorted((at, min(other, at + chance.choice((1, 10, 100, 1000)))))
        how = chance.randrange(5)
        if how == 0:
            text[at:at] = chance.choice(PIECES)
        elif how == 1:
            del text[low:high]
        elif how == 2:
            text[at:at] = text[low:high]
        elif how == 3 and at < len(text):
            text[at] ^= 1 << chance.randrange(8)
        else:
            lines = bytes(text).split(b"\n")
            one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[one], lines[two] = lines[two], lines[one]
            text = bytearray(b"\n".join(lines))
    return bytes(text[:MOST])


def read(path, **more):
    """Every event of a log, as it is written but for the name of the file; and whether some record has no date."""
    log = AuditLog([LogSet("log", (path,))], **more)
    told = [json.dumps(to_object(event)).replace(path, "-") for event in every(log)]
    return told, log.tallies[0].undated > 0


def told_of(lines):
    """What is told, and where it stands, without losses and what else is known of processes."""
    events = map(json.loads, lines)
    fields = ("event", "id", "time", "place", "signal", "origin", "why", "asked")
    return [tuple(map(one.get, fields)) for one in events if one["event"] != "loss"]


def through_a_pipe(text, monkeypatch):
    coming, going = os.pipe()
    fcntl.fcntl(going, fcntl.F_SETPIPE_SZ, 1 << 17)
    os.write(going, text)
    os.close(going)
    with os.fdopen(coming) as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        return read("-")


@pytest.mark.long
def test_no_mutated_log_breaks_any_way_of_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(sights, "PART", 1 << 10)
    path = str(tmp_path / "audit.log")
    samples = [one.read_bytes()[:MOST] for one in sorted(DATA.rglob("*")) if one.is_file()]
    seed = int(os.environ.get("SIGTRACE_FUZZ_SEED", time.time_ns() % 2**32))
    chance = random.Random(seed)
    end, count = time.monotonic() + SECONDS, 0
    others = undated = 0
    while time.monotonic() < end:
        text = mutated(chance, chance.choice(samples))
        Path(path).write_bytes(text)
        where = f"seed {seed}, the {count + 1}. log"
        (lines, is_undated), (pieces, _) = read(path, sieve_min=1 << 40), read(path, sieve_min=0)
        assert told_of(lines) == told_of(pieces), where
        others += pieces != lines
        undated += is_undated
        piped, _ = through_a_pipe(text, monkeypatch)
        assert is_undated or piped == lines, where
        count += 1
    print(
        f"{count:,} mutated logs; {others} told otherwise by the sieve, {undated} without dates; seed {seed}"
    )
    assert count
