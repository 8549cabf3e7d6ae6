"""Few words, of which each message of the tables has one in it: what has none of them tells nothing."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Words that many of the tables' literals have in them: each is looked for once instead of all of those.
COMMON = (
    *(b"oom", b"OOM", b"Kill", b"kill", b"SIG", b"exit", b"code=", b"signal", b" timed out", b"atchdog", b"emory"),
    *(b"terminated ", b"Failed", b" sp:", b"omm: ", b"failcnt", b"dumped", b"(pid:", b"success", b"]: segfault", b" shutdown request"),
)  # fmt: skip


def anchors_of(literals: Iterable[bytes]) -> tuple[bytes, ...]:
    """What to look for: each literal has one of these in it."""
    found = dict.fromkeys(
        next((word for word in COMMON if word in literal), literal) for literal in literals
    )
    return tuple(one for one in found if not any(other in one and other != one for other in found))
