"""Deaths that are made on this kernel, recorded, and explained: the cause and the sender that are known beforehand."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness import PATIENCE, ROOT

SH = ["bash", "-c"]
PYTHON = [sys.executable, "-c"]
# How each process ends, and what is right to say of it.
DEATHS = {
    "killed": ([*SH, "kill -9 $$"], "killed", 9),
    "a fault": ([*PYTHON, "import ctypes; ctypes.string_at(0)"], "crash", 11),
    "abort": ([*PYTHON, "import os; os.abort()"], "abort", 6),
    "its timer": ([*PYTHON, "import signal; signal.setitimer(0, .05); signal.pause()"], "timer", 14),
    "a CPU limit": ([*SH, "ulimit -t 1; while :; do :; done"], "limit", 9),
    "a file limit": ([*SH, "ulimit -f 0; exec head -c 9 /dev/zero > $0", "FILE"], "limit", 25),
    "a pipe": ([*PYTHON, "import os,signal; signal.signal(13, 0); r,w=os.pipe(); os.close(r); os.write(w,b'x')"], "pipe", 13),
    "a status": ([*SH, "sleep 0.01; exit 3"], None, None),
}  # fmt: skip


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The folder of a recording in which each of DEATHS happened, the pids, and who killed the last one by name."""
    # Folders of pytest's are closed to others: the recorder goes on as another user.
    folder = Path(f"/run/sigtrace-why-{os.getpid()}")
    ready, told = os.pipe()
    command = [sys.executable, "-m", "tracer", "record", "--dir", folder, "--no-journal"]
    recorder = subprocess.Popen(
        [*command, "--exits", "--ready-fd", str(told)],
        pass_fds=[told],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    os.close(told)
    pids = {}
    try:
        assert os.read(ready, 1)
        os.close(ready)
        for name, (words, _, _) in DEATHS.items():
            file = tmp_path_factory.mktemp("file") / "written"
            typed = [str(file) if word == "FILE" else word for word in words]
            process = subprocess.Popen(typed, stderr=subprocess.DEVNULL)
            pids[name] = process.pid
            process.wait(PATIENCE)
        victim = subprocess.Popen(["sleep", "1000"])
        killer = subprocess.Popen(["bash", "-c", f"kill -TERM {victim.pid}; true"])
        assert victim.wait(PATIENCE) == -signal.SIGTERM
        killer.wait(PATIENCE)
        pids["by another"] = victim.pid
    finally:
        recorder.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            recorder.wait(PATIENCE)
        recorder.kill()
        said = recorder.stderr.read().decode()
        recorder.stderr.close()
    assert recorder.wait() == 0, said
    yield folder, pids, killer.pid
    shutil.rmtree(folder)


def why(folder, what):
    """The verdict on a process, and the exit status."""
    command = [sys.executable, "-m", "tracer", "why", "--json", str(what), str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return (json.loads(run.stdout) if run.stdout else None), run.returncode


@pytest.mark.parametrize("name", [name for name in DEATHS if DEATHS[name][1]])
def test_the_cause_is_told(recorded, name):
    folder, pids, _ = recorded
    _, cause, number = DEATHS[name]
    verdict, status = why(folder, pids[name])
    assert status == 0
    assert (verdict["cause"], verdict["confidence"]) == (cause, "yes")
    assert verdict["signal"]["number"] == number
    sender = verdict.get("who", {}).get("sender", {}).get("pid")
    assert sender in ((pids[name],) if name == "killed" else (None,))


def test_who_did_it(recorded):
    folder, pids, killer = recorded
    verdict, _ = why(folder, pids["by another"])
    assert verdict["cause"] == "killed"
    assert verdict["who"]["sender"]["pid"] == killer
    assert verdict["who"]["sender"]["ancestors"][0]["pid"] == os.getpid()


def test_nobody_of_that_name_died(recorded):
    verdict, status = why(recorded[0], "no-such-program")
    assert verdict is None
    assert status == 3


def test_by_name_it_is_the_same(recorded):
    folder, pids, _ = recorded
    verdict, _ = why(folder, "sleep")
    assert verdict["process"]["pid"] == pids["by another"]
