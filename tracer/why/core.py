"""What became of a core dump: where it is, or why none was kept, as far as anybody tells."""

from __future__ import annotations

from tracer.model.event import Statement
from tracer.model.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def core_note(said: Iterable[object]) -> str | None:
    """Words of ``systemd-coredump`` on this process, in a sentence; None where it says nothing of that."""
    details: dict[str, object] = {}
    for one in said:
        if isinstance(one, Statement) and one.what == "core dumped":
            details.update(one.details or {})
    return next((words for known, words in _told(details) if known), None)


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
