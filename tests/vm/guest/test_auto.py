"""Which source `sigtrace` takes by itself in a guest of the kernel matrix."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys

import pytest

if "RESULTS_DISK" not in os.environ:
    pytest.skip("needs a guest of the kernel matrix: make test-kernels", allow_module_level=True)


def best_source():
    """libbpf 1.0 has another soname than what came before it, and core needs it."""
    try:
        ctypes.CDLL("libbpf.so.1")
    except OSError:
        return "bcc"
    return "core"


def test_auto_takes_the_best_source_and_says_which():
    ready, told = os.pipe()
    command = [sys.executable, "-m", "tracer", "--json", "--signal", "USR1", "--count", "1"]
    with subprocess.Popen(
        [*command, "--ready-fd", str(told)],
        pass_fds=[told],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tracer:
        os.close(told)
        seen = os.read(ready, 1)
        with subprocess.Popen(["sleep", "60"]) as target:
            target.send_signal(signal.SIGUSR1)
            assert target.wait() == -signal.SIGUSR1
        if not seen:
            tracer.terminate()
        output, errors = tracer.communicate(timeout=120)
    assert seen, errors
    event = json.loads(output.splitlines()[0])
    assert event["source"] == best_source(), errors
    assert (event["sender"]["pid"], event["target"]["pid"]) == (os.getpid(), target.pid)
    assert f"source {best_source()}" in errors
