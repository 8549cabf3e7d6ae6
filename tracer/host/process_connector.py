"""How processes end, and what they become by exec, for sources that cannot see it themselves.

From the kernel's process connector, drivers/connector/cn_proc.c. The message of a thread that exits holds
its process and its exit code as wait(2) gives it. Needs CAP_NET_ADMIN, and the host's network, user and pid namespaces.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from array import array
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from tracer.host import procfs
from tracer.host.clock import boot_now
from tracer.host.privileges import in_first_namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NETLINK_CONNECTOR = 11  # include/uapi/linux/netlink.h
_CN_IDX_PROC, _CN_VAL_PROC = 1, 1  # include/uapi/linux/connector.h
# include/uapi/linux/cn_proc.h
_LISTEN = 1
_ANSWER, _EXIT, _EXEC = 0, 0x80000000, 0x00000002
# nlmsghdr (length, NLMSG_DONE), cn_msg (whose, whose, a number of ours, length), then the operation.
_REQUEST = Struct("=IHHIIIIIIHHI")
# nlmsghdr, cn_msg, then what, cpu, timestamp_ns, process_pid (a thread!), process_tgid, exit_code.
_MESSAGE = Struct("=36xIIQIII")
_WORD = Struct("=I")
_WHAT_AT = 36
# cn_proc_ack(): the number sent plus one, what, errno. Another number, seq, is the kernel's own count.
_ANSWER_AT = (28, _WHAT_AT, 52)
_PATIENCE = 5.0  # seconds; the kernel answers before send() returns
_SO_ATTACH_FILTER = 26  # include/uapi/asm-generic/socket.h
_ROOM = 8 << 20


class Ended(NamedTuple):
    """A process that is gone: when, in nanoseconds of boot time, and its status as of wait(2)."""

    pid: int
    time: int
    status: int


class _Message(NamedTuple):
    what: int
    at: int
    tid: int
    pid: int
    status: int

    @property
    def is_first(self) -> bool:
        return self.tid == self.pid


class Exits:
    """The ends of all processes of the host; ``on_exec`` is told the pid of each that has a new program.

    Raises OSError where the connector is out of reach.
    """

    def __init__(self, on_exec: Callable[[int], None] | None = None) -> None:
        _check_namespaces()
        self._socket = _listening()
        self._on_exec = on_exec
        _only(self._socket, (_EXIT, _EXEC) if on_exec else (_EXIT,))
        self._suspended = boot_now() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._leaders: dict[int, int] = {}
        self.lost = 0

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> Iterator[Ended]:
        """The processes whose last thread has exited since the last call."""
        messages = list(self._messages())
        last = {one.pid: n for n, one in enumerate(messages) if one.what == _EXEC or one.is_first}
        for number, one in enumerate(messages):
            if one.what == _EXIT:
                # After its end nothing more is told of a process.
                yield from self._thread(one, goes_on=last.get(one.pid, 0) > number)
            elif self._on_exec:
                self._on_exec(one.pid)

    def close(self) -> None:
        self._socket.close()

    def _messages(self) -> Iterator[_Message]:
        while True:
            try:
                message = self._socket.recv(4096)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.lost += 1
                continue
            if len(message) >= _MESSAGE.size:
                what, _, at, *rest = _MESSAGE.unpack_from(message)
                yield _Message(what, at + self._suspended, *rest)

    def _thread(self, one: _Message, *, goes_on: bool) -> Iterator[Ended]:
        """The first thread may be gone before the others: wait(2) speaks of the process then.

        Whose exec ends the first one takes its place and start (de_thread(), fs/exec.c). A zombie it is
        before this message: do_exit(), kernel/exit.c.
        """
        pid = one.pid
        if not one.is_first and pid not in self._leaders:
            return
        found = procfs.birth_of(pid)
        is_same = found is not None and found.start <= one.at
        if found and is_same and found.threads > 1:
            if one.is_first:
                self._leaders[pid] = one.status
            return
        first = self._leaders.pop(pid, 0)
        if not goes_on and (found is None or found.gone or not is_same):
            yield Ended(pid, one.at, one.status if one.is_first else first or one.status)


def _check_namespaces() -> None:
    """Elsewhere the kernel leaves the request unanswered: cn_proc_mcast_ctl()."""
    for kind in ("user", "pid"):
        if not in_first_namespace(kind):
            raise OSError(errno.EPERM, f"only the host's first {kind} namespace has it")


_FILTER = Struct("=HBBI")
_PROGRAM = Struct("@HP")


def _listening() -> socket.socket:
    """A socket that the kernel tells of all processes.

    Debian 12's pyroute2 (0.7.2) knows no process connector, Debian 13's (0.7.7) does: these few lines serve both.
    """
    connector = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_CONNECTOR)
    try:
        connector.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        connector.bind((0, _CN_IDX_PROC))
        connector.settimeout(_PATIENCE)
        whose = (_CN_IDX_PROC, _CN_VAL_PROC, 0, os.getpid(), 4, 0)
        connector.send(_REQUEST.pack(_REQUEST.size, 3, 0, 0, 0, *whose, _LISTEN))
        _await_answer(connector)
        connector.setblocking(False)
    except BaseException:
        connector.close()
        raise
    return connector


def _await_answer(connector: socket.socket) -> None:
    """The kernel's answer to our request, among what all listeners are told: cn_proc_ack()."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        message = connector.recv(4096)
        if len(message) < _MESSAGE.size:
            continue
        number, what, error = (_WORD.unpack_from(message, at)[0] for at in _ANSWER_AT)
        if (number, what) == (os.getpid() + 1, _ANSWER):
            if error:
                raise OSError(error, os.strerror(error))
            return
    raise TimeoutError(errno.ETIMEDOUT, "the process connector does not answer")


def _only(receiver: socket.socket, wanted: tuple[int, ...]) -> None:
    """Let the kernel leave out messages of other kinds: socket(7), SO_ATTACH_FILTER; struct sock_filter.

    Load the word; for each kind, jump to "accept" if it is equal; refuse; accept.
    """
    kinds = len(wanted)
    tests = [(0x15, kinds - n, 0, socket.htonl(kind)) for n, kind in enumerate(wanted)]
    program = array("Q")
    for step in [(0x20, 0, 0, _WHAT_AT), *tests, (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF)]:
        program.append(int.from_bytes(_FILTER.pack(*step), sys.byteorder))
    address, length = program.buffer_info()
    receiver.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _PROGRAM.pack(length, address))
