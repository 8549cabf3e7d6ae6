"""Events as witnesses tell them, short to write: what the tests of ``tracer.why`` are made of."""

from __future__ import annotations

from tracer.model.coverage import KINDS, Coverage, Span
from tracer.model.event import Ancestor, Exec, Exit, Place, Process, Signal, Statement
from tracer.model.signals import NUMBERS

S = 1_000_000_000
NOON = 1_795_780_800 * S
UNIT = b"webapp.service"
SYSTEMD = Process(1, comm=b"systemd")
WEBAPP = Process(2231, comm=b"webapp", unit=UNIT, ppid=1)
PKILL = Process(
    991,
    comm=b"pkill",
    uid=0,
    loginuid=1000,
    argv=(b"pkill", b"-9", b"-x", b"webapp"),
    ancestors=(Ancestor(980, b"tidy-workers"), Ancestor(970, b"cron")),
)
SYSTEMCTL = Process(
    900,
    comm=b"systemctl",
    uid=0,
    loginuid=1000,
    tty=b"pts/1",
    argv=(b"systemctl", b"restart", b"webapp"),
    ancestors=(
        Ancestor(899, b"sudo"),
        Ancestor(800, b"bash"),
        Ancestor(700, b"sshd", argv=(b"sshd: alice@pts/1",)),
    ),
)


def at(seconds):
    """So many seconds after noon."""
    return NOON + int(seconds * S)


def sent(seconds, name, sender=PKILL, target=WEBAPP, source="core", **more):
    """A signal; its id is its second."""
    known = {"origin": "kill", "outcome": "delivered", "host": "web3", **more}
    return Signal(
        at(seconds), f"s{seconds}", source, NUMBERS[name], sender=sender, target=target, **known
    )


def died(seconds, name, process=WEBAPP, source="core", **more):
    return Exit(
        at(seconds), f"x{seconds}", source, process, NUMBERS[name], host="web3", **more
    )  # fmt: skip


def exited(seconds, status, process=WEBAPP, source="core", **more):
    return Exit(at(seconds), f"x{seconds}", source, process, status=status, host="web3", **more)


def unit_died(seconds, name, line=22, unit=UNIT):
    """systemd's line about a main process: it has no pid."""
    return Exit(
        at(seconds), f"u{seconds}", "syslog", Process(unit=unit), NUMBERS[name], host="web3",
        place=Place("messages", line),
    )  # fmt: skip


def said(seconds, what, about=None, by=SYSTEMD, **more):
    about = Process(unit=UNIT) if about is None else about
    return Statement(
        at(seconds), f"t{seconds}{what}", "syslog", what, by, about, host="web3", **more
    )  # fmt: skip


def ran(seconds, process=SYSTEMCTL):
    return Exec(at(seconds), f"e{seconds}", "core", process, host="web3")


def saw(*kinds):
    """Everything of these kinds was watched, all day."""
    assert set(kinds) <= set(KINDS)
    return [Coverage("kernel log", kinds, (Span(0, NOON * 2),), host="web3")]
