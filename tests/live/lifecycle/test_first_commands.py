"""What a newcomer types first in an outage: each of the three answers, within a screen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from harness import PATIENCE, Trace

SERVICE = "import signal; print('up', flush=True); signal.pause()"


@pytest.fixture
def service(tmp_path):
    """A script that does nothing; gives the process and its file's name."""
    script = tmp_path / "orders-api.py"
    script.write_text(SERVICE)
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    yield process, script.name
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("words", [["--signal", "9"], ["--died"]])
def test_who_killed_it(service, words, source):
    process, _ = service
    check_kill(Trace(source, words), process)


@pytest.mark.sources("core", "bcc", reason="audit tells no command line of a target")
def test_who_killed_the_script(service, source):
    process, name = service
    check_kill(Trace(source, ["--to", name]), process)


def check_kill(trace, process):
    """Kills it, and finds who did."""
    process.kill()
    assert process.wait(PATIENCE) == -signal.SIGKILL
    kill = trace.wait_for(
        lambda one: one["event"] == "signal" and one["target"]["pid"] == process.pid
    )
    assert kill["sender"]["pid"] == os.getpid()
    end = trace.wait_for(
        lambda one: one["event"] == "exit" and one["process"]["pid"] == process.pid
    )
    assert end["cause"] == kill["id"]
    trace.end()


def test_a_filter_that_fits_nobody_says_so(service, source):
    trace = Trace(source, ["--to", "orders-ap.py", "--count", "1", "--duration", "1s"])
    trace.finish()
    assert "--to orders-ap.py fits nobody who runs now" in trace.said
