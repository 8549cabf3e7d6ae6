"""Where a login came from: sshd's own line, joined by its pid, or by the session that logind began for it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from tracer.model.event import Statement
from tracer.model.frozen import replace
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tracer.model.event import Event, Process
    from tracer.model.verdict import Who

# The part of sshd that writes the line is a parent of all that its login runs (session.c, do_exec_pty()).
_SSHDS = frozenset((b"sshd", b"sshd-session", b"sshd-auth"))
# What is said of logins; sessions are numbered anew from each boot on.
LOGINS = ("logged in", "session began", "boot")
# PAM begins the session when sshd has accepted (pam_systemd(8)).
_SOON = 30 * SECOND


class Logins:
    """What is said of logins, found by the sshd that says it, by session and by time; in the order that it is told in."""

    def __init__(self, events: Iterable[Event]) -> None:
        said = [
            one
            for one in events
            if isinstance(one, Statement) and one.what in LOGINS and one.believed is not False
        ]
        self._entered = [one for one in said if one.what == "logged in"]
        self._by_sshd: dict[int, list[Statement]] = {}
        for one in self._entered:
            if one.by is not None and one.by.pid is not None:
                self._by_sshd.setdefault(one.by.pid, []).append(one)
        self._began: dict[str, list[Statement]] = {}
        for one in said:
            if one.what == "session began":
                self._began.setdefault(str(_detail(one, "session")), []).append(one)
        self._boots = [one for one in said if one.what == "boot"]
        self._by_time = sorted((one.time or 0, at) for at, one in enumerate(self._entered))

    def of(self, process: Process, is_meant: Callable[[Statement], bool]) -> Statement | None:
        """Who logged in, of those that are meant."""
        return self._by_parents(process, is_meant) or self._by_session(process, is_meant)

    def _by_parents(
        self, process: Process, is_meant: Callable[[Statement], bool]
    ) -> Statement | None:
        """That of the sshd that it descends from: a pid that is used again has a later start."""
        found = [
            one
            for step in process.ancestors
            if step.comm in _SSHDS and step.start is not None
            for one in self._by_sshd.get(step.pid, ())
            if (one.time or 0) >= step.start - SECOND and is_meant(one)
        ]
        return max(found, key=lambda one: one.time or 0, default=None)

    def _by_session(
        self, process: Process, is_meant: Callable[[Statement], bool]
    ) -> Statement | None:
        """That with which its session began: of the session's leader, else the only one of its user just before."""
        session = _session_of(process)
        began = [] if session is None else [*filter(is_meant, self._began.get(session, ()))]
        if not began:
            return None
        last = began[-1]
        if any((one.time or 0) > (last.time or 0) and is_meant(one) for one in self._boots):
            return None
        near = [*filter(is_meant, self._around(last.time or 0))]
        leader = None if last.about is None else last.about.pid
        if leader is not None:
            near = [one for one in near if one.by is not None and one.by.pid == leader]
        else:
            near = [one for one in near if _detail(one, "user") == _detail(last, "user")]
        return near[0] if len(near) == 1 else None

    def _around(self, time: int) -> list[Statement]:
        begin = bisect_left(self._by_time, (time - _SOON, -1))
        end = bisect_right(self._by_time, (time + _SOON, len(self._by_time)))
        return [self._entered[at] for _, at in self._by_time[begin:end]]


def with_address(who: Who | None, logins: Logins, time: int, host: str | None) -> Who | None:
    """The same with the address of its login, where sshd's line of it, from before that time, is there."""
    process = None if who is None else who.asked or who.sender
    if who is None or who.login is None or process is None:
        return who
    login = logins.of(
        process, lambda one: (one.time or time) < time and host in (None, one.host or host)
    )
    details = {} if login is None else login.details or {}
    address = details.get("address")
    if address is None or who.login.user not in (None, details.get("user")):
        return who
    return replace(who, login=replace(who.login, address=str(address)))


def _session_of(process: Process) -> str | None:
    """logind numbers a session as audit does, where audit has a number for it (session_id, logind-dbus.c)."""
    unit = process.unit or b""
    if unit.startswith(b"session-") and unit.endswith(b".scope"):
        return unit[len(b"session-") : -len(b".scope")].decode("utf-8", "replace")
    return None if process.session is None else str(process.session)


def _detail(said: Statement, name: str) -> object:
    return (said.details or {}).get(name)
