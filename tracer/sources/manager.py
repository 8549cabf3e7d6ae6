"""What a manager shows of its units now → events: the last end of each main process, why, and what became of the unit."""

from __future__ import annotations

from zlib import crc32

from tracer.model.event import Exit, Process, Statement, exit_id
from tracer.model.frozen import replace
from tracer.model.witness import STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracer.host.manager import State
    from tracer.model.event import Details, Event

_SYSTEMD = Process(1, comm=b"systemd")
# Results that say how the run ended: the first failure of a run stays (service_enter_signal(), src/core/service.c).
# "start-limit-hit", "resources", "protocol" and "exec-condition" are of a start that did not come about.
OF_AN_END = frozenset(("timeout", "exit-code", "signal", "core-dump", "watchdog", "oom-kill"))
# A unit leaves its active state before its main process ends for a stop job, a limit, or on the process's own word:
# STOPPING=1 (sd_notify(3)), a name that it gives back (systemd.service(5), Type=dbus). Of these nobody has asked.
_SILENT_TYPES = frozenset(("simple", "exec", "forking", "oneshot", "idle"))
# Results of what a manager does to a process: one that exits then has been told to.
_OF_A_MANAGER = frozenset(("timeout", "watchdog", "oom-kill"))
_OF_A_STOP = frozenset(("success", "exit-code", "signal", "core-dump"))


def told(states: Iterable[State], host: str) -> list[Event]:
    """What they tell, in no order: times are whole seconds. Of a unit whose main process has not ended yet its state
    alone. ``host`` is this one, as the other witnesses call it."""
    return [replace(event, host=host) for state in states for event in _of_unit(state)]


def _of_unit(state: State) -> Iterator[Exit | Statement]:
    if state.code is not None and state.exited is not None and state.pid is not None:
        yield from _of_end(state)
    since = state.active_since if state.active == "active" else state.inactive_since
    if since is not None and state.active in ("active", "failed", "inactive"):
        named = ("active", "sub", "result", "restart", "restarts", "stop_timeout", "oom_policy")
        details: Details = {n: v for n in named if (v := getattr(state, n)) is not None}
        if state.active == "active" and state.pid is not None and state.code is None:
            details["main_pid"] = state.pid
        # A unit that runs again is told of for the run before, too.
        run = None if state.active == "active" else state.invocation
        yield _said(state, since, "unit state", f"ActiveState={state.active}", details, run)


def _of_end(state: State) -> Iterator[Exit | Statement]:
    time, pid = state.exited, state.pid
    assert time is not None
    run = state.invocation if state.is_of_its_run else None
    reasons = list(_reasons(state, time, run)) if state.is_of_its_run else []
    may_be_asked = state.was_stopping or state.result in _OF_A_MANAGER
    by_signal = state.code != "exited"
    if state.status is None or (may_be_asked and not (by_signal or reasons)):
        # It may have been told to end, or not: then a status of its own proves nothing.
        return
    yield Exit(
        time,
        exit_id(time, pid),
        STATE,
        Process(pid, ppid=1, cgroup=state.cgroup, unit=state.unit, invocation=run),
        state.status if by_signal else None,
        None if by_signal else state.status,
        {"killed": False, "dumped": True}.get(state.code or ""),
    )
    yield from reasons
    if state.is_of_its_run and state.result in OF_AN_END:
        details: Details = {"result": state.result}
        yield _said(state, time, "unit failed", f"Result={state.result}", details, run)


def _reasons(state: State, time: int, run: bytes | None) -> Iterator[Statement]:
    """What the state proves that its manager did about this run."""
    if state.left_active is not None and (_is_asked(state) or _timed_out_stopping(state)):
        text = "ActiveExitTimestamp= is before ExecMainExitTimestamp="
        yield _said(state, state.left_active, "stop asked", text, None, run)
    if _timed_out_stopping(state):
        yield _said(state, time, "stop timeout", "Result=timeout", None, run)
    if state.result == "watchdog":
        yield _said(state, time, "watchdog", "Result=watchdog", None, run)


def _is_asked(state: State) -> bool:
    """Whether a stop job is the only reason for which the unit can have left its active state before the end."""
    is_silent = state.notify_access == "none" and state.kind in _SILENT_TYPES
    return bool(state.was_stopping) and is_silent and state.result in _OF_A_STOP


def _timed_out_stopping(state: State) -> bool:
    """Whether the time for stopping is the only one that can have run out: it was active, and may run for ever."""
    may_run = state.runtime_max == "infinity"
    return bool(state.was_stopping) and state.result == "timeout" and may_run


def _said(
    state: State, time: int, what: str, text: str, details: Details | None, run: bytes | None
) -> Statement:
    about = Process(unit=state.unit, invocation=run)
    own = crc32(b"%b\0%b\0%b" % (what.encode(), state.unit or b"", text.encode()))
    return Statement(
        time,
        f"{time:x}-{what.replace(' ', '-')}-{own:x}",
        STATE,
        what,
        by=_SYSTEMD,
        about=about,
        details=details,
        text=f"{(state.unit or b'').decode('utf-8', 'replace')}: {text}".encode(),
        believed=True,
    )
