"""The audit netlink socket (kernel/audit.c, audit_receive_msg()), on pyroute2's.

Status and rules need CAP_AUDIT_CONTROL in the host's first user and pid namespaces, records CAP_AUDIT_READ.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from tracer.host.packages import find_packages
from tracer.model.errors import Problem
from tracer.sources.audit import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

GET, SET, ADD_RULE, DEL_RULE, LIST_RULES = 1000, 1001, 1011, 1012, 1013
READLOG = 1  # AUDIT_NLGRP_READLOG
_ERROR, _DONE = 2, 3  # NLMSG_*
_REQUEST, _ACK = 1, 4  # NLM_F_*
_HEADER = Struct("=IHHII")
_STATUS = Struct("=10I")
_ENABLED, _BACKLOG_LIMIT = 0x01, 0x10  # AUDIT_STATUS_*
_ROOM = 8 << 20
_PATIENCE = 5000  # ms, for the kernel's answer


class Status(NamedTuple):
    """struct audit_status; ``enabled`` is 0, 1, or 2 for locked until the next boot."""

    mask: int
    enabled: int
    failure: int
    pid: int
    rate_limit: int
    backlog_limit: int
    lost: int
    backlog: int
    features: int
    wait_time: int


class Link:
    """Requests, one at a time. Raises OSError with what the kernel answered."""

    def __init__(self) -> None:
        self._socket = _open(0)
        self._sequence = 0

    def status(self) -> Status:
        # No acknowledgement: the answer comes from a thread of its own, and often after that.
        ((_, answer),) = self._ask(GET, b"", flags=_REQUEST)
        return Status(*_STATUS.unpack_from(answer.ljust(_STATUS.size, b"\0")))

    def enable(self, value: int) -> None:
        self._set(_ENABLED, enabled=value)

    def limit_backlog(self, value: int) -> None:
        self._set(_BACKLOG_LIMIT, backlog_limit=value)

    def rules(self) -> list[rule.Rule]:
        """Every rule, in the order in which the kernel tries them."""
        answers = self._ask(LIST_RULES, b"", flags=_REQUEST)
        return [rule.parse(body) for kind, body in answers if kind == LIST_RULES]

    def add(self, raw: bytes) -> None:
        self._ask(ADD_RULE, raw)

    def delete(self, raw: bytes) -> None:
        self._ask(DEL_RULE, raw)

    def close(self) -> None:
        self._socket.close()

    def _set(self, mask: int, **values: int) -> None:
        status = Status(*[0] * len(Status._fields))._replace(mask=mask, **values)
        self._ask(SET, _STATUS.pack(*status))

    def _ask(self, kind: int, body: bytes, flags: int = _REQUEST | _ACK) -> list[tuple[int, bytes]]:
        self._sequence += 1
        header = _HEADER.pack(_HEADER.size + len(body), kind, flags, self._sequence, 0)
        self._socket.send(header + body)
        answers: list[tuple[int, bytes]] = []
        while True:
            for kind_, sequence, body_ in self._messages():
                if sequence != self._sequence:
                    continue
                if kind_ == _DONE:
                    return answers
                if kind_ == _ERROR:
                    number = -int.from_bytes(body_[:4], "little", signed=True)
                    if number:
                        raise OSError(number, os.strerror(number))
                    if flags & _ACK:
                        return answers
                    continue
                answers.append((kind_, body_))
                if kind_ == GET:
                    return answers

    def _messages(self) -> Iterator[tuple[int, int, bytes]]:
        ready = select.poll()
        ready.register(self._socket, select.POLLIN)
        if not ready.poll(_PATIENCE):
            raise OSError(errno.ETIMEDOUT, "the kernel's audit does not answer")
        data = self._socket.recv(1 << 16)
        at = 0
        while at + _HEADER.size <= len(data):
            length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
            yield kind, sequence, data[at + _HEADER.size : at + max(length, _HEADER.size)]
            at += max(length, _HEADER.size) + 3 & ~3


class Records:
    """The records that the kernel writes, beside whichever auditd reads them too (since v3.16).

    ``room`` is how many bytes may wait for us; the kernel counts its own overhead (socket(7), SO_RCVBUF).
    """

    def __init__(self, room: int = _ROOM) -> None:
        self._socket = _open(READLOG)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, room)
        self.overflows = 0

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self, most: int = 4096) -> Iterator[tuple[int, bytes]]:
        """Type and text of the records that are there now, ``most`` at a time."""
        for _ in range(most):
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.overflows += 1
                continue
            if len(data) > _HEADER.size:
                _, kind, _, _, _ = _HEADER.unpack_from(data)
                yield kind, data[_HEADER.size :].rstrip(b"\0")

    def close(self) -> None:
        self._socket.close()


_SO_RCVBUFFORCE = 33  # include/uapi/asm-generic/socket.h; needs CAP_NET_ADMIN


def _open(groups: int) -> socket.socket:
    """pyroute2 opens and binds; requests and answers are ours, for audit has a protocol of its own."""
    find_packages()
    try:
        from pyroute2.netlink import NETLINK_AUDIT
        from pyroute2.netlink.nlsocket import NetlinkSocket
    except ImportError as error:
        why = f"the Python package pyroute2 cannot be loaded ({error})"
        raise Problem("cannot speak to audit", why, "make setup") from None

    opened = NetlinkSocket(NETLINK_AUDIT)
    try:
        opened.bind(groups=groups)
        return socket.socket(fileno=os.dup(opened.fileno()))
    finally:
        opened.close()
