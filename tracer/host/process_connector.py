"""How processes end, and what they become by exec, for sources that cannot see it themselves.

From the kernel's process connector, drivers/connector/cn_proc.c. The message of a thread that exits holds
its process and its exit code as wait(2) gives it. Needs CAP_NET_ADMIN, and the host's network, user and pid namespaces.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
import time
from array import array
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from tracer.host import procfs
from tracer.host.clock import suspended
from tracer.host.netlink import CONNECTOR, DONE, Netlink, encode
from tracer.host.privileges import in_first_namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CN_IDX_PROC, _CN_VAL_PROC = 1, 1  # include/uapi/linux/connector.h
# include/uapi/linux/cn_proc.h
_LISTEN = 1
_ANSWER, _EXIT, _EXEC = 0, 0x80000000, 0x00000002
# cn_msg (whose, whose, the kernel's count, a number of ours, length), then the operation.
_REQUEST = (
    *(("idx", "I"), ("val", "I"), ("seq", "I"), ("ack", "I"), ("len", "H"), ("flags", "H")),
    ("operation", "I"),
)
# nlmsghdr, cn_msg, then what, cpu, timestamp_ns, process_pid (a thread!), process_tgid, exit_code.
_MESSAGE = Struct("=36xIIQIII")
_WORD = Struct("=I")
_WHAT_AT = 36
# cn_proc_ack(): the number sent plus one, what, errno. Another number, seq, is the kernel's own count.
_ANSWER_AT = (28, _WHAT_AT, 52)
_PATIENCE = 5.0  # seconds; the kernel answers before send() returns
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
        self._connector = _listening()
        self._on_exec = on_exec
        _only(self._connector, (_EXIT, _EXEC) if on_exec else (_EXIT,))
        self._suspended = suspended()
        self._leaders: dict[int, int] = {}
        self.lost = 0

    def fileno(self) -> int:
        return self._connector.fileno()

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
        self._connector.close()

    def _messages(self) -> Iterator[_Message]:
        while True:
            try:
                message = self._connector.receive()
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


def _listening() -> Netlink:
    """A socket that the kernel tells of all processes. pyroute2 knows their messages since 0.7.3: later than Debian
    12 has it."""
    connector = Netlink(CONNECTOR, _CN_IDX_PROC)
    try:
        connector.make_room(_ROOM)
        ours = {"idx": _CN_IDX_PROC, "val": _CN_VAL_PROC, "ack": os.getpid(), "operation": _LISTEN}
        connector.send(encode(DONE, 0, 0, _REQUEST, {"seq": 0, "len": 4, "flags": 0, **ours}))
        _await_answer(connector)
    except BaseException:
        connector.close()
        raise
    return connector


def _await_answer(connector: Netlink) -> None:
    """The kernel's answer to our request, among what all listeners are told: cn_proc_ack()."""
    end = time.monotonic() + _PATIENCE
    ready = select.poll()
    ready.register(connector, select.POLLIN)
    while ready.poll(max(0, 1000 * (end - time.monotonic()))):
        try:
            message = connector.receive()
        except OSError as failed:
            # It was not the kernel who spoke; or so much is told to all that some is lost.
            if failed.errno not in (errno.EAGAIN, errno.ENOBUFS):
                raise
            continue
        if len(message) < _MESSAGE.size:
            continue
        number, what, error = (_WORD.unpack_from(message, at)[0] for at in _ANSWER_AT)
        if (number, what) == (os.getpid() + 1, _ANSWER):
            if error:
                raise OSError(error, os.strerror(error))
            return
    raise TimeoutError(errno.ETIMEDOUT, "the process connector does not answer")


def _only(connector: Netlink, wanted: tuple[int, ...]) -> None:
    """Let the kernel leave out messages of other kinds: struct sock_filter, include/uapi/linux/filter.h.

    Load the word; for each kind, jump to "accept" if it is equal; refuse; accept.
    """
    kinds = len(wanted)
    tests = [(0x15, kinds - n, 0, socket.htonl(kind)) for n, kind in enumerate(wanted)]
    program = array("Q")
    for step in [(0x20, 0, 0, _WHAT_AT), *tests, (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF)]:
        program.append(int.from_bytes(_FILTER.pack(*step), sys.byteorder))
    address, length = program.buffer_info()
    connector.set_filter(_PROGRAM.pack(length, address))
