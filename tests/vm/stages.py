"""Each stage of a long run on a line of its own, with its time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str) -> None:
    print(f"vm: {text}", flush=True)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Announce a stage, and say how long it took and whether it failed."""
    say(f"{name} ...")
    started = time.monotonic()
    end = "FAILED"
    try:
        yield
        end = "done"
    finally:
        say(f"{name}: {end}, {time.monotonic() - started:.1f} s")
