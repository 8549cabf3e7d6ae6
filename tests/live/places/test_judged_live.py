"""What a name decides is kept in the kernel, and only for as long as it is true: the signal after a change is shown.

The oracles: bpftool says how many signals the kernel has left out; a second trace, without filter, what there was.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from harness import PATIENCE, ROOT, held_by

pytestmark = pytest.mark.sources("core", reason="verdicts are kept in core's maps")

# Does what it is told by its standard input, one line a time, and answers each.
ACTOR = """
import ctypes, os, signal, sys, threading
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def name(text):
    ctypes.CDLL(None).prctl(15, text.encode(), 0, 0, 0)
def kill(pid):
    os.kill(int(pid), signal.SIGTERM)
def thread(text, pid):
    one = threading.Thread(target=lambda: (name(text), kill(pid)))
    one.start()
    one.join()
def program(first):
    os.execv(os.readlink("/proc/self/exe"), [first, __file__])
acts = {"name": name, "kill": kill, "thread": thread, "program": program, "uid": lambda uid: os.setuid(int(uid))}
print("ready", flush=True)
while True:
    verb, *words = sys.stdin.buffer.raw.readline().decode().split()
    acts[verb](*words)
    print("done", flush=True)
"""


class Actor:
    def __init__(self, process):
        self.process = process
        self.pid = process.pid
        self._hear(b"ready\n")

    def _hear(self, line):
        assert self.process.stdout.readline() == line

    def does(self, *words):
        self.process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        self.process.stdin.flush()
        self._hear(b"ready\n" if words[0] == "program" else b"done\n")


@pytest.fixture
def actor(spawn, tmp_path):
    file = tmp_path / "acts.py"
    file.write_text(ACTOR)
    return lambda: Actor(spawn(sys.executable, file))


@pytest.fixture
def left_out(cannot_run):
    """``left_out(trace)``: how many signals the kernel has kept from it because of verdicts."""
    if not shutil.which("bpftool"):
        cannot_run("bpftool is not installed: nothing else shows what the kernel leaves out")

    def count(running):
        for one in held_by(running.pid, "map"):
            shown = bpftool("map", "show", "id", str(one))
            if shown.get("name") == "unwanted":
                dump = bpftool("map", "dump", "id", str(one))
                return sum(int.from_bytes(bytes(int(byte, 16) for byte in cell["value"][:8]), sys.byteorder) for cell in dump)  # fmt: skip
        raise AssertionError("the trace has no such map")

    return count


def bpftool(*words):
    run = subprocess.run(["bpftool", "-j", *words], capture_output=True, check=True)
    return json.loads(run.stdout)


def until_left_out(count, running, send):
    """Send until the kernel leaves one out: by then the verdict is kept."""
    before, deadline = count(running), time.monotonic() + PATIENCE
    while count(running) == before:
        assert time.monotonic() < deadline, "the kernel goes on telling it"
        send()


def signals_between(events, marker):
    """Who sent which signal to whom, from the first to the last that came to the marker."""
    sent = [
        (e["sender"]["pid"], e["target"]["pid"], e["signal"]["number"])
        for e in events
        if e["event"] == "signal" and "sender" in e
    ]
    at = [index for index, (_, target, _) in enumerate(sent) if target == marker]
    return sent[at[0] : at[-1]]


def test_a_target_is_decided_once_and_anew_when_it_changes(trace, actor, left_out):
    target = actor()
    running = trace("--signal", "TERM", "--to", "wanted")
    for change in (("name", "wanted"), ("program", "wanted")):
        target.does("name", "other")
        until_left_out(left_out, running, lambda: os.kill(target.pid, signal.SIGTERM))
        assert not running.to(target.pid)
        target.does(*change)
        os.kill(target.pid, signal.SIGTERM)
        running.signal_to(target.pid)
        running.events.clear()
    running.end()


@pytest.mark.parametrize("option", ["--to", "--from", "--pid", "--not-from", "--not-to"])
def test_what_it_shows_is_what_a_trace_without_filter_says(option, trace, actor, tmp_path):
    """Whatever the processes do: they rename themselves and their threads, run other programs, and signal each other."""
    chance = random.Random(option)
    marker, *actors = [actor() for _ in range(4)]
    meant = {"--not-from": ("other", "wanted"), "--not-to": ("other", "wanted")}
    ours, theirs = meant.get(option, ("wanted", "other"))
    marker.does("name", ours)
    everything = trace("--signal", "TERM")
    running = trace("--signal", "TERM", option, "wanted")
    for _ in range(2):
        marker.does("kill", marker.pid)
        for _ in range(150):
            one, other = chance.sample(actors, 2)
            act = chance.choice(["kill"] * 8 + ["name", "thread", "program"])
            name = chance.choice([ours, theirs])
            one.does(
                *{"kill": (act, other.pid), "thread": (act, name, other.pid)}.get(act, (act, name))
            )
    marker.does("kill", marker.pid)
    for one in (everything, running):
        one.wait_for(lambda _, one=one: len(one.to(marker.pid)) == 3)
        one.end()
    log = tmp_path / "all.jsonl"
    log.write_bytes(everything.text)
    words = [sys.executable, "-m", "tracer", "replay", "--json", option, "wanted", str(log)]
    said = subprocess.run(words, capture_output=True, check=True, cwd=ROOT).stdout
    expected = signals_between(map(json.loads, said.splitlines()), marker.pid)
    assert signals_between(running.events, marker.pid) == expected
    assert len(expected) > 10


def test_a_sender_is_decided_by_thread_and_by_user(trace, actor, left_out, victim):
    other, sender = victim("ignore"), actor()
    for option, target, change in (
        (("--from", "wanted"), other.pid, ("thread", "wanted", other.pid)),
        (("--from", "wanted"), other.pid, ("name", "wanted")),
        (("--user", "nobody"), sender.pid, ("uid", 65534)),
    ):
        sender.does("name", "other")
        running = trace("--signal", "TERM", *option)
        until_left_out(left_out, running, lambda to=target: sender.does("kill", to))
        assert not running.to(target)
        sender.does(*change)
        if change[0] != "thread":
            sender.does("kill", target)
        assert running.signal_to(target)["sender"]["pid"] == sender.pid
        running.end()


def test_an_excluded_sender_is_left_out_by_the_kernel_only_where_it_has_sent(
    trace, actor, left_out, victim
):
    """A timer of its own strikes while it runs, and is not sent by it: it is shown."""
    target, sender = victim("ignore"), actor()
    sender.does("name", "cron")
    running = trace("--signal", "TERM,ALRM", "--not-from", "cron")
    until_left_out(left_out, running, lambda: sender.does("kill", target.pid))
    timed = subprocess.Popen([sys.executable, "-c", "import ctypes, signal, time\nctypes.CDLL(None).prctl(15, b'cron')\nsignal.setitimer(signal.ITIMER_VIRTUAL, 0.02)\nsignal.signal(signal.SIGVTALRM, signal.SIG_IGN)\nsignal.alarm(1)\nwhile True: pass"])  # fmt: skip
    assert timed.wait(PATIENCE) == -signal.SIGALRM
    assert running.signal_to(timed.pid, "SIGALRM")["origin"] == "timer"
    running.end()
    assert not running.to(target.pid)


def test_either_end_and_the_last_line_counts_them_all(trace, actor, left_out, victim):
    target, sender = victim("ignore"), actor()
    running = trace("--signal", "TERM", "--pid", "wanted")
    sent = 0

    def send():
        nonlocal sent
        sent += 1
        sender.does("kill", target.pid)

    until_left_out(left_out, running, send)
    sender.does("name", "wanted")
    sender.does("kill", target.pid)
    running.signal_to(target.pid)
    running.stop()
    told = running.said.splitlines()[-1]
    assert "did not fit: of wanted" in told
    others = int(told.partition("; ")[2].split()[0].replace(",", ""))
    assert others >= sent
