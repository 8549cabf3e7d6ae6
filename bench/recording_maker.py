"""Write a recording of a simulated host, as ``sigtrace record`` leaves it: packed pieces, each process with its parents
and command line, no two short processes alike. The same seed gives the same lines.

What happens: daemons recycle their workers, timeouts, deploys by hand with and without an escalation, cron jobs that
kill, crashes and a crash loop, OOM kills, containers and units that exit, terminals, refused attempts, folded storms.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracer.model.event import (
    Ancestor,
    Earlier,
    Exec,
    Exit,
    Failed,
    Mark,
    Oom,
    Process,
    Signal,
    exit_id,
    lost,
    moment,
)
from tracer.model.frozen import replace
from tracer.model.signals import NUMBERS
from tracer.model.spelling import to_object
from tracer.recording.names import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from tracer.model.event import Event

SECOND = 1_000_000_000
BEGIN = 1_795_768_200 * SECOND  # 2026-11-27 08:30:00 UTC
BOOT = "16f9fdf8ec174e3f972e3fc7335f5ff2"
HOST = "web3"
PIECE = 8 << 20  # bytes, as tracer.recording.store packs them
KINDS = ["sends", "kernel", "outcomes", "deaths", "refused", "oom", "commands"]
SYLLABLES = ("ba", "cor", "del", "fin", "gor", "hex", "in", "kel", "lo", "mat", "nu", "os", "pra")
UNITS = 60
KILL, TERM, HUP, INT, USR1, SEGV, ABRT, CONT, ALRM, PIPE, WINCH = (
    NUMBERS[name]
    for name in ["KILL", "TERM", "HUP", "INT", "USR1", "SEGV", "ABRT", "CONT", "ALRM", "PIPE", "WINCH"]
)  # fmt: skip


class Host:
    """Draws what happens next; time goes on with each event."""

    def __init__(self, seed: int, pause: int, host: str = HOST, begin: int = BEGIN) -> None:
        self.host = host
        self._draw = random.Random(seed)
        self._pause = pause
        self._now = begin
        self._pid = 3000
        self._serial = 0
        self._events: list[Event] = []
        self._init = self._process(b"systemd", (b"/sbin/init", b"splash"), b"init.scope", pid=1)
        self._daemons = [self._daemon(at) for at in range(UNITS)]
        self._shell = self._of(
            self._process(b"sshd", (b"sshd: alice@pts/1",), b"session-3.scope", self._init, 2990),
            b"bash", (b"-bash",), tty=b"pts/1", uid=1000,
        )  # fmt: skip
        self._cron = self._process(b"cron", (b"/usr/sbin/cron", b"-f"), b"cron.service", self._init)
        self._looping = self._daemons[7]

    def events(self) -> Iterator[Event]:
        """Without end, in the order of their times."""
        doings, weights = zip(*self._doings().items())
        yield self._mark("begin")
        while True:
            (doing,) = self._draw.choices(doings, weights)
            doing()
            if self._draw.random() < 0.002:
                yield self._mark("state")
            if self._draw.random() < 0.00001:
                yield lost(self._tick(), "core", self._draw.randint(1, 900), "ring", self.host)
            yield from self._events
            self._events.clear()

    def _doings(self) -> dict[Callable[[], None], float]:
        """What happens, and how often of a hundred."""
        return {
            self._worker_is_recycled: 22,
            self._runs_too_long: 14,
            self._logs_are_rotated: 10,
            self._fails_by_itself: 14,
            self._reader_goes_away: 8,
            self._unit_is_restarted: 6,
            self._cron_job_kills: 5,
            self._crashes: 5,
            self._loops: 4,
            self._memory_is_used_up: 3,
            self._terminal: 4,
            self._is_refused: 3,
            self._storm: 2,
        }

    # Who is there.

    def _name(self) -> bytes:
        return "".join(self._draw.choices(SYLLABLES, k=self._draw.randint(2, 4))).encode()

    def _process(self, comm: bytes, argv: tuple[bytes, ...], unit: bytes | None, parent: Process | None = None, pid: int | None = None, **more: Any) -> Process:  # fmt: skip
        if pid is None:
            self._pid = 3000 if self._pid > 4_100_000 else self._pid + self._draw.randint(1, 9)
            pid = self._pid
        slice_ = (
            b"/user.slice/user-1000.slice/" if b"session" in (unit or b"") else b"/system.slice/"
        )
        known: dict[str, Any] = {
            "tid": pid, "comm": comm[:15], "uid": 0, "user": "root", "euid": 0,
            "exe": b"/usr/bin/" + comm, "argv": argv, "unit": unit, "ns_pid": pid,
            "cgroup": None if unit is None else slice_ + unit,
            "cgroup_id": None if unit is None else 1000 + zlib.crc32(unit) % 5000,
            "start": self._now - self._draw.randint(1, 600_000) * 1_000_000,
            "ppid": None if parent is None else parent.pid, "ancestors": _chain(parent), **more,
        }  # fmt: skip
        return Process(pid, **known)

    def _of(self, parent: Process, comm: bytes, argv: tuple[bytes, ...], **more: Any) -> Process:
        known = {"tty": parent.tty, "uid": parent.uid, "euid": parent.uid, **more}
        return self._process(comm, argv, parent.unit, parent, **known)

    def _daemon(self, at: int) -> Process:
        name = self._name()
        argv = (
            b"/usr/bin/" + name,
            b"--config",
            b"/etc/%s/%s.conf" % (name, name),
            b"--foreground",
        )
        uid = 100 + at
        more: dict[str, Any] = {"uid": uid, "euid": uid, "user": f"svc{at}"}
        if at % 4 == 0:
            id_ = b"%064x" % self._draw.getrandbits(256)
            more |= {"container": id_, "ns_pid": 1}
            return self._process(name, argv, b"docker-%s.scope" % id_, self._init, **more)
        return self._process(name, argv, name + b".service", self._init, **more)

    def _worker(self) -> Process:
        daemon = self._draw.choice(self._daemons)
        number = self._draw.randint(1, 10**6)
        argv = (b"/usr/bin/" + (daemon.comm or b""), b"--worker", b"--job=%d" % number, b"/srv/data/%x" % self._draw.getrandbits(48))  # fmt: skip
        return self._of(daemon, daemon.comm or b"", argv, user=daemon.user)

    # What is told of them.

    def _tick(self, least: int = 0) -> int:
        self._now += least + self._draw.randint(1000, 2 * self._pause)
        return self._now

    def _mark(self, what: str) -> Mark:
        time = self._tick()
        details: dict[str, Any] = (
            {"events": self._serial, "lost": 0, "bytes": 700 * self._serial}
            if what == "state"
            else {"version": "0.1.0", "kernel": "6.18.44", "boot": BOOT, "source": "core",
                  "kinds": KINDS, "unseen": [], "signals": "all", "exits": "worth telling",
                  "folded": True, "arguments": "kept"}
        )  # fmt: skip
        return Mark(time, f"{time:x}-{what}", "recorder", what, details, host=self.host)

    def rotated(self) -> Mark:
        """What the next piece begins with."""
        return self._mark("rotate")

    def _sent(self, number: int, sender: Process | None, target: Process, outcome: str = "delivered", least: int = 0, **more: Any) -> Signal:  # fmt: skip
        time = self._tick(least)
        self._serial += 1
        known: dict[str, Any] = {"code": 0, "origin": "kill", "scope": "process", "call": "kill", "asked": target.pid, **more}  # fmt: skip
        signal = Signal(time, f"{time:x}-{self._serial:x}", "core", number, outcome=outcome, sender=sender, target=target, host=self.host, **known)  # fmt: skip
        self._events.append(signal)
        return signal

    def _own(self, number: int, target: Process, origin: str, code: int, outcome: str = "delivered", **more: Any) -> Signal:  # fmt: skip
        return self._sent(number, None, target, outcome, origin=origin, code=code, call=None, asked=None, **more)  # fmt: skip

    def _died(self, of: Process, signal: Signal, *, core: bool = False) -> None:
        time = self._now = self._now + self._draw.randint(20_000, 900_000)
        self._events.append(Exit(time, exit_id(time, of.pid), "core", of, signal.number, core=core, cause=signal.id, after_ns=time - moment(signal), host=self.host))  # fmt: skip

    def _exited(self, of: Process, status: int, request: Signal | None = None) -> None:
        time = self._now = self._now + self._draw.randint(2_000_000, 900_000_000)
        more: dict[str, Any] = {}
        if request is not None:
            sender = request.sender
            brief = None if sender is None else Process(sender.pid, comm=sender.comm, start=sender.start)  # fmt: skip
            after = time - moment(request)
            more = {"handled": request.id, "after_ns": after, "answers": Earlier(request.id, request.number, after, brief)}  # fmt: skip
        self._events.append(Exit(time, exit_id(time, of.pid), "core", of, status=status, host=self.host, **more))  # fmt: skip

    def _ran(self, process: Process) -> None:
        time = self._tick()
        self._events.append(
            Exec(time, f"{time:x}-exec-{process.pid}", "core", process, host=self.host)
        )

    # What happens.

    def _worker_is_recycled(self) -> None:
        worker = self._worker()
        daemon = next(one for one in self._daemons if one.pid == worker.ppid)
        signal = self._sent(TERM, daemon, worker, "handled")
        self._exited(worker, 0, signal)

    def _runs_too_long(self) -> None:
        parent = self._of(self._cron, b"sh", (b"/bin/sh", b"-c", b"/opt/jobs/" + self._name()))
        watch = self._of(parent, b"timeout", (b"timeout", b"%d" % self._draw.randint(5, 900), b"rsync", b"-a"))  # fmt: skip
        job = self._of(watch, b"rsync", (b"rsync", b"-a", b"/srv/%x" % self._draw.getrandbits(40), b"backup:/%x" % self._draw.getrandbits(40)))  # fmt: skip
        self._own(ALRM, watch, "timer", -2, "handled")
        signal = self._sent(TERM, watch, job)
        self._sent(CONT, watch, job, "ignored", why="exiting")
        self._died(job, signal)

    def _logs_are_rotated(self) -> None:
        rotating = self._of(self._cron, b"logrotate", (b"/usr/sbin/logrotate", b"/etc/logrotate.conf"))  # fmt: skip
        for daemon in self._draw.sample(self._daemons, 3):
            number = self._draw.choice((HUP, USR1))
            self._sent(number, rotating, daemon, self._draw.choice(("handled", "awaited")))

    def _fails_by_itself(self) -> None:
        self._exited(self._worker(), self._draw.choice((1, 1, 1, 2, 3, 75, 126, 127)))

    def _reader_goes_away(self) -> None:
        writer = self._of(self._shell, b"grep", (b"grep", b"-r", self._name(), b"/var/log/%x" % self._draw.getrandbits(32)))  # fmt: skip
        self._died(writer, self._own(PIPE, writer, "pipe", 0, scope="thread"))

    def _unit_is_restarted(self) -> None:
        at = self._draw.randrange(UNITS)
        daemon = self._daemons[at]
        command = self._of(self._shell, b"systemctl", (b"systemctl", b"restart", daemon.unit or b""))  # fmt: skip
        self._ran(command)
        request = self._sent(TERM, self._init, daemon, "handled")
        self._sent(CONT, self._init, daemon, "ignored", why="SIG_DFL")
        if self._draw.random() < 0.3:
            brief = Process(1, comm=b"systemd", start=self._init.start)
            after = 90 * SECOND
            earlier = Earlier(request.id, TERM, after, brief)
            signal = self._sent(KILL, self._init, daemon, least=after, escalates=earlier)
            self._died(daemon, signal)
        else:
            self._exited(daemon, 0, request)
        self._pid += 1
        self._daemons[at] = replace(daemon, pid=self._pid, tid=self._pid, start=self._now)

    def _cron_job_kills(self) -> None:
        killer = self._of(self._cron, b"pkill", (b"pkill", b"-9", b"-f", b"worker-" + self._name()))
        self._ran(killer)
        for _ in range(self._draw.randint(1, 3)):
            worker = self._worker()
            self._died(worker, self._sent(KILL, killer, worker))

    def _crashes(self) -> None:
        worker = self._worker()
        self._segfault(worker)

    def _segfault(self, process: Process) -> None:
        number, origin, code = self._draw.choice(((SEGV, "fault", 1), (ABRT, "tgkill", -6)))
        if number == ABRT:
            signal = self._sent(ABRT, process, process, origin="tgkill", call="tgkill", code=code)
        else:
            signal = self._own(SEGV, process, origin, code, address=self._draw.getrandbits(47))
        self._died(process, signal, core=True)

    def _loops(self) -> None:
        self._pid += 1
        daemon = replace(self._looping, pid=self._pid, tid=self._pid, start=self._now)
        self._died(daemon, self._own(SEGV, daemon, "fault", 1, address=16), core=True)

    def _memory_is_used_up(self) -> None:
        worker = self._worker()
        signal = self._own(KILL, worker, "oom", 128, oom=Oom("cgroup", worker.cgroup))
        self._died(worker, signal)

    def _terminal(self) -> None:
        command = self._of(self._shell, b"tail", (b"tail", b"-f", b"/var/log/%x" % self._draw.getrandbits(32)))  # fmt: skip
        if self._draw.random() < 0.5:
            self._own(WINCH, command, "tty", 128, "ignored", why="SIG_DFL")
            return
        self._died(command, self._own(INT, command, "tty", 128))

    def _is_refused(self) -> None:
        sender = self._of(self._shell, b"kill", (b"kill", b"%d" % self._draw.randint(2, 9999)))
        time = self._tick()
        self._serial += 1
        self._events.append(Failed(time, f"{time:x}-{self._serial:x}", "core", "kill", self._draw.choice(("EPERM", "ESRCH")), TERM, sender, self._draw.choice(self._daemons), 5, host=self.host))  # fmt: skip

    def _storm(self) -> None:
        one, other = self._draw.sample(self._daemons, 2)
        for _ in range(5):
            self._sent(USR1, one, other, "handled")
        count = self._draw.randint(100, 90_000)
        self._sent(USR1, one, other, "handled", count=count, last=self._now + SECOND)


def _chain(parent: Process | None) -> tuple[Ancestor, ...]:
    if parent is None:
        return ()
    step = Ancestor(parent.pid or 0, parent.comm, parent.start, parent.argv, parent.exe, parent.uid)
    return (step, *parent.ancestors)[:8]


def write(folder: Path, count: int, seed: int = 1, pause: int = 1_300_000) -> int:
    """So many events, about ``pause`` ns apart. Returns the bytes of the lines."""
    folder.mkdir(parents=True, exist_ok=True)
    host = Host(seed, pause)
    lines: list[str] = []
    size = total = first = last = 0

    def pack() -> None:
        packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        packed = packer.compress("".join(lines).encode()) + packer.flush()
        (folder / name_of(HOST, BOOT, first, last)).write_bytes(packed)

    for _, event in zip(range(count), host.events()):
        if size > PIECE:
            pack()
            lines, total, size = [], total + size, 0
        line = json.dumps(to_object(event)) + "\n"
        last = max(last, event.time or 0)
        if not lines:
            first = event.time or 0
        lines.append(line)
        size += len(line)
    pack()
    return total + size


@dataclass(frozen=True)
class Recorded:
    """A recording to be made."""

    events: int

    @property
    def name(self) -> str:
        return f"{self.events}-recorded"

    @property
    def size(self) -> int:
        """About so many bytes, packed."""
        return 100 * self.events

    def make(self, path: Path, scale: float, seed: int) -> None:
        """Write it: a folder."""
        write(path, round(self.events * scale), seed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.recording_maker", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    size = write(options.folder, options.events, options.seed)
    print(f"{options.events:,} events, {size / 1e6:,.0f} MB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
