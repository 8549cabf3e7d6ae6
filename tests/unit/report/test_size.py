"""The page's size: so much for itself, and so much for each kind of death."""

from __future__ import annotations

import hashlib
import re

import pytest
from report.scene import report
from why.told import S, at, exited, sent

from tracer.model.coverage import KINDS, Coverage, Gap, Span
from tracer.model.event import Ancestor, Exec, Exit, Failed, Place, Process, Statement
from tracer.model.frozen import replace
from tracer.model.signals import NUMBERS
from tracer.report.files import split
from tracer.report.page import page

OWN, EACH = 100_000, 1_000  # bytes
UNITS, SENDERS = 30, 4  # so many lanes have room
FILE = "/var/lib/sigtrace/recording/web3-{0}-20261127T083000.000301108Z-20261127T094503.198949411Z.jsonl.gz"
# Of twenty kinds, so many come again so often.
TURNS = {3: 2, 5: 6, 7: 40}
FORMS = ("exit", "crash", "cron", "oom", "stop timeout", "exit", "crash", "log")


def word(*seed):
    """Eight letters that come from nothing else."""
    return hashlib.sha256(repr(seed).encode()).hexdigest()[:8]


class Life:
    """Deaths of a host, no two of a kind: program, unit, sender, command lines, parents, times and lines differ."""

    def __init__(self):
        self.events, self._line = [], 0

    def add(self, event):
        """It is written in one of the recording's pieces."""
        self._line += 1
        place = Place(line=self._line, recording=FILE.format(word(self._line // 900) * 4))
        self.events.append(replace(event, place=place))
        return event

    def death(self, number, turn=0):
        second, unit = (
            71.713 * number + 1013.7 * turn,
            f"{word('unit', number % UNITS)}-api.service".encode(),
        )
        target = self._process(number, "worker", 20, unit, turn)
        form = FORMS[number % len(FORMS)]
        if form in ("exit", "log"):
            if form == "log":
                text = f"{unit.decode()}: Main process exited, code=exited, status=3/NOTIMPLEMENTED"
                self._said(second + 0.1, "unit failed", unit, text)
            self.add(exited(second, 1 + number % 250, target))
            return
        if form == "crash":
            signal = sent(second, "SEGV", None, target, origin="fault")
        elif form == "oom":
            signal = sent(second, "KILL", None, target, origin="oom", current=target)
            text = f"Memory cgroup out of memory: Killed process {target.pid} ({target.comm.decode()}) anon-rss:407552kB"
            details = {"scope": "cgroup", "limit_kb": 409600 + number, "anon_rss_kb": 407552}
            self._said(second, "oom report", unit, text, about=target, details=details)
        elif form == "cron":
            signal = sent(
                second, "KILL", self._process(number, "tidy", 40, b"cron.service"), target
            )
        else:
            asker = self._process(number, "deploy", 60, b"session-3.scope")
            self.add(Exec(at(second - 91), f"e{number}-{turn}", "core", asker, host="web3"))
            init = Process(1, comm=b"systemd", uid=0)
            self.add(sent(second - 90, "TERM", init, target))
            signal = sent(second, "KILL", init, target)
        self.add(signal)
        self.add(Exit(at(second + 0.01), f"x{number}-{turn}", "core", target, signal.number, host="web3", cause=signal.id))  # fmt: skip
        if form in ("oom", "stop timeout"):
            text = f"{unit.decode()}: Scheduled restart job, restart counter is at {number}."
            self._said(second + 1, "restart scheduled", unit, text)
        if form == "cron":
            refused = self._process(number, "nagios", 80, b"nagios.service")
            self.add(Failed(at(second + 2), f"r{number}-{turn}", "core", "kill", "EPERM", NUMBERS["TERM"], refused, target, host="web3"))  # fmt: skip

    def _process(self, number, what, at_pid, unit, turn=0):
        name = f"{word(number if what == 'worker' else number % SENDERS, what)}".encode()
        at_pid += 200_000 * turn
        path = f"/srv/{word(number, what, 'path')}"
        parents = tuple(Ancestor(3000 + 100 * number + at_pid + step, f"{word(number, what, step)}".encode()) for step in (1, 2))  # fmt: skip
        return Process(
            3000 + 100 * number + at_pid, comm=name, uid=1000 + number, unit=unit, start=at(50 * number) - 99 * S,
            argv=(b"/usr/bin/" + name, b"--" + what.encode(), f"--job={number * 7919}".encode(), path.encode()),
            ancestors=(*parents, Ancestor(1, b"systemd")),
        )  # fmt: skip

    def _said(self, second, what, unit, text, *, about=None, **more):
        about = about or Process(unit=unit)
        own = f"t{second}{what}"
        self.add(Statement(at(second), own, "journal", what, Process(1, comm=b"systemd"), about, text=text.encode(), believed=True, host="web3", **more))  # fmt: skip


@pytest.mark.parametrize("kinds", [50, 600])
def test_a_page_is_as_big_as_what_it_tells(kinds):
    life = Life()
    for number in range(kinds):
        for turn in range(TURNS.get(number % 20, 1)):
            life.death(number, turn)
    gaps = tuple(Gap(at(1000 * hour), at(1000 * hour + 9), hour, "the ring was full") for hour in range(20))  # fmt: skip
    sight = [Coverage("core", tuple(KINDS), (Span(at(-100), at(100_000)),), gaps, host="web3")]
    data = report(sorted(life.events, key=lambda one: one.time), sight)
    assert len(data["kinds"]) == kinds
    made = page(data)
    whole = len(made.encode())
    drawn = made.partition('<svg id="timeline"')[2].partition("</svg>")[0]
    assert set(re.findall('href="#(d[0-9]+)"', drawn)) == {kind["id"] for kind in data["kinds"]}
    assert whole <= OWN + EACH * kinds


CURSOR = "s=1c0d;i=7f1;b=16f9;m=2a;t=65;x=9"


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("/var/log/messages:73", ("/var/log/messages", ":73")),
        ("/var/log/a:b;i=c", ("/var/log/a:b;i=c", "")),
        ("s=odd;name:7", ("s=odd;name", ":7")),
        (CURSOR, ("s=1c0d", ";i=7f1")),
    ],
)
def test_a_place_is_a_file_and_what_follows(place, parts):
    assert split(place) == parts
    assert place.startswith("".join(parts))


def test_a_file_is_named_once_and_a_line_above_is_not_said_again():
    job = Process(
        7, comm=b"job", argv=(b"/usr/bin/job", b"--all"), ancestors=(Ancestor(5, b"cron"),)
    )
    signal = replace(sent(1, "ABRT", job, job), place=Place("/var/log/of-job", 3))
    death = Exit(at(1.1), "x", "core", job, signal.number, host="web3", cause=signal.id)
    text = page(report([signal, replace(death, place=Place("/var/log/of-job", 4))]))
    deaths = text.partition('<h2 id="deaths">')[2].partition("<h2")[0]
    assert '<li id="F1">F1 <code>/var/log/of-job</code></li>' in text
    assert text.count("/var/log/of-job") == 1
    assert ['<a href="#F1">F1:3</a>' in deaths, '<a href="#F1">F1:4</a> ″</li>' in deaths] == [
        True
    ] * 2
    assert [deaths.count("/usr/bin/job --all"), deaths.count("← cron[5]")] == [1, 1]
