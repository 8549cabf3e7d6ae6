"""How often the kernel has left out a program, because a task that it had preempted there was running it.

``recursion_misses`` in /proc/self/fdinfo (bpf_prog_show_fdinfo(), kernel/bpf/syscall.c, v5.12): readable
when the right to call bpf(2) is given up, through a file that was opened before.
"""

from __future__ import annotations

import os

from tracer.sources.shape import AGAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What is not told when a program is left out.
TELLS = {
    "on_signal": "signals",
    "on_oom": "oom kills",
    "on_call": "calls",
    "on_exit": "exits",
    "on_command": "commands",
}
_MISSES = b"recursion_misses:"
_ROOM = 4096


class Skips:
    """``programs`` are the attached ones, ``fd_of`` gives the descriptor of each."""

    def __init__(
        self,
        programs: Sequence[str],
        fd_of: Callable[[str], int],
        folder: str = "/proc/self/fdinfo",
    ) -> None:
        self._told: dict[str, list[int]] = {}
        self._before: dict[str, int] = {}
        for name in programs:
            kind = TELLS.get(name[: -len(AGAIN)] if name.endswith(AGAIN) else name)
            if kind:
                files = self._told.setdefault(kind, [])
                files.append(os.open(f"{folder}/{fd_of(name)}", os.O_RDONLY | os.O_CLOEXEC))

    def new(self) -> dict[str, int]:
        """How many of each kind were left out since the last call; of a program that is there twice at most so
        many, for each counts by itself."""
        totals = {kind: min(map(_misses, files)) for kind, files in self._told.items()}
        grown = {kind: total - self._before.get(kind, 0) for kind, total in totals.items()}
        self._before = totals
        return {kind: count for kind, count in grown.items() if count}

    def close(self) -> None:
        for files in self._told.values():
            for file in files:
                os.close(file)
        self._told.clear()


def _misses(file: int) -> int:
    """0 where the kernel does not count: it does not preempt programs either."""
    for line in os.pread(file, _ROOM, 0).splitlines():
        if line.startswith(_MISSES):
            return int(line[len(_MISSES) :])
    return 0
