"""What the kernel's own accounting says of ends, read back: waitpid(2) is the oracle."""

from __future__ import annotations

import calendar
import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest
from accounting_host import accounting, is_on
from harness import PATIENCE, ROOT

THREADS = r"""
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static char how;
static void *run(void *main_thread) {
    pthread_join(*(pthread_t *)main_thread, 0);
    if (how == 'k') kill(getpid(), SIGKILL);
    exit(how - '0');
}
static pthread_t first;
int main(int count, char **words) {
    pthread_t thread;
    how = words[1][0];
    first = pthread_self();
    pthread_create(&thread, 0, run, &first);
    if (words[1][1] == 'g') pthread_exit(0);
    if (how == 'k') kill(getpid(), SIGKILL);
    exit(how - '0');
}
"""


def ended(words, number=None, core=0):
    """Let a process end; its pid, its wait status, and the times before and after."""
    begin = time.time()
    process = subprocess.Popen(
        words,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (core, core)),
        stderr=subprocess.DEVNULL,
    )
    if number is not None:
        process.send_signal(number)
    return *os.waitpid(process.pid, 0), begin, time.time()


@pytest.fixture(scope="module")
def kept(tmp_path_factory, cannot_run):
    folder = tmp_path_factory.mktemp("accounting")
    if os.geteuid() != 0:
        cannot_run("acct(2) needs root")
    if is_on():
        cannot_run("somebody keeps accounting on this host")
    program = folder / "threads"
    (folder / "threads.c").write_text(THREADS)
    subprocess.run(["gcc", "-w", "-pthread", "-o", program, folder / "threads.c"], check=True)
    ends = {}
    try:
        with accounting(folder / "pacct") as path:
            ends["killed"] = ended(["sleep", "1000"], signal.SIGKILL)
            ends["crashed"] = ended(["sleep", "1000"], signal.SIGSEGV)
            ends["status"] = ended(["sh", "-c", "exit 3"])
            ends["clean"] = ended(["true"])
            for name, word in (("threads killed", "k"), ("threads status", "5")):
                ends[name] = ended([program, word])
            for name, word in (("gone killed", "kg"), ("gone status", "5g")):
                ends[name] = ended([program, word])
            # A record is written behind the wait's back (kernel/acct.c, since v6.15 by a worker).
            until(lambda: written(path, {pid for pid, *_ in ends.values()}))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        pytest.skip("this kernel keeps no accounting (CONFIG_BSD_PROCESS_ACCT)")
    if path.read_bytes()[1:2] != b"\3":
        pytest.skip("this kernel writes no pids (CONFIG_BSD_PROCESS_ACCT_V3)")
    return path, ends


def written(path, pids):
    data = path.read_bytes()
    return pids <= {int.from_bytes(data[at + 16 : at + 20], sys.byteorder) for at in range(0, len(data), 64)}  # fmt: skip


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it is not written"
        time.sleep(0.01)


def asked(*words):
    run = subprocess.run(
        [sys.executable, "-m", "tracer", *map(str, words)],
        capture_output=True,
        cwd=ROOT,
        timeout=PATIENCE * 4,
        check=False,
    )
    assert b"Traceback" not in run.stderr
    return run, [json.loads(line) for line in run.stdout.splitlines()]


# Of a process whose main thread ended first, accounting has that thread's exit code. A signal leaves a flag, a status nothing.
GONE = {"gone killed": (None, None), "gone status": (None, 0)}


def test_each_end_is_the_one_that_waitpid_told(kept):
    path, ends = kept
    for name, (pid, status, *_) in ends.items():
        _, (verdict,) = asked("why", "--json", pid, path)
        told = verdict.get("signal", {}).get("number"), verdict.get("status")
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        right = number, os.WEXITSTATUS(status) if number is None else None
        assert told == GONE.get(name, right), name
        if number is not None and name not in GONE:
            assert verdict["core"] == os.WCOREDUMP(status), name
        assert verdict["process"]["ppid"] == os.getpid()
        assert "who" not in verdict


def test_a_replay_tells_deaths_by_a_signal_alone(kept):
    path, ends = kept
    run, events = asked("replay", "--json", path)
    assert run.returncode == 0
    told = {event["process"]["pid"]: event["signal"]["number"] for event in events}
    by_signal = {
        pid: os.WTERMSIG(status)
        for name, (pid, status, *_) in ends.items()
        if os.WIFSIGNALED(status) and name not in GONE
    }
    mine = {pid for pid, *_ in ends.values()}
    assert {pid: number for pid, number in told.items() if pid in mine} == by_signal
    assert {event["source"] for event in events} == {"accounting"}


def test_the_time_is_the_second_of_the_end(kept):
    path, ends = kept
    for pid, _, begin, end in ends.values():
        _, (verdict,) = asked("why", "--json", pid, path)
        told = calendar.timegm(time.strptime(verdict["time"], "%Y-%m-%dT%H:%M:%S.000000000Z"))
        # The second may be that of the kernel's last tick (ktime_get_real_seconds()).
        assert int(begin - 0.02) <= told <= end
