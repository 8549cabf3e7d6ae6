"""Memory is bounded by what is alive, not by what has been."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from harness import writing_to
from oracle import status_of

# KB: 30,000 of them are the interpreter and the ring, which the kernel counts twice.
MOST = 45 * 1024
# Short processes, and what a trace may take over them. bcc holds its compiler, audit what is in its queue.
MANY = {
    "core": (1_000_000, MOST),
    "bcc": (200_000, 256 * 1024),
    "audit": (200_000, 128 * 1024),
}


def peak(pid):
    return int(status_of(pid)["VmHWM"].split()[0])


@pytest.mark.long
@pytest.mark.sources("core", "bcc", "audit")
def test_many_short_processes(source, program, storm_lock):
    """Each is a sender of its own, told with its parents."""
    processes, most = MANY[source]
    with open(os.devnull, "w") as nowhere, writing_to(nowhere, source, "--signal", "50") as run:
        idle = peak(run.pid)
        subprocess.run([program("short_senders"), str(processes), "50"], check=True)
        taken = peak(run.pid)
        run.terminate()
        run.wait()
        print(
            f"{source}: {processes:,} processes, {taken:,} KB at its peak, {idle:,} when it begins"
        )
        print(run.stderr.read().decode().splitlines()[-1])
    assert taken <= most


def test_processes_that_were_are_forgotten(source, program, storm_lock):
    """Twice as many add little to what as many have taken."""
    with open(os.devnull, "w") as nowhere, writing_to(nowhere, source, "--signal", "51") as run:
        sizes = []
        for _ in range(3):
            subprocess.run([program("short_senders"), "5000", "51"], check=True)
            sizes.append(peak(run.pid))
        run.terminate()
        run.wait()
    assert sizes[2] - sizes[1] < 8 * 1024, sizes


@pytest.mark.sources("core", "bcc", reason="audit tells 128 bytes")
def test_long_command_lines_of_others_are_no_memory_of_ours(trace, source):
    """Two megabytes each, the kernel's limit: of each so much is told as of any other."""
    words = ["sh", "-c", "trap '' WINCH; echo; read x", *["words"] * 120_000]
    sleepers = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(20)
    ]
    try:
        for sleeper in sleepers:
            sleeper.stdout.readline()
        running = trace("--signal", "WINCH")
        for sleeper in sleepers:
            sleeper.send_signal(signal.SIGWINCH)
        for sleeper in sleepers:
            target = running.signal_to(sleeper.pid)["target"]
            assert target["argv_cut"]
            assert sum(len(word) + 1 for word in target["argv"]) <= 4097
        assert peak(running.pid) <= (MOST if source == "core" else 4 * MOST)
        running.stop()
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
