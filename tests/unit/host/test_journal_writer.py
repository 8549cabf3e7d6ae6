"""The process that writes to the journal, before a socket of ours in journald's place."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from tracer.host import journal_writer
from tracer.host.journal_writer import Writer, entry_of

ID = "0" * 32


def fields_of(entry: bytes) -> dict[str, str]:
    """What journald reads in a datagram."""
    found, at = {}, 0
    while at < len(entry):
        end = entry.index(b"\n", at)
        name, equals, value = entry[at:end].partition(b"=")
        if equals:
            at = end + 1
        else:
            size = int.from_bytes(entry[end + 1 : end + 9], "little")
            value = entry[end + 9 : end + 9 + size]
            at = end + 9 + size + 1
        found[name.decode()] = value.decode()
    return found


@pytest.fixture
def journal(tmp_path: Path):
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "socket"))
    listening.settimeout(20)
    yield listening, str(tmp_path / "socket")
    listening.close()


def test_an_entry_arrives_as_it_was_asked_for(journal):
    listening, path = journal
    writer = Writer((ID,), path)
    asked = {"MESSAGE": "x was killed\nby y", "MESSAGE_ID": ID, "OBJECT_SYSTEMD_UNIT": "n.service"}
    writer.send(asked)
    assert fields_of(listening.recv(1 << 16)) == {**asked, "SYSLOG_IDENTIFIER": "sigtrace"}
    writer.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_its_end_comes_with_the_recorders(journal):
    _, path = journal
    writer = Writer((ID,), path)
    writer._ours.close()
    assert os.waitpid(writer.pid, 0)[1] == 0
    writer.pid = 0


def test_a_missing_journald_is_survived(journal):
    _listening, path = journal
    os.unlink(path)
    writer = Writer((ID,), path)
    writer.send({"MESSAGE": "lost", "MESSAGE_ID": ID})
    writer.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"[" * 100_000,
        json.dumps({"MESSAGE": "no id"}).encode(),
        json.dumps({"MESSAGE": "another", "MESSAGE_ID": "1" * 32}).encode(),
        json.dumps({"MESSAGE": "a list", "MESSAGE_ID": [ID]}).encode(),
    ],
)
def test_what_is_no_entry_of_ours_is_not_written(raw: bytes) -> None:
    assert entry_of(raw, (ID,)) is None


def test_fields_of_others_are_left_out() -> None:
    asked = {
        "MESSAGE_ID": ID,
        "MESSAGE": "m",
        "_UID": "0",
        "SYSLOG_IDENTIFIER": "sshd",
        "UNIT": "u",
        "SIGTRACE_PID": "1",
        "SIGTRACE_x": "1",
        "SIGTRACE_UID\nMESSAGE": "forged",
        "PRIORITY": 3,
    }
    made = entry_of(json.dumps(asked).encode(), (ID,))
    assert made is not None
    assert fields_of(made) == {
        "MESSAGE_ID": ID,
        "MESSAGE": "m",
        "SIGTRACE_PID": "1",
        "SYSLOG_IDENTIFIER": "sigtrace",
    }


def test_it_can_do_nothing_else(journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process tries beside its work, told through the journal's own socket."""
    listening, path = journal
    tries = {
        "open": lambda: os.open("/etc/hostname", os.O_RDONLY),
        "fork": os.fork,
        "kill": lambda: os.kill(os.getppid(), 0),
        "socket": lambda: socket.socket(socket.AF_INET),
    }

    def attempt(journal_: socket.socket, entry: bytes, path_: str) -> None:
        told = []
        for name, try_ in tries.items():
            try:
                try_()
                told.append(f"{name} done")
            except OSError as error:
                told.append(f"{name} {error.errno}")
        journal_.sendto(", ".join(told).encode(), path_)

    monkeypatch.setattr(journal_writer, "_hand_over", attempt)
    writer = Writer((ID,), path)
    writer.send({"MESSAGE": "m", "MESSAGE_ID": ID})
    assert listening.recv(1 << 16).decode() == "open 1, fork 1, kill 1, socket 1"
    writer.close()
