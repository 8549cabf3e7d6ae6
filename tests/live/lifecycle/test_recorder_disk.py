"""The recorder's disk is full, or read-only: from the beginning, or while it is at work."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness import PATIENCE, ROOT, bpf_programs, left_loaded
from test_recorder import CORE, Recorder, events_in

from tracer.model.event import Loss, Signal

SENT = 20
FAILING = Path("/sys/fs/ext4")


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def place():
    """A folder to mount something at."""
    folder = Path(f"/run/sigtrace-disk-{os.getpid()}")
    folder.mkdir()
    yield folder
    subprocess.run(["umount", str(folder)], capture_output=True, check=False)
    folder.rmdir()


@pytest.fixture
def sleepers():
    """Processes that signals of no effect are sent to."""
    made = [subprocess.Popen(["sleep", "600"]) for _ in range(3)]
    yield made
    for one in made:
        one.kill()
        one.wait()


@pytest.fixture
def record(place, source):
    """Starts a recorder that is ended before its disk goes."""
    started = []

    def start(*options):
        words = (*options, "--json", "--no-fold", "--signal", "WINCH")
        started.append(Recorder(place / "kept", source, *words))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def send(recorder, sleeper):
    """A signal that the recorder has tried to write down: it does that before it prints it."""
    sleeper.send_signal(signal.SIGWINCH)
    for line in recorder.process.stdout:
        if json.loads(line).get("target", {}).get("pid") == sleeper.pid:
            return
    pytest.fail(recorder.process.stderr.read().decode())


def fill(path):
    """Leave no room on the disk that this file is on."""
    with open(path, "wb", buffering=0) as file, pytest.raises(OSError) as caught:
        while True:
            file.write(b"x" * 4096)
    assert caught.value.errno == errno.ENOSPC


def over_a_full_disk(recorder, place, sleepers):
    """Signals before, while and after there is no room. Returns what was said, the pids that are told, the losses."""
    before, meanwhile, after = sleepers
    send(recorder, before)
    fill(place / "filler")
    for _ in range(SENT):
        send(recorder, meanwhile)
    (place / "filler").unlink()
    send(recorder, after)
    said = recorder.stop()
    events, _ = events_in(str(place / "kept"))
    kept = [event.target.pid for event in events if isinstance(event, Signal)]
    return said, kept, [event for event in events if isinstance(event, Loss)]


@CORE
def test_on_a_full_disk_it_goes_on_and_tells_what_is_missing(record, place, sleepers):
    """To remove all that is kept would not leave so much free: it stays."""
    run("mount", "-t", "tmpfs", "-o", "size=4m", "none", place)
    said, kept, losses = over_a_full_disk(record("--min-free", "2%"), place, sleepers)
    assert kept == [sleepers[0].pid, sleepers[2].pid]
    (loss,) = losses
    assert (loss.where, loss.count) == ("no room on the disk", SENT)
    assert re.search(rf"\b{SENT} lines found no room on the disk", said), said


@CORE
def test_on_a_full_disk_it_may_use_what_it_has(record, place, sleepers):
    """The oldest goes for the newest; what found no room is told."""
    run("mount", "-t", "tmpfs", "-o", "size=4m", "none", place)
    said, kept, losses = over_a_full_disk(record("--min-free", "0"), place, sleepers)
    assert kept[-1] == sleepers[2].pid
    told = re.search(r"([\d,]+) lines? found no room on the disk", said)
    assert sum(loss.count for loss in losses) <= (int(told[1]) if told else 0)


@CORE
def test_a_disk_that_is_read_only_is_three_lines(place, source):
    run("mount", "-t", "tmpfs", "none", place)
    (place / "kept").mkdir()
    run("mount", "-o", "remount,ro", place)
    before = bpf_programs()
    command = [
        sys.executable,
        "-m",
        "tracer",
        "record",
        "--dir",
        place / "kept",
        "--source",
        source,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, check=False
    )
    assert done.returncode == 2
    assert_three_lines(done.stderr)
    assert not left_loaded(before)


@CORE
def test_a_disk_that_becomes_read_only_ends_it_with_three_lines(record, place, sleepers, tmp_path):
    """As ext4 does after an error: errors=remount-ro, ext4(5)."""
    device = broken_disk(place, tmp_path / "image")
    recorder = record()
    send(recorder, sleepers[0])
    (FAILING / device / "trigger_fs_error").write_text("for a test")
    sleepers[1].send_signal(signal.SIGWINCH)
    _, said = recorder.process.communicate(timeout=PATIENCE)
    assert recorder.process.returncode == 2
    assert_three_lines(said.decode())
    events, _ = events_in(str(place / "kept"))
    assert [e.target.pid for e in events if isinstance(e, Signal)] == [sleepers[0].pid]


def broken_disk(place, image):
    """The name of a disk that is mounted there, and can be told to fail."""
    if not shutil.which("mkfs.ext4"):
        pytest.skip("needs e2fsprogs")
    with open(image, "wb") as file:
        file.truncate(32 << 20)
    run("mkfs.ext4", "-q", "-F", image)
    before = {path.name for path in FAILING.glob("*")}
    mounted = subprocess.run(
        ["mount", "-o", "loop,errors=remount-ro", image, place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs a kernel with loop devices and ext4")
    names = [path.parent.name for path in FAILING.glob("*/trigger_fs_error")]
    (device,) = [name for name in names if name not in before] or [None]
    if device is None:
        pytest.skip("needs a kernel whose ext4 can be told to fail")
    return device


def assert_three_lines(said):
    lines = said.splitlines()[-3:]
    assert [line.split(":")[0].strip() for line in lines] == ["sigtrace", "why", "try"]
    assert "read-only file system" in lines[1]
