"""The tools that are compared: how each is started, and how its rows and losses look."""

from __future__ import annotations

import platform
import shutil
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from bench import audit

SIGTRACE = str(Path(sys.executable).with_name("sigtrace"))


def absent(names: Iterable[str]) -> list[str]:
    """Those of these programs and files that are not there."""
    return [name for name in names if not (shutil.which(name) or Path(name).exists())]


@dataclass(frozen=True)
class Tool:
    """A tracer of signals.

    ``command`` may hold {signal}, {sender} and {folder}, the place for files of its own. ``row`` is an
    extended regular expression for a line of its output that shows a signal to {target} (or
    from {sender}), ``lost`` one whose group is a number of lost events, or "some". ``after`` prints what was only
    recorded. ``needs`` are files and programs without which it cannot run. ``waits`` is where in the
    kernel it sleeps when it has attached everything (/proc/PID/wchan, proc(5)). ``around`` puts in place
    what it cannot do without, in a folder, and takes it away; ``stops_by`` is the signal that ends it.
    """

    name: str
    command: tuple[str, ...]
    row: str
    lost: str | None = None
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset(("kill", "tgkill"))
    waits: str = "epoll|ep_poll"
    live: bool = True
    many_senders: bool = True
    changes_audit: bool = False
    around: Callable[[Path], AbstractContextManager[object]] = nullcontext
    stops_by: signal.Signals = signal.SIGINT

    @property
    def ours(self) -> bool:
        return self.command[0] == SIGTRACE

    def missing(self) -> list[str]:
        """What is needed and not there."""
        return absent((self.command[0], *self.needs))


def _sigtrace(name: str, *options: str) -> Tool:
    json = "--json" in options
    return Tool(
        name=name,
        command=(SIGTRACE, "--signal", "{signal}", *options),
        row=r'"event": "signal".*"target": \{{"pid": {target},' if json else r" SIG.*\[{target}\]",
        lost=r"shown, ([0-9,]+|some)[^;]* lost",
    )


_TRACEPOINT = "signal:signal_generate"

CORE = _sigtrace("core bare", "--bare")
FULL = _sigtrace("core full")
JSON = _sigtrace("core json", "--json")
JSON_64M = _sigtrace("core json 64M", "--json", "--buffer", "64M")
BCC = _sigtrace("bcc", "--source", "bcc")
AUDIT = replace(_sigtrace("audit", "--source", "audit"), needs=("auditctl",), changes_audit=True)
AUDITD = Tool(
    name="auditd",
    command=("auditd", "-n", "-c", "{folder}/auditd", "-s", "nochange"),
    row=r"^type=OBJ_PID .* opid={target} ",
    after=("cat", "{folder}/auditd/audit.log"),
    needs=("auditctl",),
    waits="poll",
    live=False,
    changes_audit=True,
    around=audit.rules_and_folder,
    stops_by=signal.SIGTERM,
)
SIGSNOOP = Tool(
    name="sigsnoop",
    command=("sigsnoop", "-s", "{signal}"),
    row=r" {signal} +{target} ",
    lost=r"[Ll]ost ([0-9]+) events",
)
BPFTRACE = Tool(
    name="bpftrace",
    command=(
        "bpftrace",
        "-e",
        "tracepoint:signal:signal_generate /args->sig == {signal}/"
        ' {{ printf("%d %d %d\\n", pid, args->pid, args->sig); }}',
    ),
    row=r"^[0-9]+ {target} {signal}",
    lost=r"Lost ([0-9]+) events",
)

TOOLS = (
    CORE,
    FULL,
    JSON,
    BCC,
    AUDIT,
    AUDITD,
    SIGSNOOP,
    Tool(
        name="killsnoop",
        command=("killsnoop-bpfcc", "-s", "{signal}"),
        row=r" {signal} +{target} ",
        lost=r"[Ll]ost ([0-9]+) samples",
        waits="poll",
        needs=(f"/lib/modules/{platform.release()}/build",),
        kinds=frozenset(("kill",)),
    ),
    BPFTRACE,
    Tool(
        name="perf trace",
        command=("perf", "trace", "-a", "-e", _TRACEPOINT, "--filter", "sig=={signal}"),
        row=r"sig: {signal}, .*pid: {target} ",
        lost=r"LOST ([0-9]+) events",
        waits="poll",
    ),
    Tool(
        name="perf record",
        command=(
            *("perf", "record", "-a", "-e", _TRACEPOINT, "--filter", "sig=={signal}"),
            *("-o", "{folder}/record"),
        ),
        row=r"sig={signal} .*pid={target} ",
        lost=r"[Ll]ost ([0-9]+) ",
        after=("perf", "script", "-f", "--show-lost-events", "-i", "{folder}/record"),
        waits="poll",
        live=False,
    ),
    Tool(
        name="strace",
        command=("strace", "-f", "-p", "{sender}", "-e", "trace=kill,tgkill", "-e", "signal=none"),
        row=r"kill\(({target}|{sender}, {target}), SIG",
        waits="do_wait",
        many_senders=False,
    ),
)
# Ours that a quick run checks.
QUICK = (CORE, FULL, JSON, JSON_64M, BCC)
