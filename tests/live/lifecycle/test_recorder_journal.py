"""What the recorder tells journald, with a socket of ours in its place: the VM's scenarios have the real one."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
from pathlib import Path

import pytest
from test_recorder import CORE, record  # noqa: F401  the fixture

from tracer.host.journal_writer import SOCKET

UNIT = "sigtrace-journal-test.service"


@pytest.fixture
def journal(cannot_run):
    """A socket where journald's would be; ``receive`` gives an entry's fields and the uid of its writer."""
    if os.path.exists(SOCKET):
        cannot_run("journald is at work here: tests/vm/scenarios/test_recorder_service.py asks it")
    Path(SOCKET).parent.mkdir(parents=True, exist_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    listening.settimeout(30)
    listening.bind(SOCKET)

    def receive():
        entry, extra, _, _ = listening.recvmsg(1 << 16, 256)
        ((_, _, credentials),) = extra
        pairs = (row.partition("=") for row in entry.decode().splitlines())
        return {name: value for name, _, value in pairs}, struct.unpack("3i", credentials)[1]

    yield receive
    listening.close()
    os.unlink(SOCKET)
    with contextlib.suppress(OSError):
        Path(SOCKET).parent.rmdir()


@CORE
def test_a_unit_hears_who_killed_it(journal, record, cgroup, source):  # noqa: F811
    recorder = record()
    unit = cgroup("v2", UNIT)
    victim = subprocess.Popen(["sleep", "60"], preexec_fn=unit.enter)
    victim.kill()
    victim.wait()
    fields, uid = journal()
    assert uid == 0
    assert fields["OBJECT_SYSTEMD_UNIT"] == UNIT
    assert fields["MESSAGE"].startswith(f"sleep[{victim.pid}] was killed with SIGKILL by ")
    assert f"[{os.getpid()}]" in fields["MESSAGE"]
    assert fields["SIGTRACE_SENDER_PID"] == str(os.getpid())
    recorder.stop()
