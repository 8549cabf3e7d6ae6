"""``sigtrace replay`` of what is still being written: --follow, and pipes."""

import fcntl
import gzip
import os
import re
import signal
import subprocess
import sys
import termios
import time

import audit_logs as logs
import pytest
from audit_logs import FIRST, replay

from tracer.flow.source import every
from tracer.sources.logs.follow import Follower, whole_lines


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_follow_through_both_ways_of_rotating(tmp_path):
    path, out = tmp_path / "audit.log", tmp_path / "out"
    path.write_bytes(logs.kill(1, 801))
    with out.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "tracer", "replay", "--follow", "--json", str(path)],
            stdout=output,
            stderr=subprocess.PIPE,
        )
    try:

        def ids():
            return re.findall(r'"id": "[\d.]+:(\d+)"', out.read_text())

        wait_for(lambda: ids() == ["1"])
        with path.open("ab") as log:
            log.write(logs.kill(2, 802))
        wait_for(lambda: ids() == ["1", "2"])
        with path.open("ab") as log:
            log.write(logs.kill(3, 803)[:100])
            log.flush()
            log.write(logs.kill(3, 803)[100:])
        path.rename(tmp_path / "audit.log.1")
        path.write_bytes(logs.kill(4, 804))
        wait_for(lambda: ids() == ["1", "2", "3", "4"])
        with path.open("r+b") as log:
            log.truncate(0)
        with path.open("ab") as log:
            log.write(logs.kill(5, 805))
        wait_for(lambda: ids() == ["1", "2", "3", "4", "5"])
        running.send_signal(2)
        _, said = running.communicate(timeout=20)
        assert running.returncode == 0
        assert b"5 signals" in said
    finally:
        running.kill()
        running.wait()


def test_a_pipe_shows_events_as_they_come():
    running = subprocess.Popen(
        [sys.executable, "-m", "tracer", "replay", "--json", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        running.stdin.write(logs.kill(1, 801))
        running.stdin.flush()
        assert b":1" in running.stdout.readline()
        running.stdin.write(logs.kill(2, 802))
        running.stdin.close()
        assert b":2" in running.stdout.readline()
        assert running.wait(20) == 0
    finally:
        running.kill()
        running.wait()
        running.stdout.close()
        running.stderr.close()


def test_a_pipe_may_begin_with_other_lines():
    running = subprocess.Popen(
        [sys.executable, "-m", "tracer", "replay", "--json", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    running.stdin.write(b"-- Boot 7 --\n")
    running.stdin.flush()
    wait_for(lambda: fcntl.ioctl(running.stdin, termios.FIONREAD, bytes(4)) == bytes(4))
    out, said = running.communicate(logs.kill(1, 801), timeout=20)
    assert (out.count(b"\n"), running.returncode) == (1, 0), said


@pytest.mark.parametrize("words", [("-",), ("--follow", "audit.log")])
def test_ctrl_c_ends_the_wait_for_a_first_record(words, log, tmp_path):
    log(b"")
    running = subprocess.Popen(
        [sys.executable, "-m", "tracer", "replay", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    try:
        wait_for(lambda: catches(running.pid, signal.SIGTERM))
        running.send_signal(2)
        assert running.wait(20) == 0
        assert b"0 records" in running.stderr.read()
    finally:
        running.kill()
        running.communicate()


@pytest.mark.parametrize("name", ["audit.log.gz", "-"])
def test_what_does_not_grow_cannot_be_followed(name, log, first, tmp_path):
    log(gzip.compress(FIRST.encode()), "audit.log.gz")
    with first.open("rb") as stream:
        done = replay("--follow", tmp_path / name if name != "-" else name, stdin=stream)
    assert done.returncode == 2
    assert b"cannot follow" in done.stderr


def test_follower_loses_nothing_and_keeps_half_a_line(tmp_path):
    path = tmp_path / "log"
    late = [b"late\n"]

    def write_late():
        with (tmp_path / "log.1").open("ab") as log:
            log.write(late.pop() if late else b"")

    path.write_bytes(b"one\ntw")
    assert whole_lines(str(path)) == 4
    follower = Follower(str(path))
    assert follower.burst()[0] == b"one\n"
    with path.open("ab") as log:
        log.write(b"o\n")
    assert follower.burst()[0] == b"two\n"
    path.rename(tmp_path / "log.1")
    path.write_bytes(b"after\n")
    was_renamed = follower._was_renamed
    follower._was_renamed = lambda: write_late() or was_renamed()
    assert follower.burst()[0] == b"late\n"
    assert follower.burst()[0] == b"after\n"
    follower._was_renamed = was_renamed
    path.unlink()
    assert follower.burst()[0] == b""
    path.write_bytes(b"three\n")
    assert follower.burst()[0] == b"three\n"
    follower.close()


def catches(pid, number):
    """Whether a process has a handler: SigCgt, proc(5)."""
    with open(f"/proc/{pid}/status") as status:
        (caught,) = (line.split()[1] for line in status if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> number - 1 & 1)


def test_what_several_logs_hold_already_is_merged(tmp_path):
    paths = [tmp_path / "a.log", tmp_path / "b.log"]
    paths[0].write_bytes(logs.kill(1, 801) + logs.kill(500, 803))
    paths[1].write_bytes(logs.kill(300, 802))
    source = logs.source(*paths, follow=True)
    events = []
    while source.due() == 0:
        events += source.read()
    events += source.read(last=True)
    assert [one.target.pid for one in events] == [801, 802, 803]
    assert source.is_over()
    source.close()


def test_a_read_of_a_file_ends_though_nothing_was_told(log):
    """So that others, who are merged with it, need not wait for its next signal."""
    path = log(b"".join(logs.call(n, 257) for n in range(1, 10_000)) + logs.kill(10_000, 801))
    source = logs.source(path, sieve_min=1 << 40)
    assert list(source.read()) == []
    assert (source.is_over(), source.due()) == (False, 0.0)
    assert [event.target.pid for event in every(source)] == [801]
