"""What a recorder tells elsewhere, from a process that has given up root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from harness import PATIENCE, ROOT

sys.path.insert(0, str(ROOT))

from tests.unit.sinks.receiver import Receiver, plain


def capabilities(pid):
    """Of each thread: proc(5)."""
    texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return {re.search(r"CapEff:\s*(\w+)", text)[1] for text in texts}, len(texts)


def test_a_collector_hears_of_a_death(source):
    # Folders of pytest's are closed to others: the recorder goes on as another user.
    folder = f"/run/sigtrace-test-away-{os.getpid()}"
    ready, told = os.pipe()
    with Receiver() as receiver:
        command = [sys.executable, "-m", "tracer", "record", "--source", source, "--no-journal"]
        command += ["--dir", folder, "--otlp", receiver.url, "--ready-fd", str(told)]
        recorder = subprocess.Popen(command, stderr=subprocess.PIPE, pass_fds=[told], cwd=ROOT)
        os.close(told)
        try:
            assert os.read(ready, 1), recorder.stderr.read().decode()
            victim = subprocess.Popen(["sleep", "60"])
            victim.kill()
            victim.wait()
            end = time.monotonic() + PATIENCE
            with receiver.came:
                while not receiver.got and time.monotonic() < end:
                    receiver.came.wait(1.0)
            effective, threads = capabilities(recorder.pid)
        finally:
            os.close(ready)
            recorder.terminate()
            said = recorder.communicate(timeout=PATIENCE)[1].decode()
            shutil.rmtree(folder, ignore_errors=True)
    assert recorder.returncode == 0, said
    mine = {
        record["eventName"]: attributes
        for record in receiver.records()
        if (attributes := plain(record["attributes"])).get("process.pid") == str(victim.pid)
    }
    assert set(mine) == {"process.signal", "process.exit", "sigtrace.verdict"}
    assert mine["process.signal"]["sigtrace.sender.pid"] == str(os.getpid())
    assert mine["process.signal"]["sigtrace.signal.name"] == "SIGKILL"
    assert mine["process.exit"]["sigtrace.exit.cause"] == mine["process.signal"]["sigtrace.id"]
    assert threads > 1
    if source == "core":
        assert effective == {"0" * 16}
