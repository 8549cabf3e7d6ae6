"""A live audit trace that is killed at each of its requests to the kernel in turn, and the next one that mends it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest
from audit_state import audit_lock, audit_state
from harness import ROOT, Trace

REQUESTS = range(1, 45)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="live audit needs root"),
    pytest.mark.skipif(not shutil.which("strace"), reason="strace injects the signal"),
]


@pytest.fixture(autouse=True)
def as_found():
    with audit_lock():
        before = audit_state()
        yield before
        assert audit_state() == before


def struck(number, request):
    """A trace that gets this signal at this request; its status."""
    strike = f"inject=sendto:signal={signal.Signals(number).name}:when={request}"
    trace = [sys.executable, "-m", "tracer", "--source", "audit", "--signal", "63", "-d", "0.2s"]
    return subprocess.run(
        ["strace", "-f", "-o", os.devnull, "-e", "trace=sendto", "-e", strike, *trace],
        cwd=ROOT,
        capture_output=True,
        check=False,
    ).returncode


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("with_orphan", [False, True])
def test_sigkill_is_mended_by_the_next(request_, with_orphan, as_found):
    if with_orphan:
        orphan = Trace("audit", ["-s", "63"])
        orphan.process.kill()
        orphan.process.wait()
        orphan.kill()
    struck(signal.SIGKILL, request_)
    Trace("audit", ["-s", "63"]).stop()
    assert audit_state() == as_found


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_asked_to_end_in_the_middle_undoes_all(number, request_, as_found):
    assert struck(number, request_) == 0
    assert audit_state() == as_found
