"""A morning that went wrong, as a recorder would have kept it, and the report of it: python3 examples/outage.py FOLDER

A service that will not stop, a cron job that kills too much, an OOM, a crash loop, a death while nobody watched. Nothing
is killed for it: the events are made up here. FOLDER gets outage.jsonl (a recording) and outage.html.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tracer import cli
from tracer.model.event import (
    Ancestor,
    Exec,
    Exit,
    Failed,
    Mark,
    Process,
    Signal,
    Statement,
    exit_id,
    lost,
)
from tracer.model.frozen import replace
from tracer.model.signals import NUMBERS
from tracer.model.spelling import to_object

SECOND = 1_000_000_000
BEGIN = 1_795_768_200 * SECOND  # 2026-11-27 08:30:00 UTC
HOST = "web3"
KINDS = ["sends", "kernel", "outcomes", "deaths", "refused", "oom", "statements", "commands"]
SYSTEMD = Process(1, comm=b"systemd", uid=0, user="root")
CRON = (Ancestor(970, b"sh"), Ancestor(702, b"cron"), Ancestor(1, b"systemd"))
LOGIN = (
    Ancestor(3102, b"sudo", argv=(b"sudo", b"systemctl", b"restart", b"webapp")),
    Ancestor(3001, b"bash"),
    Ancestor(2990, b"sshd", argv=(b"sshd: alice@pts/1",)),
    Ancestor(1, b"systemd"),
)


class Story:
    """Events with their ids, in the order in which they happened."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def text(self) -> str:
        """One line of JSON each."""
        ordered = sorted(self.events, key=lambda event: event.time)  # type: ignore[attr-defined]
        return "".join(json.dumps(to_object(event)) + "\n" for event in ordered)  # type: ignore[arg-type]

    def mark(self, seconds: float, what: str) -> None:
        details = {"version": "1", "source": "core", "kinds": KINDS}
        self.events.append(Mark(at(seconds), f"{at(seconds):x}-{what}", "recorder", what, details if what == "begin" else None, host=HOST))  # fmt: skip

    def sent(self, seconds: float, name: str, sender: Process | None, target: Process, **more: object) -> Signal:  # fmt: skip
        known = {"origin": "kill", "outcome": "delivered", "call": "kill", "host": HOST, **more}
        own = f"{at(seconds):x}-{name}-{target.pid}"
        signal = Signal(at(seconds), own, "core", NUMBERS[name], sender=sender, target=target, **known)  # type: ignore[arg-type]  # fmt: skip
        self.events.append(signal)
        return signal

    def died(self, seconds: float, of: Process, signal: Signal | None, **more: object) -> None:
        known = {"host": HOST, **more}
        if signal is not None:
            known = {"number": signal.number, "cause": signal.id, "after_ns": at(seconds) - signal.time, **known}  # fmt: skip
        self.events.append(Exit(at(seconds), exit_id(at(seconds), of.pid), "core", of, **known))  # type: ignore[arg-type]

    def said(self, seconds: float, what: str, unit: bytes, text: bytes, *, by: Process = SYSTEMD, about: Process | None = None, **details: object) -> None:  # fmt: skip
        own = f"{at(seconds):x}-{what.replace(' ', '-')}"
        self.events.append(Statement(at(seconds), own, "journal", what, by, about or Process(unit=unit), details=details or None, text=text, believed=True, host=HOST))  # type: ignore[arg-type]  # fmt: skip

    def ran(self, seconds: float, process: Process) -> None:
        self.events.append(Exec(at(seconds), f"{at(seconds):x}-exec-{process.pid}", "core", process, host=HOST))  # fmt: skip


def at(seconds: float) -> int:
    """So many seconds after the recording began."""
    return BEGIN + round(seconds * 1000) * 1_000_000


def run_of(pid: int, comm: bytes, unit: bytes, born: float, *argv: bytes) -> Process:
    """The main process of a unit."""
    return Process(pid, comm=comm, uid=33, user="www-data", ppid=1, argv=argv or (b"/usr/bin/" + comm,), unit=unit, start=at(born))  # fmt: skip


def story() -> Story:
    """The morning."""
    told = Story()
    told.mark(0, "begin")
    a_cron_job_that_kills(told)
    an_oom(told)
    a_crash_loop(told)
    a_service_that_will_not_stop(told)
    a_death_in_a_gap(told)
    told.mark(16_000, "end")
    return told


def a_cron_job_that_kills(told: Story) -> None:
    """It means the old workers, and gets all of them: each minute, three at once."""
    unit = b"orders-api.service"
    for minute in range(12):
        second = 60 * minute + 120
        pkill = Process(4000 + minute, comm=b"pkill", uid=1001, user="deploy", argv=(b"pkill", b"-9", b"-f", b"orders-worker"), ancestors=CRON, unit=b"cron.service")  # fmt: skip
        for worker in range(3):
            target = replace(
                run_of(5000 + 10 * minute + worker, b"orders-worker", unit, second - 55), ppid=880
            )
            signal = told.sent(second + 0.001 * worker, "KILL", pkill, target)
            told.died(second + 0.002 + 0.001 * worker, target, signal)
    nagios = Process(812, comm=b"check_procs", uid=112, user="nagios", argv=(b"/usr/lib/nagios/check_procs", b"--reload"))  # fmt: skip
    target = run_of(880, b"orders-api", unit, -9000)
    for hour in range(3):
        told.events.append(
            Failed(
                at(700 + 60 * hour),
                f"{at(700 + 60 * hour):x}-refused",
                "core",
                "kill",
                "EPERM",
                NUMBERS["HUP"],
                nagios,
                target,
                host=HOST,
            )
        )


def an_oom(told: Story) -> None:
    unit = b"billing.service"
    target = run_of(19635, b"billing-import", unit, 880, b"/opt/billing/import", b"--all")
    signal = told.sent(921.2, "KILL", None, target, origin="oom", call=None, current=target)
    told.said(
        921.2, "oom report", unit,
        b"Memory cgroup out of memory: Killed process 19635 (billing-import) anon-rss:407552kB",
        by=Process(comm=b"kernel"), about=target, scope="cgroup", cgroup="/system.slice/billing.service",
        limit_kb=409600, usage_kb=409600, anon_rss_kb=407552, invoker="billing-import", invoker_pid=19635,
    )  # fmt: skip
    told.died(921.24, target, signal)
    told.said(921.3, "unit failed", unit, b"billing.service: Failed with result 'oom-kill'.", result="oom-kill")  # fmt: skip
    told.said(926.3, "restart scheduled", unit, b"billing.service: Scheduled restart job, restart counter is at 1.", restarts=1)  # fmt: skip


def a_crash_loop(told: Story) -> None:
    unit = b"thumbnailer.service"
    for turn in range(40):
        second = 1000 + 5.1 * turn
        target = run_of(7000 + turn, b"thumbnailer", unit, second - 0.2)
        signal = told.sent(second, "SEGV", None, target, origin="fault", code=1, address=0x18, call=None)  # fmt: skip
        told.died(second + 0.05, target, signal, core=True)
        told.said(second + 0.1, "restart scheduled", unit, b"thumbnailer.service: Scheduled restart job.", restarts=turn + 1)  # fmt: skip


def a_service_that_will_not_stop(told: Story) -> None:
    unit = b"webapp.service"
    target = run_of(2231, b"webapp", unit, -86_400, b"/opt/webapp/bin/webapp", b"--port", b"8080")
    systemctl = Process(3103, comm=b"systemctl", uid=0, user="root", loginuid=1000, tty=b"pts/1", argv=(b"systemctl", b"restart", b"webapp"), ancestors=LOGIN)  # fmt: skip
    told.ran(1300, systemctl)
    told.said(1300.02, "stop asked", unit, b"Stopping webapp.service - The web application...", job_type="restart")  # fmt: skip
    told.sent(1300.03, "TERM", SYSTEMD, target, outcome="handled")
    told.said(1390.05, "stop timeout", unit, b"webapp.service: State 'stop-sigterm' timed out. Killing.", state="stop-sigterm", action="Killing")  # fmt: skip
    signal = told.sent(1390.06, "KILL", SYSTEMD, target)
    told.died(1390.09, target, signal)
    told.said(1390.2, "started", unit, b"Started webapp.service - The web application.")
    nginx = run_of(1350, b"nginx", b"nginx.service", -86_400, b"nginx: master process")
    told.said(1420, "stop asked", b"nginx.service", b"Stopping nginx.service...", job_type="stop")
    request = told.sent(1420.01, "TERM", SYSTEMD, nginx)
    told.died(1420.05, nginx, request)


def a_death_in_a_gap(told: Story) -> None:
    """Hours later, while the recorder could not keep up."""
    told.events.append(lost(at(15_000), "core", 1_800, "the ring is full", HOST))
    told.died(15_000.2, run_of(9120, b"report-job", b"report.service", 14_000), None, number=NUMBERS["KILL"])  # fmt: skip
    told.events.append(lost(at(15_001), "core", 400, "the ring is full", HOST))


def main(folder: str) -> int:
    """Write both files."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    recording = Path(folder, "outage.jsonl")
    recording.write_text(story().text())
    page = Path(folder, "outage.html")
    return cli.main(["report", str(recording), "-o", str(page)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if sys.argv[1:] else "."))
