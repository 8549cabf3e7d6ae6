"""One entry of a text log or journal, whatever form it was written in: when, on which host, by whom, what.

Every reader of logs (audit, statements) takes these. Who may be believed is decided where an entry is made, once.
"""

from __future__ import annotations

from tracer.model.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracer.model.event import Place


@frozen
class Entry:
    """``time`` is in nanoseconds since the epoch, None where the line has none; ``since_boot`` in nanoseconds, where the
    line has that. ``tag`` is the speaker's name (syslog's tag, SYSLOG_IDENTIFIER), ``pid`` the speaker's. ``text`` is the
    message without prefix, its continuation lines joined by newlines. ``fields`` are a journal's (systemd.journal-fields(7)).

    ``believed``: True where the transport proves who speaks (a journal's kernel transport, uid 0 of PID 1 or of a
    daemon), None where it cannot tell (a text log), False where the entry contradicts itself (a user's process under
    the tag kernel).
    """

    text: bytes
    place: Place | None = None
    time: int | None = None
    since_boot: int | None = None
    host: bytes | None = None
    tag: bytes | None = None
    pid: int | None = None
    believed: bool | None = None
    fields: Mapping[bytes, bytes] | None = None
