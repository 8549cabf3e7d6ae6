"""The flight recorder: what it keeps, and what it has lost when it is killed at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import PATIENCE, ROOT, Trace, bpf_programs, left_loaded, schema_check

from tracer.flow.source import every
from tracer.model.coverage import lacking
from tracer.model.event import Exec, Exit, Mark, Signal
from tracer.recording.names import pieces_in
from tracer.sources.recording.files import lines_of
from tracer.sources.recording.source import Recording

CORE = pytest.mark.sources("core", reason="bcc and audit see no commands that are run")
# How often it is killed: make test-long asks for 200.
KILLS = int(os.environ.get("SIGTRACE_KILLS", "20"))
SECOND = 1_000_000_000


class Recorder:
    """A running ``sigtrace record``. The folder must be one that its user may write to."""

    def __init__(self, folder, source, *options):
        ready, told = os.pipe()
        command = [sys.executable, "-m", "tracer", "record", "--dir", str(folder)]
        command += ["--source", source, "--ready-fd", str(told), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[told], cwd=ROOT
        )
        os.close(told)
        is_ready = os.read(ready, 1)
        os.close(ready)
        assert is_ready, self.process.stderr.read().decode()

    def stop(self):
        self.process.terminate()
        self.out, said = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, said.decode()
        return said.decode()

    def kill(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def record(source, tmp_path):
    """Starts a recorder into one folder; those that still run are ended."""
    started = []
    # Folders of pytest's are closed to others: the recorder goes on as another user.
    folder = f"/run/sigtrace-test-{os.getpid()}"

    def start(*options):
        started.append(Recorder(folder, source, *options))
        return started[-1]

    start.folder = folder
    yield start
    for one in started:
        one.kill()
    shutil.rmtree(folder, ignore_errors=True)


def events_in(folder):
    source = Recording([folder])
    events = list(every(source))
    assert not source.passed
    return events, source


@CORE
def test_what_it_keeps(record, source):
    before = bpf_programs()
    recorder = record()
    victim = subprocess.Popen(["sleep", "60"])
    victim.kill()
    victim.wait()
    asked = subprocess.Popen(["kill", "-l", "KILL"], stdout=subprocess.DEVNULL)
    asked.wait()
    # The first process of a pid namespace is what a container was started for.
    subprocess.run(["unshare", "--fork", "--pid", "sh", "-c", "exit 7"], check=False)
    subprocess.run(["sh", "-c", "exit 7"], check=False)  # Of no interest.
    recorder.stop()

    events, read = events_in(record.folder)
    check = schema_check()
    (piece,) = pieces_in(record.folder)[0]
    for line in lines_of(piece.path):
        check(json.loads(line))
    marks = [event.what for event in events if isinstance(event, Mark)]
    assert (marks[0], marks[-1]) == ("begin", "end")
    sent = next(e for e in events if isinstance(e, Signal) and e.target.pid == victim.pid)
    died = next(e for e in events if isinstance(e, Exit) and e.process.pid == victim.pid)
    assert (sent.number, sent.sender.pid) == (9, os.getpid())
    assert died.cause == sent.id
    ran = next(e for e in events if isinstance(e, Exec) and e.process.pid == asked.pid)
    assert ran.process.argv == (b"kill", b"-l", b"KILL")
    assert ran.process.ppid == os.getpid()
    assert ran.process.ancestors[0].pid == os.getpid()
    failed = [e.process for e in events if isinstance(e, Exit) and e.status == 7]
    assert [process.ns_pid for process in failed] == [1]
    first, last = events[0].time, events[-1].time
    assert not lacking(read.coverage(), "deaths", first, last)
    assert lacking(read.coverage(), "deaths", first - SECOND, last)
    assert not left_loaded(before)


@CORE
def test_it_keeps_what_json_prints(record, source):
    recorder = record("--json", "--no-fold")
    for _ in range(3):
        subprocess.run(["sh", "-c", "kill -TERM $$"], check=False)
    recorder.stop()
    (piece,) = pieces_in(record.folder)[0]
    kept = [line for line in lines_of(piece.path) if b'"event": "mark"' not in line]
    assert kept == recorder.out.splitlines()
    assert sum(b'"event": "exit"' in line for line in kept) >= 3


@CORE
def test_it_sees_what_a_live_trace_sees_beside_it(record, source):
    live = Trace(source)
    recorder = record()
    victims = [subprocess.Popen(["sleep", "60"]) for _ in range(5)]
    for victim in victims:
        victim.kill()
        victim.wait()
        live.death_of(victim.pid)
    recorder.stop()
    live.end()

    def told(pid, events):
        return [
            (event["event"], event.get("signal"), event.get("outcome"), event.get("after_ns"))
            for event in events
            if (event.get("target") or event.get("process") or {}).get("pid") == pid
        ]

    (piece,) = pieces_in(record.folder)[0]
    kept = [json.loads(line) for line in lines_of(piece.path)]
    for victim in victims:
        ours, theirs = told(victim.pid, kept), told(victim.pid, live.events)
        assert [one[:3] for one in ours] == [one[:3] for one in theirs]
        assert len(ours) == 2


@CORE
def test_it_runs_as_nobody_and_keeps_strangers_out(record, source):
    recorder = record()
    status = Path(f"/proc/{recorder.process.pid}/status").read_text().split("\n")
    found = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    assert "0" not in found["Uid"].split()
    assert int(found["CapEff"], 16) == 0
    assert os.stat(record.folder).st_mode & 0o7777 == 0o2750
    assert str(os.stat(record.folder).st_uid) in found["Uid"].split()
    second = subprocess.run(
        [sys.executable, "-m", "tracer", "record", "--dir", record.folder, "--source", source],
        capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert second.returncode == 2
    assert "another recorder is at work there" in second.stderr
    recorder.stop()


@CORE
def test_what_it_says_of_a_folder_of_root_helps(record, source):
    Path(record.folder).mkdir(mode=0o755)
    refused = subprocess.run(
        [sys.executable, "-m", "tracer", "record", "--dir", record.folder, "--source", source],
        capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert refused.returncode == 2
    told = refused.stderr.splitlines()[-1]
    chown = told.partition("try: sudo ")[2].partition(";")[0]
    assert chown.startswith("chown ")
    subprocess.run(["sh", "-c", chown], check=True)
    record().stop()
    assert pieces_in(record.folder)[0]


@CORE
def test_a_folder_that_is_taken_away_ends_it_with_three_lines(record, source):
    recorder = record()
    shutil.rmtree(record.folder)
    deadline = time.monotonic() + PATIENCE
    while recorder.process.poll() is None and time.monotonic() < deadline:
        subprocess.run(["sh", "-c", "kill -TERM $$"], check=False)
        with contextlib.suppress(subprocess.TimeoutExpired):
            recorder.process.wait(0.2)
    assert recorder.process.returncode == 2
    said = recorder.process.stderr.read().decode().splitlines()
    assert [line.split(":")[0].strip() for line in said[-3:]] == ["sigtrace", "why", "try"]


def send_until(deadline, pid, pause):
    """Sends signals, and gives the times (wall clock, ns) just before each."""
    times = []
    while time.monotonic() < deadline:
        times.append(time.time_ns())
        os.kill(pid, signal.SIGWINCH)
        time.sleep(pause)
    return times


@CORE
def test_killed_at_any_moment_it_has_lost_no_more_than_a_second(record, source):
    """A rest of the recorder is a second; what a busy machine takes from it is added."""
    chance, sleeper = random.Random(22), subprocess.Popen(["sleep", "3600"])
    sent, lost, before = [], [], bpf_programs()
    signal.alarm(60 + 15 * KILLS)
    try:
        for _ in range(KILLS):
            recorder = record()
            sent.append(send_until(time.monotonic() + chance.uniform(0.01, 2.5), sleeper.pid, 0.01))
            recorder.kill()
            assert not left_loaded(before)
        record().stop()
        events, _ = events_in(record.folder)
    finally:
        sleeper.kill()
        sleeper.wait()
    begins = [e for e in events if isinstance(e, Mark) and e.what == "begin"]
    # One that is killed before its first second may have been killed before its mark was packed; it is there.
    assert [e.details["before"] for e in begins] == ["none", *["cut"] * KILLS]
    kept = [e for e in events if isinstance(e, Signal) and e.target.pid == sleeper.pid]
    weight = [(e.time, e.last or e.time) for e in kept]
    for times in sent:
        end = times[-1]
        told = [last for first, last in weight if times[0] <= first <= end + SECOND // 100]
        lost.append(end - max(told, default=times[0]))
    print(f"lost at most {max(lost) / 1e9:.2f} s")
    assert max(lost) < 2 * SECOND
    assert sorted(lost)[len(lost) // 2] < 1.2 * SECOND
