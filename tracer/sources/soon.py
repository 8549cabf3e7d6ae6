"""A call that goes on beside what Python does: worth it where the call is a library's, outside Python's lock."""

from __future__ import annotations

import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")


def soon(call: Callable[[], T]) -> Callable[[], T]:
    """Let a thread begin the call. What is returned waits for its end, and returns or raises what it did."""
    values: list[T] = []
    errors: list[Exception] = []
    begun, running = _thread.allocate_lock(), _thread.allocate_lock()

    def run() -> None:
        begun.release()
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

    begun.acquire()
    running.acquire()
    _thread.start_new_thread(run, ())
    # Else the thread may wait for Python's lock for as long as sys.getswitchinterval() says, 5 ms.
    begun.acquire()
    return result


def raiser(error: Exception) -> Callable[[], Any]:
    """For a call that has failed before it began."""

    def result() -> Any:
        raise error

    return result
