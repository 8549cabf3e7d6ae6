"""A running `sigtrace --json`, live or following a log, and the events it has shown so far."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

SECONDS = 90


class Trace:
    def __init__(self, process):
        self._process = process
        self._lines = queue.Queue()
        self.events = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def end(self):
        """Stop it, and read what it still says."""
        self._process.terminate()
        self._reader.join()

    def wait_for(self, wanted):
        """The first event, old or new, that `wanted` is true of."""
        for event in self.events:
            if wanted(event):
                return event
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                event = self._lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                event = None
            if event is None:
                shown = "\n".join(json.dumps(event) for event in self.events)
                raise AssertionError(f"the event never came; these did:\n{shown}")
            self.events.append(event)
            if wanted(event):
                return event

    def death_of(self, pid):
        return self.wait_for(lambda e: e["event"] == "exit" and e["process"]["pid"] == pid)

    def signal(self, name, to):
        return self.wait_for(
            lambda e: is_signal(e) and (e["signal"]["name"], e["target"]["pid"]) == (name, to)
        )

    def names_to(self, pid):
        """The names of the signals that a process got, in order."""
        return [
            e["signal"]["name"] for e in self.events if is_signal(e) and e["target"]["pid"] == pid
        ]


def is_signal(event):
    return event["event"] == "signal"


@contextmanager
def following(path):
    """`sigtrace replay --follow` of a log from its beginning on."""
    command = [sys.executable, "-m", "tracer", "replay", "--follow", "--json", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        trace = Trace(process)
        try:
            yield trace
        finally:
            trace.end()


@contextmanager
def tracing(*options):
    """Run sigtrace, wait until it sees signals, stop it at the end."""
    ready, told = os.pipe()
    command = [sys.executable, "-m", "tracer", "--json", "--ready-fd", str(told), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[told], text=True) as process:
        os.close(told)
        assert os.read(ready, 1), "sigtrace left before it was ready"
        os.close(ready)
        trace = Trace(process)
        try:
            yield trace
        finally:
            trace.end()
