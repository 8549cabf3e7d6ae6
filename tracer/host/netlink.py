"""Netlink sockets and messages, on pyroute2: from 0.5.14 (Debian 11) to 0.9 (as pip installs it today).

It carries in all of them: the socket, with a port of its own and in the groups wanted; what is sent; and messages
whose fields are numbers. What it cannot, and is done here:

- To receive. Whoever may send to our port need not be the kernel (netlink(7): nl_pid is 0 if it is), and pyroute2
  takes messages from everybody: up to 0.8 by a loop of its own that drops the address, and 0.9 has no recvfrom().
- Text of any length, as rules and records end with: its format "s" means another thing in each version.
- Many messages. To decode one takes its classes 6 to 27 µs, a Struct 0.2 µs.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

from tracer.host.packages import find_packages
from tracer.model.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Fields = tuple[tuple[str, str], ...]

# include/uapi/linux/netlink.h
CONNECTOR = 11
AUDIT = 9
ERROR, DONE = 2, 3
REQUEST, ACK = 1, 4
HEADER = 16  # bytes of struct nlmsghdr
ROOM = 1 << 16  # for one datagram
# include/uapi/asm-generic/socket.h; the second needs CAP_NET_ADMIN
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33
_KERNEL = 0  # its nl_pid


class Message(NamedTuple):
    kind: int
    sequence: int
    body: bytes


class Netlink:
    """A socket that hears nobody but the kernel. Raises OSError, and Problem where there is no pyroute2."""

    def __init__(self, protocol: int, groups: int = 0) -> None:
        self._opened = _classes()[0](protocol)
        try:
            self._opened.bind(groups=groups)
            # The same socket: of pyroute2's object 0.9 shows too little of it.
            self._socket = socket.socket(fileno=os.dup(self._opened.fileno()))
        except BaseException:
            self._opened.close()
            raise
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: bytes) -> None:
        self._opened.sendto(message, (_KERNEL, 0))

    def receive(self) -> bytes:
        """A datagram of the kernel's. Raises BlockingIOError where there is none, and ENOBUFS where some are lost."""
        while True:
            data, (port, _) = self._socket.recvfrom(ROOM)
            if port == _KERNEL:
                return data

    def make_room(self, size: int, *, force: bool = False) -> None:
        """How many bytes may wait; the kernel counts its own overhead (socket(7), SO_RCVBUF)."""
        option = _SO_RCVBUFFORCE if force else socket.SO_RCVBUF
        self._socket.setsockopt(socket.SOL_SOCKET, option, size)

    def set_filter(self, program: bytes) -> None:
        """A struct sock_fprog, for what need not come: socket(7), SO_ATTACH_FILTER."""
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

    def close(self) -> None:
        self._socket.close()
        self._opened.close()


def encode(
    kind: int, flags: int, sequence: int, fields: Fields, values: Mapping[str, Any]
) -> bytes:
    """A message; fields are pairs of a name and a format of struct's."""
    message = _message(fields)()
    message["header"].update(type=kind, flags=flags, sequence_number=sequence)
    for name, _ in fields:
        message[name] = values[name]
    message.encode()
    return bytes(message.data)


def decode(data: bytes) -> Iterator[Message]:
    """The messages in a datagram."""
    header, at = _message(()), 0
    while at + HEADER <= len(data):
        message = header(data, offset=at)
        message.decode()
        head = message["header"]
        end = at + max(head["length"], HEADER)
        yield Message(head["type"], head["sequence_number"], data[at + HEADER : end])
        at = end + 3 & ~3


def _message(fields: Fields) -> Any:
    return type("message", (_classes()[1],), {"fields": fields})


def _classes() -> tuple[Any, Any]:
    """pyroute2's classes of a socket and of a message."""
    find_packages()
    try:
        from pyroute2.netlink import nlmsg
        from pyroute2.netlink.nlsocket import NetlinkSocket
    except ImportError as error:
        why = f"the Python package pyroute2 cannot be loaded ({error})"
        try_ = "apt-get install python3-pyroute2 (dnf the same)"
        raise Problem("cannot speak netlink", why, try_) from None
    return NetlinkSocket, nlmsg
