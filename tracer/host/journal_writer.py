"""A process of uid 0 that writes entries of one kind to the journal, and can do nothing else.

journald puts an entry beside those of the unit that OBJECT_SYSTEMD_UNIT= names only if its writer has uid 0
(add_matches_for_unit(), src/shared/logs-show.c). The recorder has not; so it asks this one. Protocol:
https://systemd.io/JOURNAL_NATIVE_PROTOCOL/.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from struct import pack

from tracer.host.confine import WHAT_PYTHON_NEEDS, confine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "sigtrace"
_MOST = 1 << 16  # bytes of a datagram
_VALUE_MAX = 2048  # characters
# Nothing else is passed on, whoever has come to speak for the recorder.
_ALLOWED = re.compile(
    r"MESSAGE|MESSAGE_ID|PRIORITY|OBJECT_SYSTEMD_(?:UNIT|USER_UNIT|INVOCATION_ID)|SIGTRACE_[A-Z_]{1,40}"
)


class Writer:
    """The recorder's end. What cannot be handed over is lost to the journal: the recording has it."""

    def __init__(self, ids: tuple[str, ...], path: str = SOCKET) -> None:
        """Start the process, before root is given up. ``ids``: the only values that MESSAGE_ID may have."""
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if not self.pid:
            self._ours.close()
            _write_for(theirs, ids, path)
        theirs.close()
        self._ours.setblocking(False)

    def send(self, fields: dict[str, str]) -> None:
        try:
            self._ours.send(json.dumps(fields).encode())
        except OSError:
            pass

    def close(self) -> None:
        """The process writes what it has, and ends."""
        self._ours.close()
        if self.pid:
            os.waitpid(self.pid, 0)
            self.pid = 0


def start(ids: tuple[str, ...]) -> Writer | None:
    """The process, where there is a journald; None for who is not root: his entries would stand beside no unit's."""
    return Writer(ids) if os.geteuid() == 0 and os.path.exists(SOCKET) else None


def entry_of(raw: bytes, ids: tuple[str, ...]) -> bytes | None:
    """The datagram for what the recorder asks to write; None for what it may not."""
    try:
        asked = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(asked, dict) or asked.get("MESSAGE_ID") not in ids:
        return None
    fields = {
        name: value[:_VALUE_MAX]
        for name, value in asked.items()
        if _ALLOWED.fullmatch(name) and isinstance(value, str)
    }
    return b"".join(
        _field(name, value) for name, value in {**fields, "SYSLOG_IDENTIFIER": IDENTIFIER}.items()
    )


def _field(name: str, value: str) -> bytes:
    text = value.encode("utf-8", "backslashreplace")
    if b"\n" not in text:
        return name.encode() + b"=" + text + b"\n"
    return name.encode() + b"\n" + pack("<Q", len(text)) + text + b"\n"


def _write_for(asking: socket.socket, ids: tuple[str, ...], path: str) -> NoReturn:
    """Until the recorder is gone, however it went."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        kept = sorted((asking.fileno(), journal.fileno()))
        os.closerange(0, kept[0])
        os.closerange(kept[0] + 1, kept[1])
        os.closerange(kept[1] + 1, os.sysconf("SC_OPEN_MAX"))
        confine((*WHAT_PYTHON_NEEDS, "recvfrom", "sendto"))
        while raw := asking.recv(_MOST):
            entry = entry_of(raw, ids)
            if entry is not None:
                _hand_over(journal, entry, path)
    finally:
        os._exit(0)


def _hand_over(journal: socket.socket, entry: bytes, path: str) -> None:
    try:
        journal.sendto(entry, path)
    except OSError:
        pass  # No journald just now.
