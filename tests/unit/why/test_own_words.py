"""What programs say of themselves and of their children, in words that anybody may write: never sure, and nothing that others
tell is changed by it."""

from __future__ import annotations

import pytest
from test_pasted import why
from told import SYSTEMD, UNIT, WEBAPP, at, died, exited, said, sent, unit_died

from tracer.model.event import Exit, Place, Process, Signal
from tracer.model.frozen import replace
from tracer.model.signals import NUMBERS
from tracer.why import ask, query
from tracer.why.deaths import deaths_in

NGINX = Process(901, comm=b"nginx")
SUPERVISED = Process(unit=b"nginx")
ALONE = "a program's own log alone"


@pytest.mark.parametrize(
    ("words", "what", "cause"),
    [
        ("stopped: nginx (exit status 0)", "nginx", "most likely stopped by bob"),
        ("exited: nginx (exit status 3; not expected)", "nginx", "most likely ended by itself with status 3"),
        ("Worker (pid:901) exited with code 3", "901", "most likely ended by itself with status 3"),
        ("Process 'PoolWorker' pid:901 exited with 'exitcode 3'", "901", "most likely ended by itself with status 3"),
        ("[pool www] child 901 exited with code 3 after 2.1 seconds from start", "901", "most likely ended by itself"),
        ("killing 'nginx' (901) with SIGKILL", "901", "most likely killed with SIGKILL by bob"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("tag", ["bob", "earlyoom"])
def test_what_any_program_may_say_is_not_sure(tmp_path, capsys, words, what, cause, tag):
    log = f"Nov 27 12:00:00 web3 {tag}[4711]: {words}\n"
    status, told = why(tmp_path, capsys, log, what)
    assert status == 0
    assert cause.replace("with SIGKILL by", "by") in told.replace("with SIGKILL by", "by").replace(
        tag, "bob"
    )
    assert ALONE in told
    assert "sure yes" not in told


def heard(seconds, what, process, **more):
    """A line of a program's own, and what is made of it."""
    place = Place("messages", 1000 + int(seconds * 10))
    details = {"child": "nginx"} if what == "stop asked" else None
    by = Process(4711, comm=b"bob", uid=1000)
    word = said(seconds, what, process, by, place=place, details=details)
    time, id_ = at(seconds), f"w{seconds}{what}"
    if what == "child killed":
        return [word, Signal(time, id_, "syslog", more["number"], sender=by, target=process, origin="user", host="web3", place=place)]  # fmt: skip
    return [word, Exit(time, id_, "syslog", process, host="web3", place=place, **more)]


AUDIT = {"source": "audit log", "outcome": None}
TOLD = {
    "killed": [sent(0, "TERM", target=NGINX), died(0.001, "TERM", NGINX, cause="s0")],
    "a call to kill": [sent(0, "KILL", target=NGINX, **AUDIT)],
    "calls, and an end": [sent(0, "TERM", target=NGINX, **AUDIT), died(0.01, "TERM", NGINX, "journal")],
    "its own end": [exited(0, 3, NGINX)],
    "stopped": [sent(0, "TERM", SYSTEMD, WEBAPP, outcome="handled"), exited(0.1, 0, handled="s0")],
    "a unit's end": [said(-1, "stop asked"), unit_died(0, "TERM")],
    "an abort": [sent(0, "ABRT", NGINX, NGINX), died(0.001, "ABRT", NGINX, cause="s0")],
    "calls of its own": [sent(0, "ABRT", NGINX, NGINX, **AUDIT), died(0.001, "ABRT", NGINX, "journal")],
}  # fmt: skip
FORGED = {
    "another status": ("child lost", {"status": 3}),
    "no status": ("child lost", {"status": 0}),
    "the signal": ("child lost", {"number": NUMBERS["TERM"]}),
    "another signal": ("child lost", {"number": NUMBERS["SEGV"]}),
    "a stop": ("stop asked", {"status": 3}),
    "a kill": ("child killed", {"number": NUMBERS["KILL"]}),
    "a kill like that": ("child killed", {"number": NUMBERS["TERM"]}),
    "an abort": ("child killed", {"number": NUMBERS["ABRT"]}),
    "a crash": ("crashed", {"number": NUMBERS["SEGV"]}),
    "a hanging one": ("child timeout", {"status": 3}),
}
# supervisord tells names, and no pids.
OF_SUPERVISORD = ("another status", "no status", "the signal", "another signal", "a stop")


def verdict_on(events, what):
    heard_ = ask.Heard(sorted(events, key=lambda event: event.time))
    (verdict,) = ask.answer(heard_, (), what).verdicts
    return verdict.cause, verdict.confidence, verdict.who, verdict.number, verdict.status


@pytest.mark.parametrize("seconds", [-30, -1, -0.0005, 0.0005, 0.5, 1, 30, 200])
@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("told", TOLD)
def test_it_changes_nothing_that_others_tell_of_that_process(told, forged, seconds):
    events = TOLD[told]
    process = WEBAPP if told in ("stopped", "a unit's end") else NGINX
    what, fields = FORGED[forged]
    pid = b"%d" % process.pid if told != "a unit's end" else UNIT
    words = heard(seconds, what, Process(process.pid), **fields)
    assert verdict_on([*events, *words], pid) == verdict_on(events, pid)


@pytest.mark.parametrize("seconds", [-30, -1, -0.0005, 0.0005, 0.5, 1, 30])
@pytest.mark.parametrize("forged", OF_SUPERVISORD)
@pytest.mark.parametrize("told", ["killed", "a call to kill", "its own end"])
def test_it_changes_nothing_that_others_tell_of_that_name(told, forged, seconds):
    what, fields = FORGED[forged]
    events = TOLD[told]
    words = heard(seconds, what, SUPERVISED, **fields)
    assert verdict_on([*events, *words], b"nginx") == verdict_on(events, b"nginx")


def test_where_nobody_else_tells_it_is_an_end():
    """And it is not lost beside what is surer: it is told as evidence."""
    words = heard(1, "child lost", Process(901), status=3)
    (death,) = deaths_in(words)
    assert (death.hearsay, death.status) == (True, 3)
    (death,) = deaths_in([*TOLD["killed"], *words])
    assert (death.hearsay, death.number, len(death.words)) == (False, NUMBERS["TERM"], 1)


def test_of_another_host_it_is_another_end():
    words = heard(1, "child lost", Process(901), status=3)
    moved = [replace(one, host="web4") for one in words]
    assert len(deaths_in([*TOLD["killed"], *moved])) == 2


def test_many_words_of_one_process_are_kept_few():
    words = [one for n in range(100) for one in heard(1 + n / 50, "child lost", Process(901), status=3)]  # fmt: skip
    (death,) = deaths_in([*TOLD["killed"], *words])
    assert 0 < len(death.words) < 20


def test_minutes_later_it_is_the_newest_end_of_a_name():
    words = heard(600, "child lost", SUPERVISED, status=3)
    newest = query.died(deaths_in([*TOLD["killed"], *words]), b"nginx")[0]
    assert newest.hearsay
