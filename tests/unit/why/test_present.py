"""What systemd shows of a unit now, as a witness: alone, and beside what logs tell."""

from __future__ import annotations

import pytest
from told import NOON, UNIT, S, at, died, ran, said, saw

from tracer.host.manager import State
from tracer.model.coverage import Coverage, Span
from tracer.model.event import Exit, Process
from tracer.model.frozen import replace
from tracer.model.signals import NUMBERS
from tracer.model.verdict import Negative
from tracer.model.witness import ACCOUNTING, STATE
from tracer.sources.manager import told
from tracer.why import ask, words
from tracer.why.counts import with_counts

RUN, LATER = b"0" * 32, b"1" * 32
# Killed at noon, after an hour: its end was why the unit left its active state.
KILLED = State(
    unit=UNIT, kind="simple", active="failed", sub="failed", result="signal", invocation=RUN,
    pid=2231, code="killed", status=9, started=at(-3600), exited=NOON, inactive_since=NOON,
    left_active=NOON, active_since=at(-3600), left_inactive_us=100, active_us=101,
    exited_us=900, left_active_us=901, notify_access="none", restart="no", stop_timeout="1min 30s",
    runtime_max="infinity",
)  # fmt: skip
STOPPING = {"left_active_us": 500, "left_active": at(-90), "result": "timeout"}


def verdict(*events, seen=(), **changes):
    """The only one, of the state with these changes and other events."""
    heard = ask.Heard(sorted(events, key=lambda one: one.time))
    heard.hear_between(told([replace(KILLED, **changes)], "web3"))
    answer = ask.answer(heard, seen, b"webapp")
    assert answer.others == (), "one death"
    return answer.verdicts[0] if answer.verdicts else None


def test_alone_it_tells_pid_signal_and_time_and_accuses_nobody():
    one = verdict()
    assert (one.process.pid, one.number, one.time, one.core) == (2231, 9, NOON, False)
    assert (one.cause, one.confidence, one.who) == ("unknown", "open", None)
    assert one.then == ("Restart=no, so it is down",)
    assert {what.source for what in one.evidence} == {STATE}
    lines = words.lines_of(one, NOON + 60 * S)
    assert lines[0].startswith("webapp.service[2231] on web3 died of SIGKILL")
    assert "12:00:00 UTC" in lines[1]


# What each result that systemd has comes to: cause, and confidence, of a process that SIGKILL ended; then of one that
# had left by itself.
RESULTS = [
    ("success", ("unknown", "open"), ("exit", "likely")),
    ("signal", ("unknown", "open"), ("exit", "likely")),
    ("core-dump", ("unknown", "open"), ("exit", "likely")),
    ("exit-code", ("unknown", "open"), ("exit", "likely")),
    ("timeout", ("unknown", "open"), None),
    ("watchdog", ("watchdog", "yes"), ("watchdog", "likely")),
    ("oom-kill", ("unknown", "open"), None),
    ("resources", ("unknown", "open"), ("exit", "likely")),
    ("protocol", ("unknown", "open"), ("exit", "likely")),
    ("start-limit-hit", ("unknown", "open"), ("exit", "likely")),
    ("exec-condition", ("unknown", "open"), ("exit", "likely")),
    ("of-a-later-version", ("unknown", "open"), ("exit", "likely")),
    (None, ("unknown", "open"), ("exit", "likely")),
]


@pytest.mark.parametrize(("result", "killed", "exited"), RESULTS)
def test_each_result(result, killed, exited):
    one = verdict(result=result)
    assert (one.cause, one.confidence) == killed
    if result == "oom-kill":
        # Its manager's word, of the kernel's killer or its own.
        assert set(one.fits) == {"oom", "user oom killer"}
    one = verdict(result=result, code="exited", status=1)
    # A status after its manager did something about it: it was told to end.
    assert one == exited is None or (one.cause, one.confidence, one.status) == (*exited, 1)


@pytest.mark.parametrize(
    ("name", "cause"), [("SEGV", "crash"), ("ABRT", "abort"), ("PIPE", "pipe")]
)
def test_signals_that_tell_by_themselves(name, cause):
    one = verdict(code="dumped", status=NUMBERS[name], result="core-dump")
    assert (one.cause, one.confidence, one.core) == (cause, "likely", True)


def test_a_stop_that_ran_out_of_time():
    one = verdict(**STOPPING)
    assert (one.cause, one.confidence, one.number) == ("stop timeout", "yes", 9)
    assert "TimeoutStopSec=1min 30s" in one.why
    assert one.unknown == ("who asked its manager",)


@pytest.mark.parametrize(
    "changes",
    [
        {"runtime_max": "1h"},  # then that may have run out
        {"runtime_max": None},
        {"active_us": 50},  # of an earlier run: then the start may have
        {"left_active_us": 901},  # it was not stopping
        {"left_inactive_us": 950},  # the result is a later run's
        {"active_us": None},
    ],
)
def test_a_time_that_ran_out_may_be_another(changes):
    one = verdict(**{**STOPPING, **changes})
    assert (one.cause, one.confidence) == ("unknown", "open")


def test_who_asked_for_the_stop_is_found():
    one = verdict(ran(-90.2), **STOPPING)
    assert one.who.asked.comm == b"systemctl"


TERM = {"status": 15, "result": "success", "left_active_us": 500, "left_active": NOON}


def test_a_stop_that_was_obeyed():
    one = verdict(**TERM)
    assert (one.cause, one.confidence) == ("stop", "likely")
    one = verdict(**{**TERM, "code": "exited", "status": 0})
    assert (one.cause, one.number, one.status) == ("stop", None, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"notify_access": "main"},  # STOPPING=1: nobody may have asked
        {"notify_access": None},
        {"kind": "dbus"},  # it gave its name back
        {"kind": None},
        {"result": "watchdog", "status": 11},
        {"result": "oom-kill"},
        {"left_active_us": 901},
        {"left_inactive_us": 950},
    ],
)
def test_no_stop_is_claimed_that_may_not_have_been_asked(changes):
    one = verdict(**{**TERM, **changes})
    assert one.cause not in ("stop", "stop timeout")


def test_of_a_status_that_may_be_the_answer_to_a_request_nothing_is_told():
    """With STOPPING=1 the unit left its active state: asked, or because of somebody's SIGTERM."""
    assert verdict(**{**TERM, "notify_access": "main", "code": "exited", "status": 0}) is None


def line(seconds, run=RUN, number=9):
    """The journal's line on the end: it has no pid."""
    process = Process(unit=UNIT, invocation=run)
    return Exit(at(seconds), f"j{seconds}", "journal", process, number, host="web3")


@pytest.mark.parametrize("what", ["runtime limit", "watchdog", "start timeout"])
def test_who_exits_after_its_managers_signal_did_not_end_by_itself(what):
    """The same of a log's words on this run."""
    heard = ask.Heard(
        [
            said(-0.1, what, Process(unit=UNIT, invocation=RUN)),
            replace(line(0, number=None), status=0),
        ]
    )
    (one,) = ask.answer(heard, (), b"webapp").verdicts
    assert (one.cause, one.confidence, one.status) == (what, "likely", 0)


def test_what_the_journal_tells_is_the_same_death():
    one = verdict(line(0.4))
    assert (one.time, one.process.pid, one.number) == (at(0.4), 2231, 9)
    assert {what.source for what in one.evidence} == {"journal", STATE}


def test_what_was_recorded_is_the_same_death():
    one = verdict(died(0.3, "KILL"))
    assert (one.process.pid, one.process.comm, one.time) == (2231, b"webapp", at(0.3))


def test_what_accounting_has_of_that_pid_is_the_same_death():
    account = died(0, "KILL", process=Process(2231, comm=b"webapp"), source=ACCOUNTING)
    one = verdict(account)
    assert (one.process.pid, one.process.comm, one.process.unit) == (2231, b"webapp", UNIT)
    assert {what.source for what in one.evidence} == {ACCOUNTING, STATE}


def test_another_runs_end_is_another_death():
    heard = ask.Heard([line(-0.5, LATER)])
    heard.hear_between(told([KILLED], "web3"))
    answer = ask.answer(heard, (), b"webapp")
    assert len(answer.verdicts) + len(answer.others) == 2
    (older,) = answer.others
    assert (older.process.invocation, older.process.pid) == (LATER, None)


def test_another_hosts_end_is_another_death():
    heard = ask.Heard([replace(line(0.4), host="web7")])
    heard.hear_between(told([KILLED], "web3"))
    answer = ask.answer(heard, (), b"webapp")
    assert len(answer.others) == 1


def test_a_journals_line_is_sure_with_the_state_beside_it():
    one = verdict(said(-0.1, "stop timeout"), line(0))
    assert (one.cause, one.confidence) == ("stop timeout", "yes")


@pytest.mark.parametrize(
    ("changes", "then"),
    [
        ({"restart": "no"}, ("Restart=no, so it is down",)),
        ({"restart": "on-success"}, ("Restart=on-success, and it is down",)),
        ({"restart": None}, ("it is down",)),
        ({"result": "start-limit-hit", "restart": "always"}, ("systemd has given up starting it again (start-limit-hit): it is down",)),
        ({"active": "activating", "sub": "auto-restart"}, ()),
        ({"inactive_since": at(3600)}, ()),
        ({"inactive_since": None}, ()),
    ],
)  # fmt: skip
def test_what_became_of_the_unit(changes, then):
    assert verdict(**changes).then == then


def test_a_unit_that_runs_again():
    again = {
        "active": "active", "sub": "running", "result": "success", "invocation": LATER, "pid": 2300, "code": None,
        "status": 0, "exited": None, "active_since": at(3), "exited_us": 0, "active_us": 990, "left_inactive_us": 989,
    }  # fmt: skip
    assert verdict(line(0.4), **again).then == (
        "systemd started it again: it runs since 12:00:03, as pid 2300",
    )
    assert verdict(**again) is None, "its last end is not shown any more"
    assert verdict(line(0.4), **{**again, "active_since": at(-5)}).then == ()


def test_a_process_of_the_unit_that_its_manager_does_not_mean():
    """A worker's death says nothing of the main process, which lives on."""
    worker = replace(line(0), process=Process(2240, unit=UNIT, invocation=RUN, ppid=2231))
    one = verdict(worker, active="active", code=None, exited=None, active_since=at(-3600))
    assert (one.process.pid, one.then) == (2240, ())


NEVER = Coverage("/proc/vmstat (oom_kill 0)", ("oom count",), (Span(at(-3600), at(60)),))


def whys(one):
    return {negative.cause: negative for negative in one.ruled_out}


def test_a_counter_that_is_zero_rules_out_an_oom_kill():
    ruled_out = whys(verdict(seen=(NEVER,)))["oom"]
    assert ruled_out.because == "/proc/vmstat (oom_kill 0) would show it"
    assert ruled_out.coverage.startswith("1970-") is False
    assert ruled_out.coverage == "2026-11-27T11:00:00.000000000Z to 2026-11-27T12:01:00.000000000Z"


@pytest.mark.parametrize(
    "seen",
    [
        replace(NEVER, spans=(Span(at(30), at(60)),)),  # it died before this boot
        replace(NEVER, spans=(Span(at(-3), at(60)),)),  # so near to it that a clock may deceive
        replace(NEVER, spans=(Span(at(-3600), at(-10)),)),  # a clock that was set back
        replace(NEVER, host="web7"),
    ],
)
def test_a_counter_of_another_time_or_host_rules_out_nothing(seen):
    one = verdict(seen=(seen,))
    assert "oom" not in whys(one)
    assert "oom" in {negative.cause for negative in one.cannot_rule_out}


def test_the_counter_says_nothing_of_a_crash():
    """The kernel's log would show that; a count of OOM kills does not."""
    crash = {"code": "killed", "status": NUMBERS["SEGV"]}
    assert whys(verdict(seen=(NEVER,), **crash)) == {}


def test_of_a_result_that_two_killers_have_the_counter_leaves_one():
    """The kernel counts each kill of its own, in whatever cgroup: what is left is systemd-oomd."""
    one = verdict(seen=(NEVER,), result="oom-kill")
    assert (one.cause, one.confidence, one.fits) == ("user oom killer", "likely", ())
    assert one.doubts == ("no oom (/proc/vmstat (oom_kill 0) would show it)",)
    assert "oom" in whys(one)


def test_the_counter_does_not_deny_what_was_told():
    notice = said(-0.1, "oom notice", details={"killer": "kernel"})
    one = verdict(notice, seen=(NEVER,))
    assert (one.cause, one.confidence) == ("oom", "likely")
    assert "oom" not in whys(one)


def test_a_container_may_have_a_kernel_of_its_own():
    """Its runtime tells an exit code; of whom the kernel within has killed, this host's counts nothing."""
    about = Process(container=b"c" * 64)
    ended = said(0, "container ended", about, details={"status": 137}, by=Process(comm=b"dockerd"))
    (one,) = ask.answer(ask.Heard([ended]), (NEVER,), b"c" * 12).verdicts
    assert "oom" not in whys(one)
    assert "oom" in {negative.cause for negative in one.cannot_rule_out}


def test_a_kernel_log_that_has_a_gap_is_made_good_by_the_counter():
    one = verdict(seen=(NEVER, *saw("statements")))
    assert (one.cause, one.confidence) == ("killed", "likely")
    assert one.who is None


def test_its_result_leaves_no_room_for_a_timeout():
    one = verdict()
    assert whys(one) == {"stop timeout": Negative("stop timeout", "its manager says that its unit failed with result signal")}  # fmt: skip
    assert "stop timeout" not in whys(verdict(result="oom-kill"))
    assert "stop timeout" not in whys(verdict(left_inactive_us=950)), "of another run"
    assert "stop timeout" not in whys(verdict(result="success"))


def test_a_result_whose_run_is_not_told_may_be_of_another():
    """Syslog does not tell runs: a unit that is started again at once fails twice in a few seconds."""
    failed = said(0.5, "unit failed", details={"result": "signal"})
    heard = ask.Heard([line(0.4, run=None), failed])
    (one,) = ask.answer(heard, (), b"webapp").verdicts
    assert whys(one) == {}
    heard = ask.Heard([line(0.4), replace(failed, about=Process(unit=UNIT, invocation=RUN))])
    (one,) = ask.answer(heard, (), b"webapp").verdicts
    assert set(whys(one)) == {"stop timeout"}


def counted(one, count):
    asked = []
    told_ = with_counts(replace(one, host=None), lambda cgroup: asked.append(cgroup) or count)
    (oom,) = [negative for negative in told_.cannot_rule_out if negative.cause == "oom"]
    return oom.because, asked


def test_what_its_cgroup_counts_is_a_hint():
    because, asked = counted(verdict(), 2)
    assert because.endswith(
        "; the cgroup /system.slice/webapp.service counts 2 OOM kills, without times"
    )
    assert asked == [b"/system.slice/webapp.service"]
    because, _ = counted(verdict(cgroup=b"/other.slice/webapp.service"), 1)
    assert because.endswith(
        "the cgroup /other.slice/webapp.service counts 1 OOM kill, without times"
    )


@pytest.mark.parametrize("count", [0, None])
def test_a_cgroup_that_counts_none_says_nothing(count):
    """It may be younger than the death."""
    one = replace(verdict(), host=None)
    assert with_counts(one, lambda _: count) == one


@pytest.mark.parametrize(
    "cgroup", [b"/system.slice", b"/system.slice/", b"/user.slice/user-0.slice"]
)
def test_a_slice_counts_its_neighbours(cgroup):
    assert counted(verdict(cgroup=cgroup), 2)[1] == []


def test_a_cgroup_of_another_host_is_not_looked_at():
    one = verdict()
    assert with_counts(one, lambda _: 2) == one


def test_what_is_told_late_is_put_in_its_place():
    heard = ask.Heard([said(0, "boot"), said(0.5, "boot"), said(2, "boot")])
    heard.hear_between([said(0, "unit state"), said(1, "unit state"), said(9, "unit state")])
    assert [(one.time - NOON) / S for one in heard.events] == [0, 0, 0.5, 1, 2, 9]
    assert heard.events[0].what == "unit state"
