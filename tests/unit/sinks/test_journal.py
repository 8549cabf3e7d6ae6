"""What the journal is told of deaths, and how much of it."""

from __future__ import annotations

import pytest

from tracer.model.event import Ancestor, Exit, Process, Signal
from tracer.model.frozen import replace
from tracer.sinks.journal import DEATH, MOST, TOO_MANY, Journal
from tracer.why.sentence import sentence, verdict_on

SECOND = 1_000_000_000
NOON = 1_764_000_000 * SECOND
NGINX = Process(
    pid=812,
    comm=b"nginx",
    uid=0,
    start=NOON - 9 * SECOND,
    argv=(b"nginx", b"-s", b"secret"),
    cgroup=b"/system.slice/nginx.service",
    unit=b"nginx.service",
    invocation=b"f" * 32,
)
PKILL = Process(
    pid=991,
    comm=b"pkill",
    uid=0,
    user="root",
    argv=(b"pkill", b"-9", b"nginx"),
    ancestors=(
        Ancestor(990, b"deploy.sh", argv=(b"bash", b"secret.sh")),
        Ancestor(985, b"sshd", argv=(b"sshd: alice@pts/1",)),
        Ancestor(1, b"systemd"),
    ),
    loginuid=1000,
)


def told(*events, steady=lambda: 0.0):
    sent: list[dict[str, str]] = []

    def say(end, near):
        verdict = verdict_on(end, near)
        return verdict and sentence(verdict)

    journal = Journal(sent.append, say, steady)
    for event in events:
        journal.write(event)
    return sent, journal


def death(number: int = 9, process: Process = NGINX, **signal):
    sent = Signal(
        NOON,
        "s1",
        "core",
        number,
        outcome="delivered",
        target=process,
        **{"origin": "kill", "sender": PKILL, **signal},
    )
    return sent, Exit(NOON + 1000, "e1", "core", process, number=number, cause="s1", after_ns=1000)


def test_the_unit_hears_who_did_it():
    (entry,), _ = told(*death())
    assert (
        entry["MESSAGE"]
        == "nginx[812] was killed with SIGKILL by pkill[991] ← deploy.sh ← sshd (alice)"
    )
    assert entry["MESSAGE_ID"] == DEATH
    assert entry["OBJECT_SYSTEMD_UNIT"] == "nginx.service"
    assert entry["OBJECT_SYSTEMD_INVOCATION_ID"] == "f" * 32
    assert entry["PRIORITY"] == "4"
    assert entry["SIGTRACE_SENDER_COMM"] == "pkill"
    assert entry["SIGTRACE_SENDER_LOGINUID"] == "1000"
    assert "secret" not in str(entry)


@pytest.mark.parametrize(
    ("origin", "number", "words"),
    [
        ("oom", 9, "nginx[812] was killed by the kernel: out of memory"),
        ("fault", 11, "nginx[812] crashed: SIGSEGV"),
        ("pipe", 13, "nginx[812] was ended by a broken pipe: nobody read what it wrote"),
    ],
)
def test_the_kernels_own_reasons(origin: str, number: int, words: str):
    (entry,), _ = told(*death(number, origin=origin, sender=None))
    assert entry["MESSAGE"] == words


def test_an_unknown_sender_is_not_guessed():
    _sent, end = death()
    (entry,), _ = told(replace(end, cause=None))
    assert "pkill" not in entry["MESSAGE"]
    assert "SIGTRACE_SENDER_PID" not in entry


def test_who_belongs_to_no_unit_is_not_told_of():
    stray = replace(NGINX, cgroup=b"/", unit=None)
    sliced = replace(NGINX, cgroup=b"/user.slice", unit=b"user.slice")
    assert told(*death(process=stray))[0] == []
    assert told(*death(process=sliced))[0] == []


def test_an_exit_is_no_death_by_a_signal():
    assert told(Exit(NOON, "e", "core", NGINX, status=1))[0] == []


def test_a_users_unit_is_told_through_its_manager():
    cgroup = b"/user.slice/user-1000.slice/user@1000.service/app.slice/editor.service"
    process = replace(NGINX, cgroup=cgroup, unit=b"editor.service")
    (entry,), _ = told(*death(process=process))
    assert entry["OBJECT_SYSTEMD_UNIT"] == "user@1000.service"
    assert entry["OBJECT_SYSTEMD_USER_UNIT"] == "editor.service"
    assert "OBJECT_SYSTEMD_INVOCATION_ID" not in entry


def test_thirty_a_minute_and_then_how_many_more():
    now = [0.0]
    sent, journal = told(steady=lambda: now[0])
    for _ in range(MOST + 12):
        for event in death():
            journal.write(event)
    assert len(sent) == MOST
    assert journal.due() == 60.0
    now[0] = 60.0
    journal.flush()
    assert (sent[-1]["MESSAGE_ID"], sent[-1]["SIGTRACE_COUNT"]) == (TOO_MANY, "12")
    for event in death():
        journal.write(event)
    assert sent[-1]["MESSAGE_ID"] == DEATH


def test_names_cannot_forge_a_line():
    evil = replace(PKILL, comm=b"x\nOBJECT=1\x1b[2J")
    (entry,), _ = told(*death(sender=evil))
    assert all(value.isprintable() for value in entry.values())
