"""Who exits with a status, and what its manager said before that: an answer, or of another run."""

from __future__ import annotations

import json

import pytest
from test_rules import verdicts
from told import UNIT, at, died, exited, said

from tracer import cli
from tracer.model.event import Process
from tracer.model.signals import NUMBERS

RUN, BEFORE = b"1" * 32, b"0" * 32
FIRST = "start operation timed out. Terminating."
BETWEEN = "Failed with result 'timeout'."
REQUEST = "Sent signal SIG{} to main process 123 (foo) on client request."
IGNORED = "Watchdog disabled! Ignoring watchdog timeout (limit 10s)!"
EXIT = "Main process exited, code={}, status={}"


@pytest.fixture
def told(tmp_path, capsys):
    """The verdict of ``why`` on the last end that a syslog has, whose lines are (second, words)."""
    path = tmp_path / "messages"

    def asked(*lines):
        stamps = [f"Nov 27 12:{second // 60:02}:{second % 60:02}" for second, _ in lines]
        path.write_text("".join(f"{stamp} web3 systemd[1]: foo.service: {words}\n" for stamp, (_, words) in zip(stamps, lines)))  # fmt: skip
        cli.main(["why", "--json", "--year", "2026", "foo", str(path)])
        return json.loads(capsys.readouterr().out.splitlines()[0])

    return asked


@pytest.mark.parametrize(
    ("before", "cause", "sure"),
    [
        ([(8, REQUEST.format("USR1"))], "exit", "yes"),
        ([(8, REQUEST.format("TERM"))], "killed", "likely"),
        # A later request to end does not hide behind one that asks for nothing.
        ([(7, REQUEST.format("INT")), (8, REQUEST.format("USR1"))], "killed", "likely"),
        ([(1, REQUEST.format("TERM"))], "exit", "yes"),
        ([(8, IGNORED)], "exit", "yes"),
        ([(0, FIRST), (1, BETWEEN)], "exit", "yes"),
        ([(0, FIRST)], "exit", "likely"),
        ([(0, "Service reached runtime time limit. Stopping.")], "exit", "likely"),
    ],
)
def test_of_a_syslog(told, before, cause, sure):
    verdict = told(*before, (10, EXIT.format("exited", "1/FAILURE")))
    assert (verdict["cause"], verdict["confidence"]) == (cause, sure)


def test_a_request_after_the_end_was_to_another(told):
    verdict = told((10, EXIT.format("exited", "1/FAILURE")), (12, REQUEST.format("TERM")))
    assert (verdict["cause"], verdict["confidence"]) == ("exit", "yes")


@pytest.mark.parametrize(("began", "cause"), [(5, "exit"), (None, "stop"), (10, "stop")])
def test_whoever_was_stopped_and_began_again_was_not_asked_to_end(began, cause):
    """What begins in the very second of an end, where seconds alone are told, may have come after it."""
    events = [said(4, "stop asked"), exited(10, 1, Process(unit=UNIT), "syslog")]
    began_again = [said(began, what) for what in ("stopped", "started") if began is not None]
    one = verdicts(sorted([*events, *began_again], key=lambda one: one.time))[-1]
    assert (one.time, one.cause) == (at(10), cause)


@pytest.mark.parametrize(("asked", "cause"), [("USR1", "killed"), ("TERM", "unknown")])
def test_of_a_signal_it_is_the_one_that_was_asked_for(told, asked, cause):
    verdict = told((8, REQUEST.format(asked)), (10, EXIT.format("killed", "10/USR1")))
    assert verdict["cause"] == cause


def test_an_ignored_watchdog_kills_nobody_by_a_signal_either():
    disabled = said(-1, "watchdog", details={"ignored": True})
    (one,) = verdicts([disabled, died(0, "ABRT", source="journal")])
    assert one.cause == "abort"


@pytest.mark.parametrize("what", ["start timeout", "runtime limit", "watchdog", "stop timeout"])
@pytest.mark.parametrize(("run", "is_its_own"), [(RUN, True), (BEFORE, False), (None, False)])
def test_what_was_said_long_before_must_be_of_this_very_run(what, run, is_its_own):
    process = Process(unit=UNIT, invocation=RUN)
    statement = said(-20, what, Process(unit=UNIT, invocation=run))
    (one,) = verdicts([statement, exited(0, 1, process, "journal")])
    assert one.cause == (what if is_its_own else "exit")


def test_what_cannot_be_handled_has_no_answer():
    process = Process(77, comm=b"db", unit=UNIT)
    guard = said(-1, "oom kill", process, by=Process(5, comm=b"earlyoom"), number=NUMBERS["KILL"])
    (one,) = verdicts([guard, exited(0, 1, process)])
    assert (one.cause, one.confidence) == ("exit", "yes")
