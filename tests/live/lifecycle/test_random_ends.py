"""Traces that end at any moment, in any order, and one that goes on for long: all is as found, and nothing is missing.

SIGTRACE_LONG_KILLS (300) traces are ended, and one goes on for SIGTRACE_LONG_SECONDS (600).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from audit_state import audit_lock, audit_state
from harness import PATIENCE, ROOT, Trace, bpf_programs, left_loaded, writing_to
from test_memory import MOST, peak

KILLS = int(os.environ.get("SIGTRACE_LONG_KILLS", "300"))
SECONDS = int(os.environ.get("SIGTRACE_LONG_SECONDS", "600"))
RATE, NUMBER = 500, 52  # a signal that no other test sends in storms
# What a loss says that is of signals, and not of descriptions or deaths.
SIGNALS = ("ring buffer", "perf buffer", "queued when it was to end", "gap in the serial numbers")
ENDS = (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="live tracing needs root"),
]


@pytest.fixture
def seed():
    number = int(os.environ.get("SIGTRACE_FUZZ_SEED", time.time_ns() % 2**32))
    print(f"seed {number}")
    return random.Random(number)


@pytest.fixture
def as_found():
    """No program is left; rules and settings are as before, at the latest when the next trace has come and gone."""
    programs = bpf_programs()
    if not shutil.which("auditctl"):
        yield
        assert not left_loaded(programs)
        return
    with audit_lock():
        before = audit_state()
        yield
        Trace("audit", ["--signal", "64"]).stop()
        assert audit_state() == before
    assert not left_loaded(programs)


def started(source):
    command = [sys.executable, "-m", "tracer", "--source", source, "--signal", "64"]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def time_to_ready(source):
    begun = time.monotonic()
    Trace(source, ["--signal", "64"]).stop()
    return time.monotonic() - begun


@pytest.mark.sources("core", "bcc", "audit")
def test_ended_at_random_moments(source, seed, as_found):
    """From before its first line to a little after it has ended: the signal is what it dies of, or it ends well."""
    longest, statuses = time_to_ready(source), {}
    for _ in range(KILLS):
        run, number = started(source), seed.choice(ENDS)
        try:
            run.wait(seed.uniform(0, longest))
        except subprocess.TimeoutExpired:
            run.send_signal(number)
        said = run.communicate(timeout=PATIENCE)[1]
        # SIGINT while Python itself begins: it says so, with a status of 1, and nothing of ours has run.
        is_before = number == signal.SIGINT and "KeyboardInterrupt" in said
        assert run.returncode in (0, -number) or is_before, said
        assert "Traceback" not in said or (is_before and "tracer/" not in said), said
        how = f"{number.name} {run.returncode}"
        statuses[how] = statuses.get(how, 0) + 1
    print(f"{source}, within {longest:.2f} s: {statuses}")


@pytest.mark.parametrize("round_", range(3))
def test_ten_at_once_end_in_any_order(round_, seed, as_found):
    traces = [
        Trace(source, ["--signal", "64"]) for source in ["core"] * 4 + ["bcc"] * 2 + ["audit"] * 4
    ]
    seed.shuffle(traces)
    for one in traces:
        number = seed.choice(ENDS)
        one.process.send_signal(number)
        if seed.random() < 0.5:
            one.process.wait(PATIENCE)
    for one in traces:
        assert one.process.wait(PATIENCE) in (0, -signal.SIGKILL)
        one.kill()


class Counted(threading.Thread):
    """How many signals and losses come out of a pipe."""

    def __init__(self, pipe):
        super().__init__()
        self._pipe = pipe
        self.kept = self.lost = self.some = 0
        self.start()

    def run(self):
        with os.fdopen(self._pipe, "rb") as lines:
            for line in lines:
                self.kept += b'"event": "signal"' in line[:40]
                if b'"event": "loss"' in line[:40]:
                    loss = json.loads(line)
                    is_of_signals = loss["where"].rpartition(": ")[2] in SIGNALS
                    self.lost += is_of_signals and (loss.get("count") or 0)
                    self.some += "count" not in loss


@pytest.mark.sources("core", "bcc", "audit")
def test_many_processes_a_second_for_long(source, program):
    """kept + lost = sent, and of core the memory is what it is for few. Audit may lose without a number."""
    sent = RATE * SECONDS
    reading, writing = os.pipe()
    with writing_to(writing, source, "--signal", NUMBER) as run:
        os.close(writing)
        counted = Counted(reading)
        subprocess.run([program("short_senders"), str(sent), str(NUMBER), str(RATE)], check=True)
        taken = peak(run.pid)
        run.terminate()
        assert run.wait(PATIENCE) == 0
        counted.join()
        said = run.stderr.read().decode().splitlines()[-1]
    print(f"{source}: {counted.kept:,} + {counted.lost:,} of {sent:,}, {taken:,} KB; {said}")
    assert counted.kept + counted.lost == sent or (source == "audit" and counted.some)
    assert counted.kept <= sent
    assert source != "core" or taken <= MOST
