"""What a signal concerns is known however late its record is read, and whatever another CPU does meanwhile: no filter
takes a signal away because of that."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from harness import is_signal
from oracle import Alarms, status_of, until
from scene import OURS, assert_death, stopped

pytestmark = pytest.mark.sources("core", reason="others look at a process when its record is read")
PROCESSES = 1500  # more than are remembered when they are gone, and few enough for the ring
SENDERS = 400  # one in five hundred of them met the race that this is about


def ended_by(words):
    """What waitpid(2) said of the children of a program, by pid: the signal's number."""
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True)
    return dict(map(int, line.split()) for line in done.stdout.splitlines())


def told(running):
    """The signals told, by their target."""
    return {e["target"]["pid"]: e["signal"]["number"] for e in running.events if is_signal(e)}


def test_who_was_described_before_all_others_is_still_known(trace, victim, program):
    target = victim("handle", signal.SIGUSR1)
    running = trace(*OURS)
    with stopped(running):
        target.send(signal.SIGUSR1)
        want = ended_by([program("short_lives"), str(PROCESSES)])
        target.send(signal.SIGKILL)
        assert target.wait() == -signal.SIGKILL
    first = running.signal_to(target.pid, "SIGUSR1")
    kill = running.signal_to(target.pid, "SIGKILL")
    assert kill["target"] == first["target"]
    assert_death(running, kill, -signal.SIGKILL)
    running.stop()
    got = told(running)
    assert want == {pid: got.get(pid) for pid in want}
    assert len(want) == PROCESSES


@pytest.mark.parametrize("name", ["path", "name"])
def test_two_threads_that_send_at_once(name, trace, program):
    """One is described for its signal on one CPU; that of the other must not be told before that."""
    path = program("at_once")
    running = trace("--from", path if name == "path" else "at_once")
    want = ended_by([path, str(SENDERS)])
    running.stop()
    got = told(running)
    assert want == {pid: got.get(pid) for pid in want}
    assert len(want) == 2 * SENDERS


def test_a_death_is_not_told_before_its_signal(trace, victim, program, spawn):
    """What sleeps uninterruptibly is told with that only if it does so a second later."""
    sleeper = spawn(program("asleep"))
    until(lambda: status_of(sleeper.pid)["State"].startswith("D"))
    other = victim("die")
    running = trace(*OURS)
    os.kill(sleeper.pid, signal.SIGQUIT)
    other.send(signal.SIGTERM)
    # By now the first one was read, too.
    running.signal_to(other.pid, "SIGTERM")
    sleeper.stdin.close()
    assert sleeper.wait() == -signal.SIGQUIT
    sent = running.signal_to(sleeper.pid, "SIGQUIT")
    death = assert_death(running, sent, -signal.SIGQUIT)
    running.stop()
    assert running.events.index(sent) < running.events.index(death)


def test_every_alarm_is_told_whoever_was_current(trace, victim, program, tmp_path, cannot_run):
    """What a timer interrupts is no matter of the signal. tracefs has seen what that was.

    One kernel (6.18, of a sandbox) runs no program at all while a thread of its init is current: it does not run it, nor
    count that it did not, so nobody can tell what came then.
    """
    other = victim("die")
    running = trace(*OURS)
    try:
        with Alarms(tmp_path / "tracefs") as alarms:
            want = ended_by([program("short_lives"), str(PROCESSES), "timer"])
            current = alarms.current()
    except OSError as error:
        cannot_run(str(error))
    other.send(signal.SIGTERM)
    # By now all others were read, too.
    running.signal_to(other.pid, "SIGTERM")
    running.stop()
    got = told(running)
    assert len(want) == PROCESSES
    assert want.keys() <= current.keys()
    missing = {pid for pid in want if pid not in got}
    runs_init = {pid for pid in want if current[pid] == 1}
    assert missing in (set(), runs_init)
