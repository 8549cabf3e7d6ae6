"""What became of a core dump: where it is, or why none was kept, as far as anybody tells."""

from __future__ import annotations

from itertools import takewhile

from tracer.model.event import Statement
from tracer.model.text import printable

_STACK = b"Stack trace of thread "
FRAMES_MAX, FRAMES_TOLD = 8, 3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def core_note(said: Iterable[object]) -> str | None:
    """Words of ``systemd-coredump`` on this process, in a sentence; None where it says nothing of that."""
    details: dict[str, object] = {}
    for one in said:
        if isinstance(one, Statement) and one.what == "core dumped":
            details.update(one.details or {})
    return next((words for known, words in _told(details) if known), None)


def stack(said: Iterable[object]) -> tuple[str, ...]:
    """The functions that the crashed thread was in, the innermost first: "main (parserd+0x1139)". systemd-coredump writes
    that thread's stack first (src/coredump, elf-util.c)."""
    for one in said:
        if isinstance(one, Statement) and one.what == "core dumped" and one.text is not None:
            _, _, below = one.text.partition(_STACK)
            frames = [_frame(line) for line in below.split(b"\n")[1 : 1 + FRAMES_MAX]]
            told = tuple(takewhile(bool, frames))
            if told:
                return told
    return ()


def frames(stack: Sequence[str]) -> str:
    """The innermost of them in words: a function and its place are not torn apart."""
    told = [frame.replace(" ", "\N{NO-BREAK SPACE}") for frame in stack[:FRAMES_TOLD]]
    more = ["…"] if stack[FRAMES_TOLD:] else []
    return " ←\N{NO-BREAK SPACE}".join([*told, *more])


def _frame(line: bytes) -> str:
    """Of "#0  0x0000563a main (parserd + 0x1139)" the function and the place; "" of another line."""
    words = line.split()
    if len(words) < 3 or not words[0].startswith(b"#"):
        return ""
    text = printable(b" ".join(words[2:]).decode("utf-8", "backslashreplace"))
    return text.replace(" + 0x", "+0x").removeprefix("n/a ")


def _told(details: Mapping[str, object]) -> Iterable[tuple[bool, str]]:
    """What may be said, the most telling first. COREDUMP_RLIMIT is the limit that the process had
    (systemd-coredump(8))."""
    file = details.get("file")
    cut = (
        ", truncated: it was larger than may be kept"
        if details.get("truncated") in (True, 1, "1")
        else ""
    )
    yield file is not None, f"kept in {printable(str(file))}{cut}"
    yield (
        details.get("rlimit") in (0, "0"),
        "none was kept: the process's limit for it was 0 (ulimit -c, LimitCORE=)",
    )
    yield bool(cut), f"one was taken{cut}"
    # The whole entry is there, and a file that is kept is always named. Why none is, it does not say: Storage=, a size of 0
    # (coredump.conf(5)), or a file that could not be written.
    is_whole = "timestamp" in details and details.get("stored") is not False
    yield is_whole, "systemd-coredump names no file"
    yield details.get("stored") is False, "none was kept; systemd-coredump does not say why"
