"""Standard input for two readers: a pipe's text may hold audit records and what others say."""

from __future__ import annotations

import os
import select
import sys
import threading
from typing import IO

_BLOCK = 1 << 16
# So much may wait for a reader while the other one has nothing.
_WAITING_MAX = 1 << 20


def tee_stdin(begun: bytes = b"") -> IO[bytes]:
    """From now on standard input is a copy of what it was, behind ``begun``; a second copy is returned."""
    stdin = sys.stdin.fileno()
    source = os.dup(stdin)
    first, first_end = os.pipe()
    second, second_end = os.pipe()
    os.dup2(first, stdin)
    os.close(first)
    ends = [first_end, second_end]
    threading.Thread(target=_copy, args=(source, ends, begun), daemon=True).start()
    return open(second, "rb", buffering=0)


def _copy(source: int, ends: list[int], begun: bytes) -> None:
    """Until the end, or until nobody reads any more. A reader that waits is fed, whatever the other one does: it may
    be the same thread that reads both."""
    waiting = {end: bytearray(begun) for end in ends}
    for end in ends:
        os.set_blocking(end, False)
    over = False
    while waiting:
        poll = select.poll()
        for end in (end for end, left in waiting.items() if left):
            poll.register(end, select.POLLOUT)
        if not over and (not all(waiting.values()) or _has_room(waiting)):
            poll.register(source, select.POLLIN)
        for fd, _ in poll.poll():
            if fd in waiting:
                _write(fd, waiting)
            else:
                block = _read(source)
                over = not block
                for left in waiting.values():
                    left += block
        for end in [end for end, left in waiting.items() if over and not left]:
            _close(end, waiting)


def _has_room(waiting: dict[int, bytearray]) -> bool:
    return max(map(len, waiting.values())) < _WAITING_MAX


def _read(source: int) -> bytes:
    try:
        return os.read(source, _BLOCK)
    except OSError:
        return b""


def _write(end: int, waiting: dict[int, bytearray]) -> None:
    try:
        done = os.write(end, waiting[end][:_BLOCK])
        del waiting[end][:done]
    except BlockingIOError:
        pass
    except OSError:  # Nobody reads it any more.
        _close(end, waiting)


def _close(end: int, waiting: dict[int, bytearray]) -> None:
    os.close(end)
    del waiting[end]
