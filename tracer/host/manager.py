"""What systemd shows of a unit now (systemctl(1), org.freedesktop.systemd1(5)): its last run, though nothing was logged."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time

from tracer.model.frozen import frozen
from tracer.model.names import UNITS_WITH_PROCESSES
from tracer.model.times import moment_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

PROGRAM = "systemctl"
BOOTED = "/run/systemd/system"  # sd_booted(3)
SECONDS = 5.0
ROOM = 1 << 16  # bytes of its output
UNITS_MAX = 8
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@")
_NAME_MAX = 255  # UNIT_NAME_MAX, src/basic/unit-name.h


@frozen
class State:
    """A unit as its manager shows it, and the last run of its main process. ``code`` is exited, killed or dumped, as wait(2)
    has them; ``started``, ``exited``, ``active_since`` and ``inactive_since`` are whole seconds. Those that end with
    ``_us`` are CLOCK_MONOTONIC: only their order counts."""

    unit: bytes | None = None
    kind: str | None = None
    active: str | None = None
    sub: str | None = None
    result: str | None = None
    invocation: bytes | None = None
    cgroup: bytes | None = None
    pid: int | None = None
    code: str | None = None
    status: int | None = None
    started: int | None = None
    exited: int | None = None
    active_since: int | None = None
    inactive_since: int | None = None
    left_active: int | None = None
    exited_us: int | None = None
    active_us: int | None = None
    left_active_us: int | None = None
    left_inactive_us: int | None = None
    notify_access: str | None = None
    restart: str | None = None
    restarts: int | None = None
    oom_policy: str | None = None
    stop_timeout: str | None = None
    runtime_max: str | None = None

    @property
    def is_of_its_run(self) -> bool:
        """Whether the unit's result and invocation are those of the run whose main process is told of: nothing has begun
        since that ended. A unit that waits to be started again, or that was and failed before its main process began, has
        left its inactive state since."""
        left, exited = self.left_inactive_us, self.exited_us
        return left is not None and exited is not None and 0 < left < exited

    @property
    def was_active(self) -> bool | None:
        """Whether that run had come so far before its main process ended; None where that is not told. systemd sets a
        unit's state when it has started the process: service_enter_start(), src/core/service.c."""
        if not self.is_of_its_run or self.active_us is None:
            return None
        assert self.left_inactive_us is not None
        assert self.exited_us is not None
        return self.left_inactive_us <= self.active_us <= self.exited_us

    @property
    def was_stopping(self) -> bool | None:
        """Whether the unit had left its active state before its main process ended: then something else than that end was
        the reason. None where it never was active, or that is not told."""
        if not self.was_active or self.active_us is None or self.left_active_us is None:
            return None
        assert self.exited_us is not None
        return self.active_us <= self.left_active_us < self.exited_us


def _word(text: str) -> str | None:
    """One of systemd's own words: auto-restart, oom-kill."""
    is_one = len(text) <= 64 and text.replace("-", "").isalnum() and text.isascii()
    return text if is_one else None


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _positive(text: str) -> int | None:
    """0 stands for what was not yet."""
    return _count(text) or None


def _code(text: str) -> str | None:
    """CLD_EXITED, CLD_KILLED, CLD_DUMPED (sigaction(2)): a number; 0 is of a process that has not ended."""
    return {"1": "exited", "2": "killed", "3": "dumped"}.get(text)


def _run(text: str) -> bytes | None:
    is_one = len(text) == 32 and set(text) <= set("0123456789abcdef")
    return text.encode() if is_one else None


def _span(text: str) -> str | None:
    """1min 30s; infinity."""
    is_one = 0 < len(text) <= 40 and text.replace(" ", "").replace(".", "").isalnum()
    return text if is_one and text.isascii() else None


def _moment(text: str) -> int | None:
    """Fri 2026-11-27 12:34:49 UTC, as format_timestamp() of src/basic/time-util.c writes it; empty or n/a: never."""
    parts = text.split(" ")
    if len(parts) != 4 or parts[3] != "UTC":
        return None
    return moment_of(f"{parts[1]}T{parts[2]}Z")


def unit_of(name: bytes) -> bytes | None:
    """The unit that a name may mean, with its kind; None for what is no name of one. What systemctl would take for a
    pattern or a path is none."""
    whole = name if name.endswith(UNITS_WITH_PROCESSES) else name + b".service"
    is_one = len(whole) <= _NAME_MAX and _LETTERS.issuperset(whole) and not whole.startswith(b".")
    return whole if is_one else None


def _unit(text: str) -> bytes | None:
    name = text.encode("utf-8", "surrogateescape")
    return name if unit_of(name) == name else None


def _path(text: str) -> bytes | None:
    return text.encode("utf-8", "surrogateescape") if text.startswith("/") else None


# The name of each field in systemctl's words, and what reads it.
PROPERTIES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "unit": ("Id", _unit),
    "kind": ("Type", _word),
    "active": ("ActiveState", _word),
    "sub": ("SubState", _word),
    "result": ("Result", _word),
    "invocation": ("InvocationID", _run),
    "cgroup": ("ControlGroup", _path),
    "pid": ("ExecMainPID", _positive),
    "code": ("ExecMainCode", _code),
    "status": ("ExecMainStatus", _count),
    "started": ("ExecMainStartTimestamp", _moment),
    "exited": ("ExecMainExitTimestamp", _moment),
    "active_since": ("ActiveEnterTimestamp", _moment),
    "inactive_since": ("InactiveEnterTimestamp", _moment),
    "left_active": ("ActiveExitTimestamp", _moment),
    "exited_us": ("ExecMainExitTimestampMonotonic", _count),
    "active_us": ("ActiveEnterTimestampMonotonic", _count),
    "left_active_us": ("ActiveExitTimestampMonotonic", _count),
    "left_inactive_us": ("InactiveExitTimestampMonotonic", _count),
    "notify_access": ("NotifyAccess", _word),
    "restart": ("Restart", _word),
    "restarts": ("NRestarts", _count),
    "oom_policy": ("OOMPolicy", _word),
    "stop_timeout": ("TimeoutStopUSec", _span),
    "runtime_max": ("RuntimeMaxUSec", _span),
}
_FIELDS = {name: (field, read) for field, (name, read) in PROPERTIES.items()}


def parsed(text: bytes) -> list[State]:
    """The units of ``systemctl show``, in its order: blocks with an empty line between. What is not understood is None."""
    blocks = text.decode("utf-8", "surrogateescape").split("\n\n")
    return [state for block in blocks if (state := _state(block.split("\n"))).unit is not None]


def _state(lines: Iterable[str]) -> State:
    known = {}
    for line in lines:
        name, _, value = line.partition("=")
        if name in _FIELDS:
            field, read = _FIELDS[name]
            known[field] = read(value)
    return State(**known)


def states(units: Sequence[bytes], *, booted: str, seconds: float = SECONDS) -> list[State]:
    """What the manager shows of these units, as ``unit_of`` gives them; [] where it does not run (there is no ``booted``), or
    does not answer."""
    program = shutil.which(PROGRAM) if units and os.path.isdir(booted) else None
    if program is None:
        return []
    wanted = ",".join(name for name, _ in PROPERTIES.values())
    command = [program, "show", "--no-pager", f"--property={wanted}", "--"]
    try:
        return parsed(_output([*command, *map(os.fsdecode, units[:UNITS_MAX])], seconds))
    except OSError:
        return []


def _output(command: Sequence[str], seconds: float) -> bytes:
    """What it writes; nothing where it takes too long, or writes too much."""
    quiet = {"TZ": "UTC", "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **quiet},
    )
    assert process.stdout is not None
    try:
        return b"".join(_blocks(process.stdout.fileno(), time.monotonic() + seconds))
    except TimeoutError:
        return b""
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def _blocks(fd: int, deadline: float) -> Iterator[bytes]:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    left = ROOM
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        block = os.read(fd, left + 1)
        left -= len(block)
        if not block:
            return
        if left < 0:
            raise TimeoutError
        yield block
    raise TimeoutError
