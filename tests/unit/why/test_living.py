"""Who was asked for and lives: the oracle is who made it so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from tracer import cli
from tracer.model.event import Process, Signal
from tracer.why import words
from tracer.why.living import living

SECOND = 10**9
KILL = Process(991, 991, b"kill", uid=0, user="root", argv=(b"kill", b"7"))


@pytest.fixture
def child():
    """It ignores SIGTERM, and is stopped."""
    process = subprocess.Popen(["sh", "-c", "trap '' TERM; kill -STOP $$; read x"])
    os.waitpid(process.pid, os.WUNTRACED)
    yield process
    process.send_signal(signal.SIGKILL)
    process.wait()


def sent(number, moment, pid, **fields):
    target = Process(pid, pid, b"sh")
    return Signal(
        moment,
        f"s{number}",
        "core",
        number,
        0,
        "kill",
        "ignored",
        sender=KILL,
        target=target,
        **fields,
    )


def test_what_keeps_it_from_ending(child, capsys):
    assert cli.main(["why", str(child.pid)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith(f"sh[{child.pid}] on ")
    assert "still lives" in shown
    assert "it is stopped" in shown
    assert "it ignores SIGTERM" in shown


def test_as_json(child, capsys):
    assert cli.main(["why", "--json", str(child.pid)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["event"], told["process"]["pid"]) == ("living", child.pid)
    assert "it ignores SIGTERM" in told["reasons"]


def test_what_it_was_sent_last(child):
    now = time.time_ns() + SECOND
    events = [
        sent(15, now, child.pid),
        sent(1, now - SECOND // 2, child.pid),
        sent(10, now + SECOND, child.pid + 1),
        sent(10, now + SECOND, child.pid, host="another"),
        sent(12, now - 3600 * SECOND, child.pid),
    ]
    (one,) = living(b"%d" % child.pid, events)
    assert (one.last.number, one.last.id, one.last.sender) == (15, "s15", KILL)
    text = "\n".join(words.living(one, now + 60 * SECOND))
    assert "SIGTERM by kill[991], 1 min 0 s ago: ignored" in text
    assert "kill 7" in text


def test_who_had_its_number_before_is_somebody_else(child):
    before = [sent(9, time.time_ns() - 3600 * SECOND, child.pid)]
    (one,) = living(b"%d" % child.pid, before)
    assert one.last is None


def test_init_is_not_killed():
    (one,) = living(b"1")
    assert any("init" in reason and "SIGKILL" in reason for reason in one.reasons)
