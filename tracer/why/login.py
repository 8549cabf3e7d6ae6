"""Where a login came from: sshd's own line, joined by its pid, or by the session that logind began for it."""

from __future__ import annotations

from tracer.model.event import Statement
from tracer.model.frozen import replace
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracer.model.event import Event, Process
    from tracer.model.verdict import Who

# The part of sshd that writes the line is a parent of all that its login runs (session.c, do_exec_pty()).
_SSHDS = frozenset((b"sshd", b"sshd-session", b"sshd-auth"))
# What is said of logins; sessions are numbered anew from each boot on.
LOGINS = ("logged in", "session began", "boot")
# PAM begins the session when sshd has accepted (pam_systemd(8)).
_SOON = 30 * SECOND


def with_address(who: Who | None, events: Iterable[Event], time: int, host: str | None) -> Who | None:  # fmt: skip
    """The same with the address of its login, where sshd's line of it, from before that time, is there."""
    if who is None or who.login is None:
        return who
    said = [
        one
        for one in events
        if isinstance(one, Statement)
        and one.what in LOGINS
        and one.believed is not False
        and (one.time or time) < time
        and host in (None, one.host or host)
    ]
    entered = [one for one in said if one.what == "logged in"]
    process = who.asked or who.sender
    if process is None or not entered:
        return who
    login = _by_parents(process, entered) or _by_session(process, said, entered)
    details = {} if login is None else login.details or {}
    if login is None or who.login.user not in (None, details.get("user")):
        return who
    return replace(who, login=replace(who.login, address=str(details["address"])))


def _by_parents(process: Process, entered: Sequence[Statement]) -> Statement | None:
    """That of the sshd that it descends from: a pid that is used again has a later start."""
    starts = {
        step.pid: step.start
        for step in process.ancestors
        if step.comm in _SSHDS and step.start is not None
    }
    for one in reversed(entered):
        start = None if one.by is None or one.by.pid is None else starts.get(one.by.pid)
        if start is not None and (one.time or 0) >= start - SECOND:
            return one
    return None


def _by_session(
    process: Process, said: Sequence[Statement], entered: Sequence[Statement]
) -> Statement | None:
    """That with which its session began: of the session's leader, else the only one of its user just before."""
    session = _session_of(process)
    began = [one for one in said if one.what == "session began" and _detail(one, "session") == session]  # fmt: skip
    if session is None or not began:
        return None
    last = began[-1]
    if any(one.what == "boot" and (one.time or 0) > (last.time or 0) for one in said):
        return None
    near = [one for one in entered if abs((last.time or 0) - (one.time or 0)) <= _SOON]
    leader = None if last.about is None else last.about.pid
    if leader is not None:
        near = [one for one in near if one.by is not None and one.by.pid == leader]
    else:
        near = [one for one in near if _detail(one, "user") == _detail(last, "user")]
    return near[0] if len(near) == 1 else None


def _session_of(process: Process) -> str | None:
    """logind numbers a session as audit does, where audit has a number for it (session_id, logind-dbus.c)."""
    unit = process.unit or b""
    if unit.startswith(b"session-") and unit.endswith(b".scope"):
        return unit[len(b"session-") : -len(b".scope")].decode("utf-8", "replace")
    return None if process.session is None else str(process.session)


def _detail(said: Statement, name: str) -> object:
    return (said.details or {}).get(name)
