"""The users of a log's own host, from a copy of its /etc/passwd."""

from __future__ import annotations

from tracer.audit.known import Users
from tracer.model.numbers import whole
from tracer.sources.logs.files import unreadable


def read_passwd(path: str) -> Users:
    """The users in a passwd(5) file; lines that are none are passed over. Raises Problem if it cannot be read."""
    try:
        with open(path, "rb") as stream:
            rows = [line.decode("utf-8", "backslashreplace").split(":") for line in stream]
    except OSError as error:
        raise unreadable(path, error) from error
    found = [(row[0], whole(row[2])) for row in rows if len(row) > 2]
    pairs = [(name, uid) for name, uid in found if uid is not None]
    return Users({uid: name for name, uid in reversed(pairs)}, dict(pairs))
