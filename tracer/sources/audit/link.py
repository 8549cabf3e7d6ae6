"""The audit netlink socket: kernel/audit.c, audit_receive_msg().

Status and rules need CAP_AUDIT_CONTROL in the host's first user and pid namespaces, records CAP_AUDIT_READ.
"""

from __future__ import annotations

import errno
import os
import select
import sys
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from tracer.host import netlink
from tracer.host.netlink import ACK, DONE, ERROR, REQUEST, Netlink
from tracer.sources.audit import rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

GET, SET, ADD_RULE, DEL_RULE, LIST_RULES = 1000, 1001, 1011, 1012, 1013
READLOG = 1  # AUDIT_NLGRP_READLOG
_KIND = Struct("=4xH")  # of struct nlmsghdr
_MASKS = {"enabled": 0x01, "backlog_limit": 0x10, "wait_time": 0x20}  # AUDIT_STATUS_*
_ROOM = 8 << 20
_PATIENCE = 5000  # ms, for the kernel's answer


class Status(NamedTuple):
    """struct audit_status; ``enabled`` is 0, 1, or 2 for locked until the next boot. ``wait_time`` is in jiffies,
    0 before v3.14."""

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


_STATUS = tuple((name, "I") for name in Status._fields)
_WORDS = Struct(f"={len(_STATUS)}I")


class Link:
    """Requests, one at a time. Raises OSError with what the kernel answered."""

    def __init__(self) -> None:
        self._netlink = Netlink(netlink.AUDIT)
        self._sequence = 0

    def status(self) -> Status:
        # No acknowledgement: the answer comes from a thread of its own, and often after that.
        ((_, answer),) = self._ask(GET, flags=REQUEST)
        # Older kernels have fewer words.
        return Status(*_WORDS.unpack_from(answer.ljust(_WORDS.size, b"\0")))

    def set(self, name: str, value: int) -> None:
        """One of enabled, backlog_limit and wait_time."""
        self._ask(
            SET,
            _STATUS,
            {**dict.fromkeys(Status._fields, 0), "mask": _MASKS[name], name: value},
        )

    def rules(self) -> list[rule.Rule]:
        """Every rule, in the order in which the kernel tries them."""
        answers = self._ask(LIST_RULES, flags=REQUEST)
        return [rule.parse(body) for kind, body in answers if kind == LIST_RULES]

    def add(self, raw: bytes) -> None:
        self._ask(ADD_RULE, *_raw(raw))

    def delete(self, raw: bytes) -> None:
        self._ask(DEL_RULE, *_raw(raw))

    def close(self) -> None:
        self._netlink.close()

    def _ask(
        self,
        kind: int,
        fields: netlink.Fields = (),
        values: Mapping[str, Any] | None = None,
        flags: int = REQUEST | ACK,
    ) -> list[tuple[int, bytes]]:
        self._sequence += 1
        self._netlink.send(netlink.encode(kind, flags, self._sequence, fields, values or {}))
        answers: list[tuple[int, bytes]] = []
        while True:
            for answer in self._messages():
                if answer.sequence != self._sequence:
                    continue
                if answer.kind == DONE:
                    return answers
                if answer.kind == ERROR:
                    number = -int.from_bytes(answer.body[:4], sys.byteorder, signed=True)
                    if number:
                        raise OSError(number, os.strerror(number))
                    if flags & ACK:
                        return answers
                    continue
                answers.append((answer.kind, answer.body))
                if answer.kind == GET:
                    return answers

    def _messages(self) -> Iterator[netlink.Message]:
        ready = select.poll()
        ready.register(self._netlink, select.POLLIN)
        if not ready.poll(_PATIENCE):
            raise OSError(errno.ETIMEDOUT, "the kernel's audit does not answer")
        try:
            data = self._netlink.receive()
        except BlockingIOError:  # It was not the kernel who spoke.
            return iter(())
        return netlink.decode(data)


def _raw(body: bytes) -> tuple[netlink.Fields, dict[str, bytes]]:
    """A rule, which ends with text, as one field of its own length."""
    return (("rule", f"{len(body)}s"),), {"rule": body}


class Records:
    """The records that the kernel writes, beside whichever auditd reads them too (since v3.16).

    ``room`` is how many bytes may wait for us.
    """

    def __init__(self, room: int = _ROOM) -> None:
        self._netlink = Netlink(netlink.AUDIT, READLOG)
        self._netlink.make_room(room, force=True)
        self.overflows = 0

    def fileno(self) -> int:
        return self._netlink.fileno()

    def read(self, most: int = 4096) -> Iterator[tuple[int, bytes]]:
        """Type and text of the records that are there now, ``most`` at a time."""
        for _ in range(most):
            try:
                data = self._netlink.receive()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.overflows += 1
                continue
            if len(data) > netlink.HEADER:
                (kind,) = _KIND.unpack_from(data)
                yield kind, data[netlink.HEADER :].rstrip(b"\0")

    def close(self) -> None:
        self._netlink.close()
