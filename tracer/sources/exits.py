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
from typing import TYPE_CHECKING, Any, NamedTuple

from tracer.clock import boot_now
from tracer.privileges import in_first_namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EXIT, _EXEC = 0x80000000, 0x00000002  # include/uapi/linux/cn_proc.h
# nlmsghdr, cn_msg, then what, cpu, timestamp_ns, process_pid (a thread!), process_tgid, exit_code.
_MESSAGE = Struct("=36xIIQIII")
_WHAT_AT = 36
_SO_ATTACH_FILTER = 26  # include/uapi/asm-generic/socket.h
_ROOM = 8 << 20


class Ended(NamedTuple):
    """A process that is gone: when, in nanoseconds of boot time, and its status as of wait(2)."""

    pid: int
    time: int
    status: int


class Exits:
    """The ends of all processes of the host; ``on_exec`` is told the pid of each that has a new program.

    Raises OSError where the connector is out of reach.
    """

    def __init__(self, on_exec: Callable[[int], None] | None = None) -> None:
        _check_namespaces()
        self._connector = _process_connector()
        self._connector.bind()
        self._socket = socket.socket(fileno=os.dup(self._connector.fileno()))
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        # pyroute2 decodes the comm of PROC_EVENT_COMM as UTF-8, which it need not be. None come in here.
        self._connector.control(True)
        self._on_exec = on_exec
        _only(self._socket, (_EXIT, _EXEC) if on_exec else (_EXIT,))
        self._suspended = boot_now() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._leaders: dict[int, int] = {}
        self.lost = 0

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> Iterator[Ended]:
        """The processes whose last thread has exited since the last call."""
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
                what, _, at, tid, pid, status = _MESSAGE.unpack_from(message)
                if what == _EXIT:
                    yield from self._thread(tid, pid, status, at + self._suspended)
                elif what == _EXEC and self._on_exec:
                    self._on_exec(pid)

    def close(self) -> None:
        self._socket.close()
        self._connector.close()

    def _thread(self, tid: int, pid: int, status: int, at: int) -> Iterator[Ended]:
        """The first thread may be gone before the others: wait(2) speaks of the process then."""
        if tid != pid and pid not in self._leaders:
            return
        if tid == pid and _has_other_threads(pid):
            self._leaders[pid] = status
            return
        if tid != pid:
            if _has_other_threads(pid):
                return
            status = self._leaders.pop(pid) or status
        yield Ended(pid, at, status)


def _has_other_threads(pid: int) -> bool:
    try:
        return len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def _check_namespaces() -> None:
    """Elsewhere the kernel leaves the request unanswered (cn_proc_mcast_ctl()), and pyroute2 waits for ever."""
    for kind in ("user", "pid"):
        if not in_first_namespace(kind):
            raise OSError(errno.EPERM, f"only the host's first {kind} namespace has it")


_FILTER = Struct("=HBBI")
_PROGRAM = Struct("@HP")


def _process_connector() -> Any:
    """pyroute2's socket; Debian 12's pyroute2 (0.7.2) and older ones have none, Debian 13's (0.7.7) has."""
    try:
        from pyroute2.netlink.connector.cn_proc import ProcEventSocket
    except ModuleNotFoundError:
        raise OSError(errno.ENOSYS, "this pyroute2 is too old to reach it") from None
    return ProcEventSocket()


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
