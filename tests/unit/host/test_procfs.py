"""What a process says of itself is read as far as there is room for it."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.host import procfs
from tracer.host.processes import Processes
from tracer.model.event import Process


@pytest.mark.parametrize("words", [10, 70_000])
def test_a_long_command_line_is_cut_and_says_so(words):
    code = "import sys; print(flush=True); sys.stdin.read()"
    arguments = ["/usr/bin/python3", "-c", code, *["word"] * words]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        start = procfs.start_of(process.pid)
        found = Processes().complete(Process(process.pid), start)
        process.stdin.close()
    whole = tuple(word.encode() for word in arguments)
    assert len(b"\0".join(found.argv)) <= procfs.ARGV_ROOM
    assert found.argv_cut == (words > 10)
    assert found.argv[:-1] == whole[: len(found.argv) - 1]
    assert (found.argv == whole) == (words == 10)


@given(st.lists(st.binary(max_size=3000).map(lambda raw: raw.replace(b"\0", b"x")), min_size=1))
def test_what_is_cut_is_known_by_its_length(argv):
    raw = b"".join(word + b"\0" for word in argv)
    room = procfs.ARGV_ROOM
    kept = procfs.split_argv(raw) if len(raw) <= room else tuple(raw[:room].split(b"\0"))
    assert procfs.is_cut(kept) == (len(raw) > room)


def test_no_file_is_read_beyond_its_room():
    assert len(procfs.read(os.getpid(), "maps", room=100)) == 100
    assert len(procfs.read(os.getpid(), "maps")) > 4096
