"""Mutated logs, read as lines, by the sieve and through a pipe: no exception, whatever they have become, and the same
signals. Their order may differ where the records of one event have changed places, and what a pipe tells of an event that
goes on after its end: it is not waited for there. Of whole logs all is alike: tests/unit/sources/test_every_way.py.

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
    """Every event of a log, as it is written but for the name of the file."""
    log = AuditLog([LogSet("log", (path,))], **more)
    return [json.dumps(to_object(event)).replace(path, "-") for event in every(log)]


def signals(lines):
    return sorted(
        {line.partition('"time"')[0] for line in lines if '"event": "signal"' in line[:40]}
    )


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
    others = others_piped = 0
    while time.monotonic() < end:
        text = mutated(chance, chance.choice(samples))
        Path(path).write_bytes(text)
        lines, pieces = read(path, sieve_min=1 << 40), read(path, sieve_min=0)
        assert signals(lines) == signals(pieces), f"seed {seed}, the {count + 1}. log"
        others += pieces != lines
        others_piped += through_a_pipe(text, monkeypatch) != lines
        count += 1
    print(
        f"{count:,} mutated logs, told otherwise by pieces {others}, by a pipe {others_piped}; seed {seed}"
    )
    assert count
