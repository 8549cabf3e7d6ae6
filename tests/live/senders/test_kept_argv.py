"""The command line of a target that nobody can be asked about any more: as the kernel side has kept it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time

import pytest
from harness import held_by
from oracle import children_of
from scene import OURS, stopped

pytestmark = pytest.mark.sources("core", reason="command lines are kept by CO-RE alone")
# bpf/sigtrace.h: what fits the one map, and the other.
SHORT_ROOM, EXEC_ROOM = 160, 1024
WAITS = "echo ready; read x; exit 0"


def sized(script, size):
    """A shell whose command line takes so many bytes, NULs counted."""
    words = ["sh", "-c", script]
    rest = size - sum(len(word) + 1 for word in words) - 1
    return [*words, "w" * rest]


def killed_unseen(running, words):
    """The target's part of the event: it is killed and reaped before the trace can look at it."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as target:
        assert target.stdout.readline() == b"ready\n"
        with stopped(running):
            target.kill()
            assert target.wait() == -signal.SIGKILL
    return running.signal_to(target.pid, "SIGKILL")["target"]


@pytest.mark.parametrize("room", [SHORT_ROOM, EXEC_ROOM])
@pytest.mark.parametrize("spare", [-1, 0, 1, 100])
def test_around_what_there_is_room_for(room, spare, trace):
    running = trace(*OURS)
    words = sized(WAITS, room + spare)
    target = killed_unseen(running, words)
    assert "\0".join(target["argv"]) == "\0".join(words)[:EXEC_ROOM]
    assert target.get("argv_cut", False) is (room + spare > EXEC_ROOM)
    running.end()


@pytest.mark.parametrize(("first", "second"), [(60, 600), (600, 70), (600, 700), (60, 70)])
def test_the_last_exec_counts(first, second, trace, tmp_path):
    running = trace(*OURS)
    last = sized(WAITS, second)
    script = tmp_path / "s"
    script.write_text(f"exec {' '.join(map(quoted, last))}\n")
    target = killed_unseen(running, padded(["sh", str(script)], first))
    assert target["argv"] == last
    running.end()


def padded(words, size):
    return [*words, "p" * max(1, size - sum(len(word) + 1 for word in words) - 1)]


def quoted(word):
    return f"'{word}'"


@pytest.mark.parametrize("size", [100, 900])
def test_a_fork_has_that_of_its_parent(size, trace):
    running = trace(*OURS)
    words = sized("(echo ready; read x; :); exit 0", size)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"ready\n"
        child = children_of(parent.pid)[0]
        with stopped(running):
            subprocess.run(["/bin/kill", "-KILL", str(child)], check=True)
            assert parent.wait() == 0
    target = running.signal_to(child, "SIGKILL")["target"]
    assert target["argv"] == words
    running.end()


def entries(pid, name):
    """Keys of a map that a process holds: bpftool-map(8)."""
    held = held_by(pid, "map")
    maps = json.loads(
        subprocess.run(["bpftool", "-j", "map"], capture_output=True, check=True).stdout
    )
    (wanted,) = (m["id"] for m in maps if m["id"] in held and m.get("name") == name)
    command = ["bpftool", "-j", "map", "dump", "id", str(wanted)]
    dump = subprocess.run(command, capture_output=True, check=True).stdout
    return {
        int.from_bytes(bytes(int(b, 16) for b in one["key"]), "little") for one in json.loads(dump)
    }


def test_nothing_is_kept_of_the_dead(trace, tmp_path, cannot_run):
    """Not of one whose last command line was shorter, either."""
    if not shutil.which("bpftool"):
        cannot_run("bpftool is not installed")
    running = trace(*OURS)
    script = tmp_path / "s"
    script.write_text(f"exec {' '.join(map(quoted, sized(WAITS, 80)))}\n")
    every = [sized(WAITS, 100), sized(WAITS, 900), padded(["sh", str(script)], 900)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    targets = [subprocess.Popen(words, **pipes) for words in every]
    for target in targets:
        assert target.stdout.readline() == b"ready\n"
    pids = {target.pid for target in targets}
    assert entries(running.pid, "argvs") & pids == pids
    assert entries(running.pid, "long_argvs") & pids == {targets[1].pid}
    for target in targets:
        target.communicate()
    # A task is freed some time after it was reaped: put_task_struct_rcu_user(), kernel/exit.c.
    end = time.monotonic() + 30
    while pids & (entries(running.pid, "argvs") | entries(running.pid, "long_argvs")):
        assert time.monotonic() < end
        time.sleep(0.05)
    running.end()
