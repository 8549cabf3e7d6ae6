"""A call that goes on beside what Python does: worth it where the call is a library's, outside Python's lock."""

from __future__ import annotations

import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


def soon(call: Callable[[], T]) -> Callable[[], T]:
    """Start the call in a thread. What is returned waits for its end, and returns or raises what it did."""
    values: list[T] = []
    errors: list[Exception] = []
    running = _thread.allocate_lock()

    def run() -> None:
        try:
            values.append(call())
        except Exception as error:
            errors.append(error)
        finally:
            running.release()

    def result() -> T:
        with running:
            for error in errors:
                raise error
            return values[0]

    running.acquire()
    _thread.start_new_thread(run, ())
    return result
