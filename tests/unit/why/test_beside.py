"""What happened in the same seconds is shown where the cause, or who it was, is not told; it accuses nobody."""

from __future__ import annotations

import pytest
from told import PKILL, SYSTEMCTL, at, ran, said, sent, unit_died

from tracer.model.event import Process, Statement
from tracer.model.frozen import replace
from tracer.why.beside import MOST
from tracer.why.deaths import deaths_in
from tracer.why.verdict import verdict_of
from tracer.why.words import lines_of

OTHERS = replace(PKILL, argv=(b"pkill", b"-9", b"-x", b"apigateway"))
OTHER = Process(unit=b"other.service")


def sudo(seconds, command):
    """sudo's own line, of whole seconds."""
    details = {"user": "bob", "as_user": "root", "command": command}
    text = f"bob : USER=root ; COMMAND={command}".encode()
    by = Process(77, comm=b"sudo")
    return Statement(at(seconds), f"c{seconds}", "syslog", "command asked", by, None, text=text, details=details, host="web3")  # fmt: skip


def verdict_on(*events):
    every = sorted([*events, unit_died(0, "KILL")], key=lambda one: one.time)
    (death,) = [one for one in deaths_in(every) if one.process.unit == b"webapp.service"]
    return verdict_of(death, every, (), [death])


NEAR = {
    "a kill of another name": sudo(0, "/usr/bin/pkill -9 -x apigateway"),
    "a kill of another pid": sudo(-1, "/bin/kill -9 5555"),
    "a manager asked for another unit": sudo(1, "/bin/systemctl restart other"),
    "a command that was recorded": ran(-1.5, OTHERS),
    "another's want of memory": said(0, "oom report", Process(6002, comm=b"greedy")),
    "another unit's stop that took too long": said(-1, "stop timeout", OTHER),
}
FAR = {
    "a command that ends nobody": sudo(0, "/bin/systemctl status other"),
    "who looks at pids": sudo(0, "/usr/bin/pgrep apigateway"),
    "minutes before": sudo(-120, "/usr/bin/pkill -9 -x apigateway"),
    "a later one": sudo(9, "/usr/bin/pkill -9 -x apigateway"),
    "a unit that starts": said(0, "started", OTHER),
}


@pytest.mark.parametrize("name", NEAR)
def test_it_is_shown_and_accuses_nobody(name):
    verdict = verdict_on(NEAR[name])
    assert [one.id for one in verdict.near] == [NEAR[name].id]
    assert (verdict.cause, verdict.who) == ("unknown", None)
    assert NEAR[name].id not in [*verdict.story, *(one.id for one in verdict.evidence)]
    text = " ".join(" ".join(lines_of(verdict, 0)).split())
    assert "near in the same seconds, not known to be related:" in text


@pytest.mark.parametrize("name", FAR)
def test_it_has_nothing_to_do_with_it(name):
    assert verdict_on(FAR[name]).near == ()


def test_who_was_found_needs_none():
    verdict = verdict_on(
        sudo(0, "/usr/bin/pkill -9 -x webapp"), sudo(0.5, "/usr/bin/pkill -9 -x apigateway")
    )
    assert verdict.who is not None
    assert verdict.near == ()


def test_few_are_shown_the_nearest():
    verdict = verdict_on(*(sudo(n / 10, f"/bin/kill -9 {5000 + n}") for n in range(-9, 10)))
    assert [one.id for one in verdict.near] == ["c-0.1", "c0.0", "c0.1"]
    assert len(verdict.near) == MOST


def test_a_persons_words_are_quoted():
    lines = lines_of(verdict_on(NEAR["a kill of another name"]), 0)
    assert "COMMAND=/usr/bin/pkill -9 -x apigateway" in " ".join(" ".join(lines).split())
    assert all(len(line) <= 80 for line in lines)


def test_signals_to_others_are_none():
    """What saw the signals of this moment has seen who got them."""
    assert verdict_on(sent(0, "KILL", SYSTEMCTL, Process(4711, comm=b"worker"))).near == ()
