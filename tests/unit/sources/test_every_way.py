"""The same events, the same losses, in the same order, by every way of reading a log."""

import gzip
import json
import os
import random
import re
import subprocess
import sys
import threading

import audit_logs as logs
import pytest

from tracer.flow.source import every
from tracer.sources import pieces
from tracer.sources.logs import sieve, sights
from tracer.sources.logs.audit_log import AuditLog
from tracer.sources.logs.files import LogSet, find_logs


def plain(found):
    """As JSON, without the path that the log was given by."""
    lines = [json.loads(line) for line in logs.lines(found)]
    for line in lines:
        line.get("place", {}).pop("file", None)
        line["where"] = line.get("where", "").rpartition(": ")[2]
    return lines


def event(draw, serial):
    """One real event: the records that the kernel writes for it, in their order."""
    pid, victim = draw.randint(701, 712), draw.randint(801, 806)
    kind = draw.randrange(8)
    if kind < 3:
        text = logs.kill(serial, *draw.sample(range(801, 830), draw.choice((1, 1, 2, 20))), pid=pid)
    elif kind == 3:
        text = logs.execve(serial, victim, b"victim", [b"victim", b"--x", b"%d" % serial])
    elif kind == 4:
        body = b'auid=1000 uid=1000 gid=1000 ses=4 pid=%d comm="victim" sig=9' % victim
        text = logs.record(b"ANOM_ABEND", serial, body)
    else:
        text = logs.call(serial, 257, pid) + logs.title(serial)
    if draw.random() < 0.1:  # RHEL 6 has no PROCTITLE
        text = b"".join(line for line in text.splitlines(True) if b"PROCTITLE" not in line)
    return text.splitlines(True)


def made(seed):
    """Events one after another, some interleaved with the next ones; serials left out; records wrapped; a half copy."""
    draw = random.Random(seed)
    wanted = [n for n in range(1, draw.randint(60, 260)) if draw.random() > 0.02]
    waiting = [event(draw, serial) for serial in wanted]
    lines = []
    while waiting:
        at = draw.choice((0, 0, 0, min(1, len(waiting) - 1), min(2, len(waiting) - 1)))
        # What one process does is written in its order, whatever CPUs write between.
        pids = [set(re.findall(rb" pid=(\d+)", b"".join(one))) for one in waiting[: at + 1]]
        if pids[at] & set().union(*pids[:at]) or not pids[at]:
            at = 0
        count = draw.choice((1, len(waiting[at])))
        lines += waiting[at][:count]
        del waiting[at][:count]
        waiting = [one for one in waiting if one]
    if draw.random() < 0.5:
        lines = [_wrapped(line, draw) if draw.random() < 0.02 else line for line in lines]
    text = b"".join(lines)
    if draw.random() < 0.3:
        text += b"".join(lines[: len(lines) // 2])
    if draw.random() < 0.3:
        text = text[: -draw.randint(1, 60)]
    return text


def _wrapped(line, draw):
    at = line.find(b" ", draw.randint(60, 160))
    return line if at < 0 else line[:at] + b"\n" + line[at + 1 :]


def by_lines(path):
    return every(AuditLog([LogSet("log", (str(path),))], sieve_min=1 << 40))


def by_pieces(path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sieve, "BLOCK", 1 << 14)
        patch.setattr(sieve, "DENSE", 2)
        patch.setattr(sights, "PART", 1 << 11)
        patch.setattr(pieces, "PIECE", 1 << 15)
        patch.setattr(pieces, "PARALLEL_MIN", 0)
        yield from every(AuditLog([LogSet("log", (str(path),))], sieve_min=0))


def by_gzip(path):
    packed = path.with_suffix(".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return every(AuditLog([LogSet("log", (str(packed),))]))


def by_folder(path):
    """Rotated: an event may begin in one file and end in the next."""
    folder = path.parent / "rotated"
    folder.mkdir(exist_ok=True)
    lines = path.read_bytes().splitlines(True)
    middle = len(lines) // 2
    while middle < len(lines) and not lines[middle].startswith(b"type="):
        middle += 1
    (folder / "audit.log.1").write_bytes(b"".join(lines[:middle]))
    (folder / "audit.log").write_bytes(b"".join(lines[middle:]))
    return every(AuditLog(find_logs([str(folder)])))


@pytest.mark.parametrize("seed", range(30))
def test_files(seed, tmp_path):
    path = tmp_path / "audit.log"
    path.write_bytes(made(seed))
    want = plain(by_lines(path))
    assert [one for one in want if one["event"] == "signal"]
    for way in (by_pieces, by_gzip):
        assert plain(way(path)) == want, way.__name__
    there = [{**one, "place": None} for one in want]
    assert [{**one, "place": None} for one in plain(by_folder(path))] == there


@pytest.mark.parametrize("seed", range(50, 70))
def test_lines_have_changed_places(seed, tmp_path):
    """As whoever sorts a log, or copies it in parts, leaves it: what is known of a process may differ, no signal does."""
    draw, lines = random.Random(seed), made(seed).splitlines(True)
    for _ in range(20):
        at = draw.randrange(len(lines) - 4)
        lines.insert(at + draw.randint(1, 3), lines.pop(at))
    path = tmp_path / "audit.log"
    path.write_bytes(b"".join(lines))
    want = [one for one in plain(by_lines(path)) if one["event"] == "signal"]
    assert want
    got = [one for one in plain(by_pieces(path)) if one["event"] == "signal"]
    assert [(one["id"], one["place"]) for one in got] == [(one["id"], one["place"]) for one in want]


@pytest.mark.parametrize("seed", range(80, 90))
def test_stamps_fall_and_records_are_wrapped(seed, tmp_path):
    """``journalctl -r``, pasted: what goes on in the next line is mended before the lines are turned."""
    draw = random.Random(seed)
    events = [logs.kill(n, 801 + n, pid=701 + n % 3) for n in range(1, draw.randint(5, 40))]
    lines = b"".join(events).splitlines(True)[::-1]
    path, whole = tmp_path / "audit.log", tmp_path / "whole.log"
    whole.write_bytes(b"".join(lines))
    path.write_bytes(b"".join(_wrapped(one, draw) if draw.random() < 0.4 else one for one in lines))
    want = plain(by_lines(path))
    ids = [(one["event"], one["id"]) for one in want]
    assert ids == [(one["event"], one["id"]) for one in plain(by_lines(whole))]
    assert len(ids) == len(events)
    for way in (by_pieces, by_gzip):
        assert plain(way(path)) == want, way.__name__


def test_an_event_whose_title_stands_before_its_call(tmp_path):
    """What is known of a process is in all records of its event, on whichever side of the call they stand."""
    argv = [b"victim", b"--x"]
    first = logs.execve(1, 801, b"victim", argv).splitlines(True)
    text = b"".join(first[1:])
    text += b"".join(logs.call(n, 257, 750) + logs.title(n) for n in range(2, 40))
    text += first[0]
    text += b"".join(logs.call(n, 257, 750) + logs.title(n) for n in range(40, 80))
    text += logs.kill(80, 801, pid=701)
    path = tmp_path / "audit.log"
    path.write_bytes(text)
    want = plain(by_lines(path))
    assert [one["target"]["argv"] for one in want if one["event"] == "signal"] == [
        ["victim", "--x"]
    ]
    assert plain(by_pieces(path)) == want


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_pipe_waits_for_a_line_that_has_begun(end, tmp_path, monkeypatch):
    """Its event seems whole without it."""
    text = logs.call(1) + logs.title(1) + logs.target(1, 801)
    path = tmp_path / "audit.log"
    path.write_bytes(text.rstrip(b"\n") + end)
    coming, going = os.pipe()
    os.write(going, path.read_bytes())
    os.close(going)
    want = plain(by_lines(path))
    with os.fdopen(coming) as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        got = plain(every(AuditLog([LogSet("log", ("-",))])))
    assert got == want
    assert [one["target"]["pid"] for one in got] == [801]


@pytest.mark.parametrize("seed", range(100, 104))
def test_pipe(seed, tmp_path):
    path = tmp_path / "audit.log"
    path.write_bytes(made(seed))
    command = [sys.executable, "-m", "tracer", "replay", "--json", "--all", "-"]
    with path.open("rb") as stream:
        feeder = subprocess.Popen(["cat"], stdin=stream, stdout=subprocess.PIPE)
        done = subprocess.run(command, stdin=feeder.stdout, capture_output=True, timeout=60)
        feeder.wait()
    told = [json.loads(line) for line in done.stdout.splitlines()]
    # Ends that nobody caused are left out.
    kept = [(one["event"], one["id"], one.get("count")) for one in told if one["event"] != "exit"]
    want = [one for one in plain(by_lines(path)) if one["event"] != "exit"]
    assert kept == [(one["event"], one["id"], one.get("count")) for one in want]


@pytest.mark.parametrize("seed", range(200, 206))
def test_followed(seed, tmp_path):
    """What is there when it begins, and what is added line by line."""
    text = made(seed)
    text = text[: text.rindex(b"\n") + 1]
    path, growing = tmp_path / "audit.log", tmp_path / "growing.log"
    path.write_bytes(text)
    want = [(one["event"], one["id"], one.get("count")) for one in plain(by_lines(path))]
    at = text.index(b"\n", len(text) // 3) + 1
    growing.write_bytes(text[:at])
    source = AuditLog([LogSet("log", (str(growing),))], follow=True)
    found = list(source.read())
    writer = threading.Thread(target=growing.open("ab").write, args=(text[at:],))
    writer.start()
    writer.join()
    for _ in range(20):
        found += source.read()
    found += source.read(last=True)
    got = [(one["event"], one["id"], one.get("count")) for one in plain(found)]
    assert got == want
