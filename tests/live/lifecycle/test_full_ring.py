"""A ring that is full for a while: who was met then is still told in full, once there is room."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from scene import OURS, stopped

pytestmark = pytest.mark.sources("core", reason="command lines are caught by CO-RE alone")
SENT = 200
# A shell that sends with its own hand, and again when it is told to.
SCRIPT = """for i in $(seq {sent}); do kill -USR1 {pid}; done; echo sent
read go; kill -USR2 {pid}; read go"""


def test_a_description_that_found_no_room_is_sent_again(trace, victim, program):
    target = victim("ignore", signal.SIGUSR1)
    running = trace("--buffer", "64K", *OURS)
    with stopped(running):
        subprocess.run([program("storm"), "5000"], check=True, stdout=subprocess.DEVNULL)
        words = ["sh", "-c", SCRIPT.format(pid=target.pid, sent=SENT)]
        sender = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert sender.stdout.readline() == b"sent\n"
    running.wait_for(lambda e: e["event"] == "loss")
    sender.stdin.write(b"go\n")
    sender.stdin.flush()
    event = running.signal_to(target.pid, "SIGUSR2")
    assert event["sender"]["pid"] == sender.pid
    assert event["sender"]["argv"] == words
    assert event["sender"]["ancestors"][0]["pid"] == os.getpid()
    sender.communicate()
    running.stop()
    assert not [e for e in running.to(target.pid) if e["signal"]["name"] == "SIGUSR1"]
    missed = [e for e in running.events if e["event"] == "loss" and "processes" in e["where"]]
    assert 1 <= sum(event["count"] for event in missed) < SENT, (
        "each is counted once, not each time"
    )
