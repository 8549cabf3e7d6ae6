"""A pid that is another process's by now, born by fork(2) alone, of which audit has no record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from audit_state import audit_lock
from harness import Trace

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="live audit needs root"),
    pytest.mark.skipif(
        not LAST_PID.exists(), reason="this kernel was built without CONFIG_CHECKPOINT_RESTORE"
    ),
]
FIRST = "import os, signal, sys; os.kill(int(sys.argv[1]), signal.SIGWINCH)"
SECOND = """
import os, signal, sys
pid = int(sys.argv[1])
for _ in range(300):
    with open("/proc/sys/kernel/ns_last_pid", "w") as last:
        last.write(str(pid - 1))
    child = os.fork()
    if not child:
        signal.pause()
    if child == pid:
        break
    os.kill(child, signal.SIGKILL)
    os.wait()
os.kill(child, signal.SIGTERM)
print(child, os.wait()[1])
"""


def test_its_next_owner_has_none_of_its_words():
    """Both are called alike, run as the same user in the same session; the first one sent a signal, and so was seen."""
    with audit_lock():
        trace = Trace("audit", ["--signal", "WINCH,TERM"])
        first = subprocess.Popen([sys.executable, "-c", FIRST, str(os.getpid())])
        assert first.wait() == 0
        trace.wait_for(lambda e: e.get("sender", {}).get("pid") == first.pid)
        words = [sys.executable, "-c", SECOND, str(first.pid)]
        second = subprocess.run(words, capture_output=True, text=True, check=True)
        child, status = map(int, second.stdout.split())
        if child != first.pid:
            pytest.skip("the pid was never ours: too much goes on here")
        target = trace.signal_to(child, "SIGTERM")["target"]
        end = trace.wait_for(lambda e: e["event"] == "exit" and e["process"]["pid"] == child)
        trace.end()
    assert status == signal.SIGTERM
    for told in (target, end["process"]):
        assert FIRST not in told.get("argv", ())
        assert told.get("ppid") != os.getpid()


ORPHAN = """
import ctypes, os, signal, sys
child = os.fork()
if not child:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    def handler(*_):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        print("again", flush=True)
    signal.signal(signal.SIGTERM, handler)
    print(os.getpid(), flush=True)
    while True:
        signal.pause()
sys.stdin.readline()
os._exit(0)
"""


def test_what_it_handled_long_before_is_not_what_it_died_of():
    """Audit tells neither that a handler took a call, nor of what the kernel sends (PR_SET_PDEATHSIG)."""
    with audit_lock():
        trace = Trace("audit", ["--signal", "TERM"])
        words = [sys.executable, "-c", ORPHAN]
        parent = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        child = int(parent.stdout.readline())
        os.kill(child, signal.SIGTERM)
        assert parent.stdout.readline() == "again\n"
        trace.signal_to(child, "SIGTERM")
        time.sleep(2.2)  # the rule's own time, which nothing else can make pass
        parent.communicate("\n")
        end = trace.wait_for(lambda e: e["event"] == "exit" and e["process"]["pid"] == child)
        trace.end()
    assert end["signal"]["name"] == "SIGTERM"
    assert not end.keys() & {"cause", "causes"}
